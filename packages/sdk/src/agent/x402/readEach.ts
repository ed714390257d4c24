import type { Abi, Address, Chain, Client, Transport } from "viem";
import { MULTICALL3 } from "../../internal/aggregatingClient.ts";
import { getCode, multicall, readContract } from "../../internal/chainActions.ts";

/** Bytes of one call: a selector and two words. */
const CALLDATA = 68;

/** Whether a client's chain has Multicall3, once it was checked. It stays there. */
const hasMulticall = new WeakMap<object, Promise<boolean>>();

/** A question to a contract, with two words as arguments. */
type Question = { address: Address; abi: Abi; functionName: string; args: readonly unknown[] };

/**
 * Asks contracts one small question each. Several are asked in one request: with Multicall3 if the chain has it, otherwise
 * with its code, which is sent with the request (a hundred at a time).
 *
 * @param blockNumber At which block. Default: the latest.
 * @returns One answer per question, in order.
 */
export async function readEach<answer>(
  client: Client<Transport, Chain | undefined>,
  questions: readonly Question[],
  blockNumber?: bigint,
): Promise<readonly answer[]> {
  const at = blockNumber === undefined ? {} : { blockNumber };
  const [first, ...others] = questions;
  if (!first) return [];
  if (others.length === 0) return [(await readContract(client, { ...first, ...at })) as answer];
  let known = hasMulticall.get(client);
  if (!known) {
    known = getCode(client, { address: MULTICALL3 }).then((code) => code !== undefined && code !== "0x");
    // A failed request is not cached.
    known.catch(() => hasMulticall.delete(client));
    hasMulticall.set(client, known);
  }
  // To a node this is creation code, limited to 48 kB: 100 calls fit easily.
  const where = (await known)
    ? { multicallAddress: MULTICALL3, batchSize: 0 }
    : { deployless: true, batchSize: 100 * CALLDATA };
  const answers = multicall(client, { ...where, ...at, contracts: questions, allowFailure: false });
  return (await answers) as readonly answer[];
}
