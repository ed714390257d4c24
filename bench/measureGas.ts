import type { Hash } from "viem";
import { hashSession } from "../packages/sdk/src/hashSession.ts";
import { type BenchChain, ONE_USDC, openBenchChain } from "./BenchChain.ts";
import { type BenchSafe, createBenchSafe } from "./BenchSafe.ts";
import { type Row, rows } from "./rows.ts";
import { benchSession } from "./sessions.ts";

/** `gasUsed` of whole transactions, by row. */
export type GasFigures = Record<string, number>;

/** A measured transaction, while the chain still stands where it left it. */
export type Measured = { row: Row; gas: number; hash: Hash; chain: BenchChain; safe?: BenchSafe };

/**
 * Runs rows on a chain of their own, each from the same state.
 * @param parameters.names Only these rows; by default all.
 * @param parameters.onMeasured Is shown each transaction before the chain goes back.
 * @throws If a transaction reverts, or does not move exactly the 1 USDC, or leave the session as its row says: such
 * a figure would be the price of something else.
 */
export async function measureGas({
  names,
  onMeasured,
}: {
  names?: readonly string[];
  onMeasured?: (measured: Measured) => Promise<void>;
} = {}): Promise<GasFigures> {
  const chosen = names ? rows.filter(({ name }) => names.includes(name)) : rows;
  const chain = await openBenchChain();
  try {
    const safes = new Map<string, BenchSafe>();
    for (const { safe } of chosen) {
      if (!safe || safes.has(`${safe.version} ${safe.ownerKind}`)) continue;
      safes.set(
        `${safe.version} ${safe.ownerKind}`,
        await createBenchSafe(chain, safe.version, safe.ownerKind),
      );
    }
    const figures: GasFigures = {};
    for (const row of chosen) {
      const snapshot = await chain.testChain.client.snapshot();
      const safe = row.safe && safes.get(`${row.safe.version} ${row.safe.ownerKind}`);
      const transaction = await row.transaction(chain, safe as BenchSafe);
      const payee = row.paid && chain[row.paid];
      const before = payee ? await chain.usdc.balanceOf(payee) : 0n;
      const receipt = await chain.testChain.send(transaction);
      if (payee && (await chain.usdc.balanceOf(payee)) - before !== ONE_USDC) {
        throw new Error(`${row.name} did not pay 1 USDC`);
      }
      if (row.leaves && safe && (await stateOfSession(chain, safe)) !== row.leaves) {
        throw new Error(`${row.name} did not leave the session ${row.leaves}`);
      }
      figures[row.name] = Number(receipt.gasUsed);
      await onMeasured?.({
        row,
        gas: Number(receipt.gasUsed),
        hash: receipt.transactionHash,
        chain,
        ...(safe ? { safe } : {}),
      });
      await chain.testChain.client.revert({ id: snapshot });
    }
    return figures;
  } finally {
    await chain.close();
  }
}

const STATES = ["UNKNOWN", "ENABLED", "REVOKED"] as const;

/** The state of the session that execution rows use. */
async function stateOfSession(chain: BenchChain, { address }: BenchSafe) {
  const state = await chain.testChain.client.readContract({
    address: chain.module,
    abi: chain.moduleAbi,
    functionName: "stateOf",
    args: [hashSession(benchSession(chain, address)), address],
  });
  return STATES[state as number];
}
