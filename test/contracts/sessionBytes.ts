import {
  type Address,
  concat,
  getAddress,
  type Hex,
  hashStruct,
  keccak256,
  numberToHex,
  size,
  toHex,
} from "viem";
import type { Budget, Session } from "#sdk/session/Session.ts";
import { sessionTypes } from "./sessionTypes.ts";

const ANYONE: Address = getAddress(`0x${"ff".repeat(20)}`);

/** What is left out of a session's bytes. */
export type LeftOut = { budgets?: readonly number[]; actions?: boolean };

const byte = (value: number): Hex => numberToHex(value, { size: 1 });

/** One byte that counts, then the bytes; no more of these than needed. */
export const number = (value: bigint): Hex => {
  if (value === 0n) return "0x00";
  const bytes = toHex(value).length % 2 ? (`0x0${value.toString(16)}` as Hex) : toHex(value);
  return concat([byte(size(bytes)), bytes]);
};

const hashOf = (primaryType: "SessionBudget" | "SessionAction", data: object): Hex =>
  hashStruct({ types: sessionTypes, primaryType, data: data as never });

/** A session's own bytes, field by field: the packed form, written down here once more. */
export function partsOf(of: Session, leftOut: LeftOut = {}): [name: string, bytes: Hex][] {
  const codeOf = (value: bigint, width: number) =>
    value === 0n ? 0 : value === (1n << BigInt(8 * width)) - 1n ? 1 : 2;
  const fields: [string, bigint, number][] = [
    ["epoch", of.epoch, 8],
    ["gasAllowance", of.gasAllowance, 16],
    ["paymaster", BigInt(of.paymaster), 20],
  ];
  const codes = fields.map(([, value, width]) => codeOf(value, width));
  const budgetParts = (one: Budget, i: number): [string, Hex][] => {
    const name = `budgets[${i}]`;
    if (leftOut.budgets?.includes(i))
      return [
        [`${name}.kind`, "0xff"],
        [`${name}.hash`, hashOf("SessionBudget", one)],
      ];
    const stream = one.perSecond !== 0n;
    const anyone = one.recipients.length === 1 && one.recipients[0] === ANYONE;
    return [
      [`${name}.kind`, byte((stream ? 128 : 0) + 16 * one.signatures + one.sizes)],
      [`${name}.token`, one.token],
      [`${name}.perTransaction`, number(one.perTransaction)],
      [`${name}.perPeriod`, number(one.perPeriod)],
      [`${name}.period`, number(BigInt(one.period))],
      ...((stream
        ? [
            [`${name}.initial`, number(one.initial)],
            [`${name}.perSecond`, number(one.perSecond)],
          ]
        : []) as [string, Hex][]),
      [`${name}.recipients`, byte(anyone ? 255 : one.recipients.length)],
      ...(anyone ? [] : one.recipients).map((to, r): [string, Hex] => [`${name}.recipients[${r}]`, to]),
    ];
  };
  const actionParts: [string, Hex][] = leftOut.actions
    ? [
        ["actions", "0xff"],
        ["actions.hash", keccak256(concat(of.actions.map((one) => hashOf("SessionAction", one))))],
      ]
    : [
        ["actions", byte(of.actions.length)],
        ...of.actions.flatMap(({ target, selector, rules }, a): [string, Hex][] => [
          [`actions[${a}].target`, target],
          [`actions[${a}].selector`, selector],
          [`actions[${a}].rules`, byte(rules.length)],
          ...rules.flatMap(({ offset, op, value }, r): [string, Hex][] => [
            [`actions[${a}].rules[${r}].offset`, numberToHex(offset, { size: 2 })],
            [`actions[${a}].rules[${r}].op`, byte(op)],
            [`actions[${a}].rules[${r}].value`, number(BigInt(value))],
          ]),
        ]),
      ];
  return [
    ["validAfter", numberToHex(of.validAfter, { size: 6 })],
    ["validUntil", numberToHex(of.validUntil, { size: 6 })],
    ["codes", byte((codes[0] as number) + 4 * (codes[1] as number) + 16 * (codes[2] as number))],
    ...fields.filter((_, i) => codes[i] === 2).map(([name, value]): [string, Hex] => [name, number(value)]),
    ["salt", number(of.salt)],
    ["budgets", byte(of.budgets.length)],
    ...of.budgets.flatMap(budgetParts),
    ...actionParts,
  ];
}

const joined = (parts: [string, Hex][]): Hex => concat(parts.map(([, bytes]) => bytes));

/** A session's own bytes. */
export const packed = (of: Session, leftOut?: LeftOut): Hex => joined(partsOf(of, leftOut));

/** What entry points and views take: the account, the key, then the session's own bytes. */
export const sessionBytes = (of: Session, leftOut?: LeftOut): Hex =>
  concat([of.account, of.key, packed(of, leftOut)]);
