import { sessionTypes } from "../generated/eip712/sessionTypes.ts";

/** The EIP-712 types of everything that is signed in Latchkey, members in the order of the contract. */
export const eip712Types = {
  ...sessionTypes,
  Execute: [
    { name: "session", type: "bytes32" },
    { name: "calls", type: "Call[]" },
    { name: "caller", type: "address" },
    { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint48" },
  ],
  Call: [
    { name: "target", type: "address" },
    { name: "value", type: "uint256" },
    { name: "data", type: "bytes" },
  ],
  PaymentUserOp: [
    { name: "session", type: "bytes32" },
    { name: "period", type: "uint256" },
    { name: "userOpHash", type: "bytes32" },
  ],
  SignedPayment: [
    { name: "account", type: "address" },
    { name: "digest", type: "bytes32" },
  ],
} as const;
