import { type Address, type Client, concat, type Hex, parseAbi } from "viem";
import { getCode, readContract } from "viem/actions";

/**
 * Contracts that say what a rollup charges for putting a transaction on its parent chain, over and above the gas that
 * `eth_estimateGas` counts: on OP stack chains, and on Scroll. The others have it in the gas or in its price.
 */
export const FEE_ORACLES: readonly Address[] = [
  "0x420000000000000000000000000000000000000F",
  "0x5300000000000000000000000000000000000002",
];

/** What an encoded transaction is longer than its data, generously. The oracles count the bytes. */
const envelope: Hex = `0x${"ff".repeat(200)}`;

/** Wei that the chain charges besides gas for a transaction with this data; 0 on a chain without such an oracle. */
export async function dataFee(client: Client, data: Hex): Promise<bigint> {
  const fees = await Promise.all(
    FEE_ORACLES.map(async (address) =>
      (await getCode(client, { address }))
        ? readContract(client, {
            address,
            abi: parseAbi(["function getL1Fee(bytes) view returns (uint256)"]),
            functionName: "getL1Fee",
            args: [concat([data, envelope])],
            // Something else may be there on another chain. What is paid is for the chain to say, this is a forecast.
          }).catch(() => 0n)
        : 0n,
    ),
  );
  return fees.reduce((sum, fee) => sum + fee, 0n);
}
