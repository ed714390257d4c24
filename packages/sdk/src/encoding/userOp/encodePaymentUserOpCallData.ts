import { type Address, encodeFunctionData, encodePacked, type Hex } from "viem";
import { erc7579Abi, SINGLE_CALL_MODE } from "../../accounts/erc7579/erc7579Abi.ts";
import { transferOf } from "../../session/CallRequest.ts";

/** One payment from a budget. */
export type UserOpPayment = {
  token: Address;
  to: Address;
  /** In the token's base units. */
  amount: bigint;
};

/**
 * The `callData` of a userOp with which the account makes one payment itself, without calling the module: the
 * validator charges it. The only form that the validator accepts. Cheaper than {@link encodeSessionUserOpCallData}.
 *
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export function encodePaymentUserOpCallData(payment: UserOpPayment): Hex {
  const { target, value, data } = transferOf(payment);
  return encodeFunctionData({
    abi: erc7579Abi,
    functionName: "execute",
    args: [SINGLE_CALL_MODE, encodePacked(["address", "uint256", "bytes"], [target, value, data])],
  });
}
