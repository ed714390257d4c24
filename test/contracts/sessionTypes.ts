/** The EIP-712 types, written down here once more. */
export const sessionTypes = {
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
} as const;
