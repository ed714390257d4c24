import { type Address, concat, type Hex, isAddressEqual, numberToHex, toBytes, toHex } from "viem";
import { type Action, ANYONE, type Budget, type Session } from "#sdk/session/Session.ts";
import { type LeftOut, WHOLE } from "../model/LeftOut.ts";
import { hashActions, hashBudget } from "../model/typedData.ts";

/** One field of a session's bytes. */
export type Field = {
  name: string;
  bytes: Hex;
  /** Of a number: the most bytes that it may have. */
  width?: number;
};

/** The numbers that have a code of two bits each, in this order. */
export const CODED = [
  { name: "epoch", width: 8 },
  { name: "gasAllowance", width: 16 },
  { name: "paymaster", width: 20 },
] as const;

export const byte = (value: number): Hex => numberToHex(value, { size: 1 });

/** One byte n and n bytes, without leading zeros. */
export function number(value: bigint | number): Hex {
  const bytes = BigInt(value) === 0n ? new Uint8Array() : toBytes(BigInt(value));
  return concat([byte(bytes.length), toHex(bytes)]);
}

/**
 * A session's own bytes, field by field as contracts/libraries/SessionReader.sol documents them. Of a session that the
 * form cannot say they are what comes nearest: numbers that are too wide, lists that are too long.
 */
export function fieldsOf(session: Session, leftOut = WHOLE): Field[] {
  const { validAfter, validUntil, salt, budgets, actions } = session;
  const coded = CODED.map(({ name, width }) => ({ name, width, value: BigInt(session[name]) }));
  const codes = coded.map(({ value, width }) => codeOf(value, width));
  return [
    { name: "validAfter", bytes: numberToHex(validAfter, { size: 6 }) },
    { name: "validUntil", bytes: numberToHex(validUntil, { size: 6 }) },
    { name: "codes", bytes: byte(codes.reduce((sum, code, place) => sum + code * 4 ** place, 0)) },
    ...coded
      .filter((_, place) => codes[place] === 2)
      .map(({ name, value, width }) => numberField(name, value, width)),
    numberField("salt", salt, 32),
    { name: "budgets", bytes: byte(budgets.length) },
    ...budgets.flatMap((budget, index) =>
      leftOut.budgets.includes(index)
        ? [{ name: `budget ${index}, left out`, bytes: concat(["0xff", hashBudget(budget)]) }]
        : budgetFields(budget).map((field) => ({ ...field, name: `${field.name} of budget ${index}` })),
    ),
    ...(leftOut.actions
      ? [{ name: "actions, left out", bytes: concat(["0xff", hashActions(actions)]) }]
      : [{ name: "actions", bytes: byte(actions.length) }, ...actions.flatMap(actionFields)]),
  ];
}

/** A session's own bytes. */
export const packSession = (session: Session, leftOut?: LeftOut): Hex =>
  concat(fieldsOf(session, leftOut).map(({ bytes }) => bytes));

/** What entry points and views take: the account, the key, and the session's own bytes. */
export const sessionBytes = (session: Session, leftOut?: LeftOut): Hex =>
  concat([session.account, session.key, packSession(session, leftOut)]);

/** What an installation takes of a session: the key, and the session's own bytes. */
export const installedBytes = (session: Session, leftOut?: LeftOut): Hex =>
  concat([session.key, packSession(session, leftOut)]);

/** What `onInstall` of an ERC-7579 module is given: nothing where there is nothing to say. */
export const installationData = (granter: Hex, sessions: readonly Hex[]): Hex =>
  granter === "0x" && sessions.length === 0
    ? "0x"
    : concat([byte(granter.length / 2 - 1), granter, ...sessions]);

const numberField = (name: string, value: bigint | number, width: number): Field => ({
  name,
  bytes: number(value),
  width,
});

function codeOf(value: bigint, width: number): number {
  if (value === 0n) return 0;
  return value === (1n << BigInt(8 * width)) - 1n ? 1 : 2;
}

function budgetFields(budget: Budget): Field[] {
  const { token, perTransaction, perPeriod, period, initial, perSecond, signatures, sizes } = budget;
  const isStream = perSecond > 0n || initial > 0n;
  return [
    { name: "kind", bytes: byte((isStream ? 128 : 0) + 16 * signatures + sizes) },
    { name: "token", bytes: token },
    numberField("perTransaction", perTransaction, 16),
    numberField("perPeriod", perPeriod, 16),
    numberField("period", period, 4),
    ...(isStream ? [numberField("initial", initial, 16), numberField("perSecond", perSecond, 16)] : []),
    ...recipientFields(budget.recipients),
  ];
}

function recipientFields(recipients: readonly Address[]): Field[] {
  const [first] = recipients;
  if (recipients.length === 1 && first && isAddressEqual(first, ANYONE)) {
    return [{ name: "recipients", bytes: "0xff" }];
  }
  return [
    { name: "recipients", bytes: byte(recipients.length) },
    ...recipients.map((bytes, place) => ({ name: `recipient ${place}`, bytes })),
  ];
}

function actionFields({ target, selector, rules }: Action, index: number): Field[] {
  const of = `of action ${index}`;
  return [
    { name: `target ${of}`, bytes: target },
    { name: `selector ${of}`, bytes: selector },
    { name: `rules ${of}`, bytes: byte(rules.length) },
    ...rules.flatMap(({ offset, op, value }, rule) => [
      { name: `offset of rule ${rule} ${of}`, bytes: numberToHex(offset, { size: 2 }) },
      { name: `op of rule ${rule} ${of}`, bytes: byte(op) },
      numberField(`value of rule ${rule} ${of}`, BigInt(value), 32),
    ]),
  ];
}
