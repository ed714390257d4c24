// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

// The EIP-712 type hashes of a session. Referenced types follow in alphabetical order, and sort after `Session`, so
// that ERC-7739's implicit mode can sign one.

bytes32 constant SESSION_TYPEHASH = keccak256(
    "Session(address account,address key,uint48 validAfter,uint48 validUntil,uint64 epoch,uint256 salt,"
    "uint128 gasAllowance,address paymaster,SessionBudget[] budgets,SessionAction[] actions)"
    "SessionAction(address target,bytes4 selector,SessionRule[] rules)"
    "SessionBudget(address token,uint128 perTransaction,uint128 perPeriod,uint32 period,uint128 initial,"
    "uint128 perSecond,uint8 signatures,uint8 sizes,address[] recipients)"
    "SessionRule(uint16 offset,uint8 op,bytes32 value)"
);
bytes32 constant ACTION_TYPEHASH = keccak256(
    "SessionAction(address target,bytes4 selector,SessionRule[] rules)"
    "SessionRule(uint16 offset,uint8 op,bytes32 value)"
);
bytes32 constant BUDGET_TYPEHASH = keccak256(
    "SessionBudget(address token,uint128 perTransaction,uint128 perPeriod,uint32 period,uint128 initial,"
    "uint128 perSecond,uint8 signatures,uint8 sizes,address[] recipients)"
);
bytes32 constant RULE_TYPEHASH = keccak256("SessionRule(uint16 offset,uint8 op,bytes32 value)");
