import { type Address, encodeFunctionData, encodePacked, erc20Abi, type Hex } from "viem";
import { parseAddress } from "../units/parseAddress.ts";
import { parseWhole } from "../units/parseWhole.ts";
import { erc7579Abi, SINGLE_CALL_MODE } from "./erc7579Abi.ts";

/** One payment out of a budget. */
export type UserOpPayment = {
  token: Address;
  to: Address;
  /** In the token's base units. */
  amount: bigint;
};

/**
 * The `callData` of a userOp by which the account makes one payment itself, without coming back to the module: the
 * validator charges it. The one form that the validator takes. Cheaper than {@link encodeSessionUserOpCallData}.
 */
export const encodePaymentUserOpCallData = ({ token, to, amount }: UserOpPayment): Hex =>
  encodeFunctionData({
    abi: erc7579Abi,
    functionName: "execute",
    args: [
      SINGLE_CALL_MODE,
      encodePacked(
        ["address", "uint256", "bytes"],
        [
          parseAddress(token, "token"),
          0n,
          encodeFunctionData({
            abi: erc20Abi,
            functionName: "transfer",
            args: [parseAddress(to, "to"), parseWhole(amount, "amount", 1n << 256n)],
          }),
        ],
      ),
    ],
  });
