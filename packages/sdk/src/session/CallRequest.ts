import { type Address, encodeFunctionData, erc20Abi, type Hex } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseHex } from "../internal/parseHex.ts";
import { parseWhole } from "../internal/parseWhole.ts";
import type { Call } from "./Session.ts";

/** A call to send, in viem's format; what every `encode…` of this SDK returns. */
export type EncodedCall = { to: Address; data: Hex /** In wei. */; value: bigint };

/** A call of the account: in viem's format, or as the contract has it. */
export type CallRequest =
  | { to: Address; data?: Hex /** In wei. */; value?: bigint }
  | { target: Address; data?: Hex /** In wei. */; value?: bigint };

/**
 * The calls as the contract has them.
 *
 * @throws {InvalidInput} EMPTY_BATCH; INVALID_ADDRESS; INVALID_INPUT: a value or data is not valid.
 */
export function toCalls(requests: readonly CallRequest[]): Call[] {
  if (!Array.isArray(requests) || requests.length === 0)
    throw new InvalidInput({
      code: "EMPTY_BATCH",
      shortMessage: "The batch contains no calls.",
      metaMessages: ["Pass at least one call."],
    });
  return requests.map((request: CallRequest, index) => {
    const { to, target, value = 0n, data = "0x" }: AnyCall = request ?? {};
    return loggable({
      target: parseAddress((to ?? target) as Address, `calls[${index}]`),
      value: parseWhole(value, `calls[${index}].value`, 1n << 256n),
      data: parseHex(data, `calls[${index}].data`),
    });
  });
}

/**
 * The call of a token by which the account pays.
 *
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export const transferOf = ({ token, to, amount }: { token: Address; to: Address; amount: bigint }): Call => ({
  target: parseAddress(token, "token"),
  value: 0n,
  data: encodeFunctionData({
    abi: erc20Abi,
    functionName: "transfer",
    args: [parseAddress(to, "to"), parseWhole(amount, "amount", 1n << 256n)],
  }),
});

/** Calls to send, checked as {@link toCalls} does, in viem's format. */
export const encodedCalls = (calls: readonly EncodedCall[]): EncodedCall[] =>
  toCalls(calls).map(({ target, value, data }) => ({ to: target, value, data }));

type AnyCall = { to?: Address; target?: Address; value?: bigint; data?: Hex };
