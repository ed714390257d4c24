/** The EIP-712 types of everything that Latchkey asks anyone to sign, members in the order of the contract. */
export const eip712Types = {
  Session: [
    { name: "account", type: "address" },
    { name: "key", type: "address" },
    { name: "validAfter", type: "uint48" },
    { name: "validUntil", type: "uint48" },
    { name: "epoch", type: "uint64" },
    { name: "salt", type: "uint256" },
    { name: "gasAllowance", type: "uint128" },
    { name: "paymaster", type: "address" },
    { name: "budgets", type: "SessionBudget[]" },
    { name: "actions", type: "SessionAction[]" },
  ],
  SessionBudget: [
    { name: "token", type: "address" },
    { name: "perTransaction", type: "uint128" },
    { name: "perPeriod", type: "uint128" },
    { name: "period", type: "uint32" },
    { name: "initial", type: "uint128" },
    { name: "perSecond", type: "uint128" },
    { name: "signatures", type: "uint8" },
    { name: "sizes", type: "uint8" },
    { name: "recipients", type: "address[]" },
  ],
  SessionAction: [
    { name: "target", type: "address" },
    { name: "selector", type: "bytes4" },
    { name: "rules", type: "SessionRule[]" },
  ],
  SessionRule: [
    { name: "offset", type: "uint16" },
    { name: "op", type: "uint8" },
    { name: "value", type: "bytes32" },
  ],
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
} as const;
