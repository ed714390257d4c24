import { setTimeout as sleep } from "node:timers/promises";
import { PER_DAY, PRICE } from "./allowance.ts";
import type { Guard } from "./Guard.ts";
import { GUARDRAILS_PACKAGE, type SpendEntry, type SpendStore, X402_PACKAGES } from "./peers.ts";
import { walletAgent } from "./walletAgent.ts";

/** Milliseconds that a database near the agents takes for a read or a write. */
const DATABASE_DELAY = 5;

/**
 * Coinbase's spend controls: a limit for each payment and for any 24 hours, the network and the recipient.
 *
 * As its `CdpX402Client` does, x402's own spend controls are switched off: the guardrails replace them.
 *
 * @param options.ledger Whether all processes share a ledger that outlives them. Default: each has its own, in memory.
 * @param options.usdcOnly Whether other tokens are refused. Default: not, as in Coinbase's own example.
 */
export function guardrails({ ledger = false, usdcOnly = false } = {}): Guard {
  return {
    name: "Coinbase guardrails",
    setup: [
      'maxAmountPerPayment, maxCumulativeSpend in "24h", allowedNetworks, allowedPayees',
      ...(usdcOnly ? ["allowedAssets"] : []),
      ledger ? "store: a ledger that all processes share" : "ledger in memory, the default",
    ].join("; "),
    missing: ({ peers }) => [
      ...(peers.x402 ? [] : X402_PACKAGES),
      ...(peers.applySpendControls ? [] : [GUARDRAILS_PACKAGE]),
    ],
    async open(world) {
      const { x402, applySpendControls } = world.peers;
      if (!x402 || !applySpendControls) throw new Error("Coinbase's guardrails are not installed");
      const asset = world.chain.usdc.address;
      const database: SpendEntry[] = [];
      return walletAgent(world, x402, (client) => {
        client.setSpendControls(false);
        applySpendControls(client, {
          maxAmountPerPayment: { atomic: PRICE, asset },
          maxCumulativeSpend: { atomic: PER_DAY, asset },
          maxCumulativeSpendWindow: "24h",
          allowedNetworks: [`eip155:${world.chain.chainId}`],
          allowedPayees: [world.shop],
          ...(usdcOnly ? { allowedAssets: [asset] } : {}),
          ...(ledger ? { store: connectTo(database) } : {}),
        });
      });
    },
  };
}

/** A process's connection to the ledger: each call is one statement, as the interface has no other. */
function connectTo(database: SpendEntry[]): SpendStore {
  return {
    async load() {
      await sleep(DATABASE_DELAY);
      return [...database];
    },
    async append(entry) {
      await sleep(DATABASE_DELAY);
      database.push(entry);
    },
    async removeEntry(entry) {
      await sleep(DATABASE_DELAY);
      const at = database.findIndex((one) => JSON.stringify(rowOf(one)) === JSON.stringify(rowOf(entry)));
      if (at >= 0) database.splice(at, 1);
    },
  };
}

const rowOf = (entry: SpendEntry) => ({ ...entry, atomicAmount: `${entry.atomicAmount}` });
