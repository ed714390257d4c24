import { type Address, type Hex, hexToBigInt, parseAbi } from "viem";
import type { AggregatingClient } from "../internal/aggregatingClient.ts";
import { readContract } from "../internal/chainActions.ts";
import { PERMIT2 } from "./permit2.ts";
import { slotNonceAfter } from "./slotNonce.ts";

const bitmapAbi = parseAbi(["function nonceBitmap(address owner, uint256 word) view returns (uint256)"]);

/** Which of Permit2's words of nonces a lot has: `nonceBitmap(account, word)`. */
export const lotWord = (prefix: Hex, lot: bigint): bigint =>
  hexToBigInt(slotNonceAfter(prefix, { lot, size: 0, index: 0n })) >> 8n;

/**
 * Reads which nodes of some lots Permit2 has used: of each lot 255 bits, bit `2 ** depth + index` for a node.
 *
 * @param parameters.prefix Of the budget's period: `slotPrefix`.
 * @throws {Refusal} NETWORK; UNKNOWN if Permit2 is not on this chain.
 */
export const usedNodes = (
  client: AggregatingClient,
  { account, prefix, lots }: { account: Address; prefix: Hex; lots: readonly bigint[] },
): Promise<readonly bigint[]> =>
  Promise.all(
    lots.map((lot) =>
      readContract(client, {
        address: PERMIT2,
        abi: bitmapAbi,
        functionName: "nonceBitmap",
        args: [account, lotWord(prefix, lot)],
      }),
    ),
  );

/** What the used nodes of a lot are worth together, at most `perTransaction`. */
export function worthOfNodes(perTransaction: bigint, nodes: bigint): bigint {
  let worth = 0n;
  for (let node = 1; node < 256; node++)
    if ((nodes >> BigInt(node)) & 1n) worth += perTransaction >> BigInt(Math.floor(Math.log2(node)));
  return worth < perTransaction ? worth : perTransaction;
}
