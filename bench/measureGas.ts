import { createRequire } from "node:module";
import { deployMock } from "@latchkey/accounts/deployMock";
import { type Hash, type Hex, parseEventLogs, size, type TransactionReceipt } from "viem";
import { entryPoint07Abi } from "viem/account-abstraction";
import { hashSession } from "#sdk/session/hashSession.ts";
import { encodeSession } from "#sdk/session/packSession.ts";
import { type BenchChain, ONE_USDC, openBenchChain } from "./BenchChain.ts";
import { type BenchErc7579Account, createBenchErc7579Accounts } from "./BenchErc7579Account.ts";
import { type BenchSafe, createBenchSafe } from "./BenchSafe.ts";
import { ACTUAL_GAS_USED, READER, type Row, rows, sizeNames } from "./rows.ts";
import { benchSession } from "./sessions.ts";

/** solady's types are not a module. */
const { LibZip }: { LibZip: { flzCompress(data: Hex): Hex } } = createRequire(import.meta.url)(
  "solady/js/solady.js",
);

/**
 * `gasUsed` of whole transactions, by row; for a userOp also what the EntryPoint charged for it (`actualGasUsed` of its
 * UserOperationEvent), by the row's name and {@link ACTUAL_GAS_USED} behind it. Of each transaction's calldata the size, in
 * bytes and by FastLZ, which rollups charge for, by {@link sizeNames}. And {@link READER}.
 */
export type GasFigures = Record<string, number>;

/** A measured transaction, while the chain still stands where it left it. */
export type Measured = {
  row: Row;
  gas: number;
  hash: Hash;
  chain: BenchChain;
  safe?: BenchSafe;
  erc7579?: BenchErc7579Account;
};

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
    const accounts = chosen.some(({ erc7579 }) => erc7579)
      ? await createBenchErc7579Accounts(chain)
      : undefined;
    const figures: GasFigures = {};
    for (const row of chosen) {
      const snapshot = await chain.testChain.client.snapshot();
      const safe = row.safe && safes.get(`${row.safe.version} ${row.safe.ownerKind}`);
      const erc7579 = row.erc7579 && accounts?.[row.erc7579];
      const transaction = await (row.erc7579
        ? row.transaction(chain, erc7579 as BenchErc7579Account)
        : row.transaction(chain, safe as BenchSafe));
      const payee = row.paid && chain[row.paid];
      const before = payee ? await chain.usdc.balanceOf(payee) : 0n;
      const receipt = await chain.testChain.send(transaction);
      if (payee && (await chain.usdc.balanceOf(payee)) - before !== ONE_USDC) {
        throw new Error(`${row.name} did not pay 1 USDC`);
      }
      if (row.leaves && (await stateOfSession(chain, row, safe ?? erc7579)) !== row.leaves) {
        throw new Error(`${row.name} did not leave the session ${row.leaves}`);
      }
      figures[row.name] = Number(receipt.gasUsed);
      if (row.erc7579 && row.isUserOp) figures[row.name + ACTUAL_GAS_USED] = actualGasUsed(receipt);
      const data = transaction.data ?? "0x";
      const [bytes, compressed] = sizeNames(row);
      if (bytes) figures[bytes] = size(data);
      if (compressed) figures[compressed] = size(LibZip.flzCompress(data));
      await onMeasured?.({
        row,
        gas: Number(receipt.gasUsed),
        hash: receipt.transactionHash,
        chain,
        ...(safe ? { safe } : {}),
        ...(erc7579 ? { erc7579 } : {}),
      });
      await chain.testChain.client.revert({ id: snapshot });
    }
    if (!names || names.includes(READER)) figures[READER] = await gasOfReading(chain);
    return figures;
  } finally {
    await chain.close();
  }
}

/** What the modules' reader takes to fill in a session of one budget with one recipient. */
async function gasOfReading(chain: BenchChain): Promise<number> {
  const reader = await deployMock(chain.testChain, "DirtyMemoryReader");
  const session = benchSession(chain, chain.holder.address);
  const answer = await chain.testChain.client.call({
    to: reader.address,
    data: reader.encode("gasOfReading", [encodeSession(session)]),
  });
  return Number(answer.data);
}

const STATES = ["UNKNOWN", "ENABLED", "REVOKED"] as const;

/** The state of the session that a row is about. */
async function stateOfSession(
  chain: BenchChain,
  { session = benchSession, erc7579 }: Row,
  account: Pick<BenchSafe, "address"> | undefined,
) {
  if (!account) throw new Error("a row about a session wants an account");
  const { address } = account;
  const state = await chain.testChain.client.readContract({
    address: erc7579 ? chain.erc7579Module : chain.module,
    abi: chain.moduleAbi,
    functionName: "stateOf",
    args: [hashSession(session(chain, address)), address],
  });
  const [number] = state as [number, boolean];
  return STATES[number];
}

/** What the EntryPoint charged for the one userOp of a transaction, in gas. */
function actualGasUsed({ logs }: TransactionReceipt): number {
  const [event] = parseEventLogs({ abi: entryPoint07Abi, eventName: "UserOperationEvent", logs });
  if (!event?.args.success) throw new Error("the userOp was not handled, or its call failed");
  return Number(event.args.actualGasUsed);
}
