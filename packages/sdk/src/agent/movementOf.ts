import { type Address, decodeFunctionData, erc20Abi, zeroAddress } from "viem";
import type { Call } from "../session/Session.ts";

/** What a call pays, as far as the call itself shows it. `token`: none if it is not a payment. */
export function movementOf({ target, value, data }: Call): {
  to: Address;
  token?: Address;
  units: bigint;
  what: string;
} {
  const what = data === "0x" ? "native transfer" : `call ${data.slice(0, 10)}`;
  if (value > 0n) return { to: target, token: zeroAddress, units: value, what };
  try {
    const { functionName, args } = decodeFunctionData({ abi: erc20Abi, data });
    if (functionName === "transfer")
      return { to: args[0], token: target, units: args[1], what: "token transfer" };
  } catch {
    // Another function: only the chain shows what it moves.
  }
  return { to: target, units: 0n, what };
}
