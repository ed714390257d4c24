import type { Removal } from "./Removal.ts";
import { rulesOf } from "./rulesOf.ts";

const reader = rulesOf("libraries/SessionReader.sol");
const onErc7579 = (removal: Removal): Removal => ({
  ...removal,
  name: `erc7579-${removal.name}`,
  accounts: "ERC-7579",
});

const prefixEnd = reader(
  "session-within",
  "a session that other bytes follow ends within them",
  "if (length > bytes_.length) length = 0;",
);

/** How a session's bytes are read. */
export const sessionReader: Removal[] = [
  reader(
    "session-end",
    "a session ends where its bytes do",
    "return _read(carried, start) == end;",
    "_read(carried, start); end; return true;",
  ),
  reader(
    "session-appended",
    "nothing stands behind a session",
    "return _read(carried, start) == end;",
    "return _read(carried, start) <= end;",
  ),
  reader(
    "session-cut",
    "a session is not cut short",
    "return _read(carried, start) == end;",
    "uint256 next = _read(carried, start); return next >= end && next >> 64 == 0;",
  ),
  prefixEnd,
  onErc7579(prefixEnd),
  reader(
    "number-width",
    "a number fits its field",
    "let bad := or(gt(n, width), iszero(or(byte(0, word), iszero(n))))",
    "let bad := iszero(or(byte(0, word), iszero(n)))",
  ),
  reader(
    "number-canonical",
    "a number has no zeros in front",
    "let bad := or(gt(n, width), iszero(or(byte(0, word), iszero(n))))",
    "let bad := gt(n, width)",
  ),
  ...(
    [
      ["perTransaction", "numberAt(add(at, 20), 16)", "numberAt(add(at, 20), 32)"],
      ["perPeriod", "value, at := numberAt(at, 16)", "value, at := numberAt(at, 32)"],
      ["period", "value, at := numberAt(at, 4)", "value, at := numberAt(at, 32)"],
      ["initial", "initial := readNumber(16)", "initial := readNumber(32)"],
      ["perSecond", "perSecond := readNumber(16)", "perSecond := readNumber(32)"],
      ["salt", "readNumber(32)) // salt", "readNumber(255)) // salt"],
      ["rule-value", "readNumber(32)) // value", "readNumber(255)) // value"],
      ["coded-field", "value := readNumber(width)", "value := readNumber(32)"],
    ] as const
  ).map(([name, find, replace]) => reader(`width-of-${name}`, `a session's ${name} fits`, find, replace)),
  reader(
    "coded-zero",
    "a field that is zero is said by its code alone",
    "refuseIf(or(iszero(value), eq(value, allOnes)))",
    "refuseIf(eq(value, allOnes))",
  ),
  reader(
    "coded-all-ones",
    "a field that is all ones is said by its code alone",
    "refuseIf(or(iszero(value), eq(value, allOnes)))",
    "refuseIf(iszero(value))",
  ),
  reader("code-3", "code 3 stands for nothing", "default {\n                    refuseIf(1)", "default {"),
  reader("version-bits", "the form has version 0", "refuseIf(shr(6, codes))"),
  reader("stream-without-per-second", "a stream adds something each second", "refuseIf(iszero(perSecond))"),
  reader(
    "bytes-no-recipient",
    "a budget's bytes have a recipient",
    "let bad := or(iszero(count), gt(count, MAX_RECIPIENTS))",
    "let bad := gt(count, MAX_RECIPIENTS)",
  ),
  reader(
    "most-recipients",
    "a budget has at most 32 recipients",
    "let bad := or(iszero(count), gt(count, MAX_RECIPIENTS))",
    "let bad := iszero(count)",
  ),
  reader("bytes-anyone", "ANYONE is said by the count alone", "bad := or(bad, eq(recipient, ANYONE))"),
  reader("most-budgets", "a session has at most 8 budgets", "if gt(count, MAX_BUDGETS)", "if gt(count, 100)"),
  reader(
    "most-actions",
    "a session has at most 32 actions",
    "if gt(count, MAX_ACTIONS)",
    "if gt(count, 100)",
  ),
  reader("most-rules", "an action has at most 8 rules", "refuseIf(gt(count, MAX_RULES))"),
  reader(
    "left-out-budget",
    "a budget that is left out is said to be",
    "leftOut := or(leftOut, shl(shr(5, i), 1))",
  ),
  reader(
    "left-out-actions",
    "a list of actions that is left out is said to be",
    "leftOut := or(leftOut, actionsBit)",
  ),
  reader(
    "left-out-token",
    "an omitted budget has no token",
    "mstore(budget, not(0)) // no address",
    "mstore(budget, 0) // no address",
  ),
  reader(
    "left-out-recipients",
    "a budget that is left out has no recipients",
    "mstore(add(budget, 0x100), 0x60) // an empty list",
  ),
  reader(
    "left-out-budget-hash",
    "the id covers a budget that is left out",
    "budget := absent\n                        hash := readHash()",
    "budget := absent\n                        hash := mul(0, readHash())",
  ),
  reader(
    "left-out-actions-hash",
    "the id covers a list of actions that is left out",
    "leftOut := or(leftOut, actionsBit)\n                    hash := readHash()",
    "leftOut := or(leftOut, actionsBit)\n                    hash := mul(0, readHash())",
  ),
  reader("hash-of-budgets", "the id covers the budgets", "mstore(add(session, 0x100), hash)"),
  reader("hash-of-actions", "the id covers the actions", "mstore(add(session, 0x120), hash)"),
  reader(
    "hash-of-recipients",
    "the id covers the recipients",
    "mstore(add(budget, 0x100), keccak256(add(recipients, 32), size))",
    "mstore(add(budget, 0x100), 0)",
  ),
  reader(
    "hash-of-rules",
    "the id covers the rules",
    "mstore(add(action, 0x40), keccak256(add(pointers, size), size))",
    "mstore(add(action, 0x40), 0)",
  ),
];
