import type { Usdc } from "@latchkey/devchain";
import { type Grant, hashSession, payingFetch, proposeSession, signGrant } from "@latchkey/sdk";
import { encodeExecute, encodePay, encodePayload, slotNonce, wrapForSafe } from "@latchkey/sdk/encoding";
import { filePaymentStore } from "@latchkey/sdk/node";
import { type Address, encodeFunctionData, erc20Abi, formatUnits } from "viem";
import { FUNDS, PER_DAY, PRICE, TRIES } from "./allowance.ts";
import { type CrashWorld, type HeldKey, newKey } from "./CrashWorld.ts";
import type { Guard } from "./Guard.ts";
import { submit } from "./submit.ts";
import { settleAuthorization, signAuthorization } from "./transferAuthorization.ts";

const DAY = 86_400;

/**
 * A Latchkey session of a Safe: the same limits, which the chain enforces.
 *
 * @param options.sharedStore Whether all processes share a payment store on disk. Default: each has its own, in memory.
 */
export function latchkeySession({ sharedStore = false } = {}): Guard {
  return {
    name: "Latchkey session",
    setup: `perTransaction, perDay, recipients; ${sharedStore ? "a payment store that all processes share" : "payment store in memory, the default"}`,
    missing: () => [],
    async open(world, { untilEdge = DAY } = {}) {
      const key = newKey();
      const { address: account, owner } = await world.chain.createSafe();
      await world.fund(account);
      const { timestamp } = await world.client.getBlock();
      const proposal = await proposeSession(world.client, {
        account,
        key: key.address,
        budgets: {
          usdc: {
            perTransaction: formatUnits(PRICE, 6),
            perDay: formatUnits(PER_DAY, 6),
            recipients: [world.shop],
          },
        },
        from: new Date((Number(timestamp) + untilEdge - DAY) * 1000),
        until: "7d",
      });
      const grant = await signGrant(owner, proposal);
      const path = world.file(`${account}.jsonl`);
      return {
        account,
        start({ fetch = globalThis.fetch } = {}) {
          const store = sharedStore ? { store: filePaymentStore(path) } : {};
          return payingFetch({ client: world.client, key, grant, fetch, ...store });
        },
        rob: (thief) => robSession(world, { key, grant, thief }),
      };
    },
  };
}

/** Everything to the thief, by each way that a key has; then what is left to the shop, by the same ways. */
async function robSession(
  world: CrashWorld,
  { key, grant, thief }: { key: HeldKey; grant: Grant; thief: HeldKey },
): Promise<void> {
  const { usdc } = world.chain;
  const pay = (token: Usdc, to: Address) => encodePay({ grant, token: token.address, to, amount: PRICE });
  const execute = (token: Usdc, functionName: "transfer" | "approve", to: Address, amount: bigint) => {
    const data = encodeFunctionData({ abi: erc20Abi, functionName, args: [to, amount] });
    return encodeExecute({ grant, calls: [{ to: token.address, data }] });
  };
  const authorize = (to: Address) => forgedAuthorization(world, { key, grant, to });

  for (const token of [usdc, world.other]) {
    await submit(world, key, pay(token, thief.address));
    await submit(world, key, execute(token, "transfer", thief.address, PRICE));
    await submit(world, key, execute(token, "approve", thief.address, FUNDS));
  }
  await submit(world, thief, await authorize(thief.address));

  // The same ways pay the shop: it is the recipient that was refused above.
  const work = [
    await submit(world, thief, await authorize(world.shop)),
    await submit(world, key, execute(usdc, "transfer", world.shop, PRICE)),
    await submit(world, key, pay(usdc, world.shop)),
  ];
  if (work.includes(false)) throw new Error("The thief of the crash test does not know how to pay.");
  for (const token of [usdc, world.other])
    for (let attempt = 0; attempt < TRIES; attempt++) await submit(world, key, pay(token, world.shop));
}

/** A payment by signature, made as if the owner had allowed its recipient. */
async function forgedAuthorization(
  world: CrashWorld,
  { key, grant, to }: { key: HeldKey; grant: Grant; to: Address },
) {
  const { usdc } = world.chain;
  const { session } = grant;
  const { timestamp } = await world.client.getBlock();
  const period = (timestamp - BigInt(session.validAfter)) / BigInt(DAY);
  // Whole: the agent has used the lot before it, and executions use those from the last one down.
  const slot = { lot: 1n, size: 0, index: 0n };
  const authorization = {
    from: session.account,
    to,
    value: PRICE,
    validAfter: 0n,
    validBefore: BigInt(session.validUntil),
    nonce: slotNonce({ id: hashSession(session), budgetIndex: 0, period, ...slot }),
  };
  const payload = encodePayload({
    session: { ...session, budgets: session.budgets.map((budget) => ({ ...budget, recipients: [to] })) },
    budgetIndex: 0,
    slot,
    to,
    value: PRICE,
    validAfter: 0n,
    validBefore: authorization.validBefore,
    tokenDomain: usdc.domain,
    keySignature: await signAuthorization(key, usdc, authorization),
    grant: grant.signature,
  });
  const signature = wrapForSafe(payload, {
    handler: "extensible",
    domainSeparator: usdc.domainSeparator,
    authorization,
  });
  return settleAuthorization(usdc, authorization, signature);
}
