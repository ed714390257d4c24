import { concat, type Hex, numberToHex, pad, size, slice } from "viem";
import { ANYONE, type Session } from "#sdk/session/Session.ts";
import type { LeftOut } from "../model/LeftOut.ts";
import { byte, CODED, type Field, fieldsOf, number } from "./packSession.ts";

/** The session's own bytes, misspelt in one way at every place where that can be done. */
type Misspelling = (fields: readonly Field[]) => Hex[];

/** Every field that is one of these, spelt in each of these ways. */
const respelling =
  (isOne: (field: Field) => boolean, spellings: (field: Field) => Hex[]): Misspelling =>
  (fields) =>
    fields.flatMap((field, at) =>
      isOne(field)
        ? spellings(field).map((bytes) =>
            concat(fields.map((other, place) => (place === at ? bytes : other.bytes))),
          )
        : [],
    );

const isNumber = ({ width }: Field) => width !== undefined;
const counts = (list: RegExp, ...wrong: number[]): Misspelling =>
  respelling(
    ({ name }) => list.test(name),
    () => wrong.map(byte),
  );

/** The code of one of the three set to another, with what follows it then. */
const recoding =
  (code: number, follows: (width: number) => Hex): Misspelling =>
  (fields) =>
    CODED.map(({ name, width }, place) => {
      const at = fields.findIndex((field) => field.name === "codes");
      const codes = Number(fields[at]?.bytes);
      const before = CODED.slice(0, place).map((coded) => coded.name as string);
      const isBefore = (field: Field, index: number) => index < at || before.includes(field.name);
      const rest = fields.filter(
        (field, index) => index !== at && field.name !== name && !isBefore(field, index),
      );
      return concat([
        ...fields.slice(0, at).map(({ bytes }) => bytes),
        byte((codes & ~(3 << (2 * place))) | (code << (2 * place))),
        ...fields.filter((field) => before.includes(field.name)).map(({ bytes }) => bytes),
        follows(width),
        ...rest.map(({ bytes }) => bytes),
      ]);
    });

/** By name. Each is read as no session. */
export const misspellings: Record<string, Misspelling> = {
  "a number that begins with a zero": respelling(isNumber, ({ bytes }) => [
    concat([byte(size(bytes)), "0x00", ...(size(bytes) > 1 ? [slice(bytes, 1)] : [])]),
  ]),
  "a number of one byte more than its field": respelling(isNumber, ({ width = 0 }) => [
    number(1n << BigInt(8 * width)),
  ]),
  "a number of 255 bytes": respelling(isNumber, () => [
    concat(["0xff", pad("0x01", { dir: "right", size: 255 })]),
  ]),
  "an invalid code": recoding(3, () => "0x"),
  "a zero that is spelt out": recoding(2, () => "0x00"),
  "all ones that are spelt out": recoding(2, (width) => number((1n << BigInt(8 * width)) - 1n)),
  "another version": respelling(
    ({ name }) => name === "codes",
    ({ bytes }) => [1, 2, 3].map((version) => byte(Number(bytes) | (version << 6))),
  ),
  "too many budgets": counts(/^budgets$/, 9, 10, 255),
  "no recipients, or too many": counts(/^recipients of/, 0, 33, 254),
  "ANYONE among the recipients": respelling(
    ({ name }) => name.startsWith("recipient "),
    () => [ANYONE],
  ),
  "a stream that adds nothing": respelling(
    ({ name }) => name.startsWith("perSecond"),
    () => ["0x00"],
  ),
  "too many actions": counts(/^actions$/, 33, 34, 254),
  "too many rules": counts(/^rules of/, 9, 10, 255),
  "its end missing": (fields) =>
    fields.flatMap(({ bytes }, at) => {
      const before = concat(["0x", ...fields.slice(0, at).map((field) => field.bytes)]);
      return [before, ...(size(bytes) > 1 ? [concat([before, slice(bytes, 0, size(bytes) - 1)])] : [])];
    }),
  "something behind its end": (fields) => {
    const whole = concat(fields.map(({ bytes }) => bytes));
    return ["0x00", "0x01", numberToHex(0, { size: 32 })].map((more) => concat([whole, more as Hex]));
  },
};

/** The misspelling number `pick` of all that there are of the session in that way; undefined: there is none. */
export function misspelt(name: string, session: Session, leftOut: LeftOut, pick: number): Hex | undefined {
  const all = misspellings[name]?.(fieldsOf(session, leftOut)) ?? [];
  return all[pick % all.length];
}
