import type { Usdc } from "@latchkey/devchain";
import { type Address, encodeFunctionData, type Hex, parseAbi } from "viem";
import type { HeldKey } from "./CrashWorld.ts";

/** The message of EIP-3009. */
export type TransferAuthorization = {
  from: Address;
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  nonce: Hex;
};

/** Signs it with any key. */
export const signAuthorization = (key: HeldKey, token: Usdc, authorization: TransferAuthorization) =>
  key.signTypedData({
    domain: token.domain,
    types: {
      TransferWithAuthorization: [
        { name: "from", type: "address" },
        { name: "to", type: "address" },
        { name: "value", type: "uint256" },
        { name: "validAfter", type: "uint256" },
        { name: "validBefore", type: "uint256" },
        { name: "nonce", type: "bytes32" },
      ],
    },
    primaryType: "TransferWithAuthorization",
    message: authorization,
  });

/** The call that settles it, with the payer's signature. */
export const settleAuthorization = (
  token: Usdc,
  { from, to, value, validAfter, validBefore, nonce }: TransferAuthorization,
  signature: Hex,
) => ({
  to: token.address,
  data: encodeFunctionData({
    abi: parseAbi([
      "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
    ]),
    functionName: "transferWithAuthorization",
    args: [from, to, value, validAfter, validBefore, nonce, signature],
  }),
});
