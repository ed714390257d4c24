import type { Address, Hex } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import type { Call } from "../Session.ts";
import { parseAddress } from "../units/parseAddress.ts";

/** A call that somebody is to send, in viem's form; what every `encode…` of this SDK returns. */
export type EncodedCall = { to: Address; data: Hex /** In wei. */; value: bigint };

/** A call that the account is to make: in viem's form, or as the contract has it. */
export type CallRequest =
  | { to: Address; data?: Hex /** In wei. */; value?: bigint }
  | { target: Address; data?: Hex /** In wei. */; value?: bigint };

/**
 * The calls as the contract has them.
 *
 * @throws {InvalidInput} EMPTY_BATCH: there are none; INVALID_ADDRESS
 */
export function toCalls(requests: readonly CallRequest[]): Call[] {
  if (requests.length === 0)
    throw new InvalidInput({
      code: "EMPTY_BATCH",
      shortMessage: "There is nothing to execute.",
      metaMessages: ["Pass at least one call."],
    });
  return requests.map((request, index) => ({
    target: parseAddress("to" in request ? request.to : request.target, `calls[${index}]`),
    value: request.value ?? 0n,
    data: request.data ?? "0x",
  }));
}
