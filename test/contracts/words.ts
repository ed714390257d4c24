import type { Hex } from "viem";

/** Calldata with its 32-byte word number `index`, counted behind the selector, replaced. */
export function withWord(calldata: Hex, index: number, word: bigint): Hex {
  const at = 10 + 64 * index;
  return `${calldata.slice(0, at) as Hex}${word.toString(16).padStart(64, "0")}${calldata.slice(at + 64)}`;
}

/** Word number `index` of calldata, counted behind the selector. */
export const wordOf = (calldata: Hex, index: number): bigint =>
  BigInt(`0x${calldata.slice(10 + 64 * index, 74 + 64 * index)}`);

/**
 * Where the words of an encoded session are, counted from its own first word, if it has one budget with two
 * recipients and one action with one rule.
 */
export const SESSION_WORDS = {
  account: 0,
  key: 1,
  validAfter: 2,
  validUntil: 3,
  epoch: 4,
  salt: 5,
  gasAllowance: 6,
  paymaster: 7,
  budgetsOffset: 8,
  actionsOffset: 9,
  budgetsLength: 10,
  budgetOffset: 11,
  token: 12,
  perTransaction: 13,
  perPeriod: 14,
  period: 15,
  initial: 16,
  perSecond: 17,
  signatures: 18,
  sizes: 19,
  recipientsOffset: 20,
  recipientsLength: 21,
  firstRecipient: 22,
  secondRecipient: 23,
  actionsLength: 24,
  actionOffset: 25,
  target: 26,
  selector: 27,
  rulesOffset: 28,
  rulesLength: 29,
  ruleOffset: 30,
  ruleOp: 31,
  ruleValue: 32,
} as const;
