import { type Address, type Chain, type Client, type Hex, numberToHex, pad, type Transport } from "viem";
import { sessionModuleAbi } from "../../generated/abis/sessionModuleAbi.ts";
import { readContract } from "../../internal/chainActions.ts";
import { readLogs } from "../../internal/readLogs.ts";
import type { FateSearch, SettledFate, SignedAuthorization } from "./authorizationFate.ts";
import { eachTransaction } from "./eachTransaction.ts";

/** The topic of Spent(address indexed account, bytes32 indexed id, address indexed token, uint256 period, uint256 amount). */
const spent: Hex = "0xcb7c322537067e03b7c2dd612c2fe49c35cf2254f3263ffc9aec734cb03de75e";

/** Most blocks of one search for logs. */
const MOST_BLOCKS = 10_000n;

/**
 * Whether the nonce of an execution is used.
 *
 * @throws {Refusal} NETWORK
 */
export const isRedeemed = (
  client: Client<Transport, Chain | undefined>,
  { module, session, from, nonce }: SignedAuthorization,
  blockNumber: bigint,
): Promise<boolean> =>
  readContract(client, {
    address: module as Address,
    abi: sessionModuleAbi,
    functionName: "nonceUsed",
    args: [session as Hex, from, BigInt(nonce)],
    blockNumber,
  });

/**
 * How an execution was settled whose nonce is used. An execution that reverts uses no nonce, and nobody can cancel one: the
 * nonce, which was chosen at random, alone shows that it was paid. Its transaction has the nonce and the deadline in its
 * calldata, however deep, and is only for the records: it is left out where it cannot be found.
 */
export async function redemptionFate(
  client: Client<Transport, Chain | undefined>,
  { token, authorization, fromBlock, blockNumber }: FateSearch,
): Promise<SettledFate> {
  const transaction = await transactionOf().catch(() => undefined);
  return { fate: "settled", ...(transaction && { transaction }) };

  async function transactionOf() {
    const { module, session, from, nonce, validBefore } = authorization;
    const range = { fromBlock, toBlock: blockNumber, mostBlocks: MOST_BLOCKS };
    const logs = await readLogs(client, range, {
      address: [module as Address],
      topics: [spent, pad(from).toLowerCase() as Hex, session as Hex, pad(token).toLowerCase() as Hex],
    });
    const deadline = numberToHex(BigInt(validBefore) - 1n, { size: 32 });
    const signed = `${nonce}${deadline.slice(2)}`.slice(2).toLowerCase();
    const hashes = new Set(logs.toReversed().map((log) => log.transactionHash));
    for await (const { hash, input } of eachTransaction(client, [...hashes]))
      if (input.toLowerCase().includes(signed)) return hash;
    return undefined;
  }
}
