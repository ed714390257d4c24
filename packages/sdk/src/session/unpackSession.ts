import { type Address, getAddress, type Hex, numberToHex, size, slice } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { parseHex } from "../internal/parseHex.ts";
import { type Action, ANYONE, type Budget, type Session } from "./Session.ts";
import { LEFT_OUT } from "./WholeParts.ts";

/** A decoded session: omitted parts are replaced by their EIP-712 hashes. */
export type UnpackedSession = Omit<Session, "account" | "key" | "budgets" | "actions"> & {
  budgets: readonly (Budget | Hex)[];
  actions: readonly Action[] | Hex;
};

/** A session from calldata. */
export type CarriedSession = UnpackedSession & { account: Address; key: Address };

/**
 * Decodes the session at the start of `packed`, as the modules' own reader does: every number in its shortest form, every
 * count and code within its bounds.
 *
 * @returns The session, and what follows it.
 * @throws {InvalidInput} INVALID_INPUT if the bytes are not a session.
 */
export function unpackSession(packed: Hex): { session: UnpackedSession; rest: Hex } {
  const bytes = parseHex(packed, "packed").toLowerCase() as Hex;
  let at = 0;
  const take = (count: number): Hex => {
    if (count === 0) return "0x";
    if (at + count > size(bytes)) throw invalid(at);
    at += count;
    return slice(bytes, at - count, at);
  };
  const byte = () => Number(take(1));
  const address = () => getAddress(take(20));
  const number = (width: number): bigint => {
    const count = byte();
    if (count > width) throw invalid(at);
    const digits = take(count);
    if (digits.startsWith("0x00")) throw invalid(at);
    return count === 0 ? 0n : BigInt(digits);
  };
  const coded = (code: number, width: number): bigint => {
    const allOnes = (1n << BigInt(8 * width)) - 1n;
    if (code === 0) return 0n;
    if (code === 1) return allOnes;
    if (code === 3) throw invalid(at);
    const value = number(width);
    if (value === 0n || value === allOnes) throw invalid(at);
    return value;
  };
  const count = (most: number): number => {
    const value = byte();
    if (value > most) throw invalid(at);
    return value;
  };
  /** In their order in the bytes. */
  const list = <T>(length: number, one: () => T): T[] => Array.from({ length }, () => one());

  const budget = (): Budget | Hex => {
    const kind = byte();
    if (kind === LEFT_OUT) return take(32);
    const token = address();
    const limits = { perTransaction: number(16), perPeriod: number(16), period: Number(number(4)) };
    const isStream = kind >= 128;
    const stream = isStream ? { initial: number(16), perSecond: number(16) } : { initial: 0n, perSecond: 0n };
    if (isStream && stream.perSecond === 0n) throw invalid(at);
    return {
      token,
      ...limits,
      ...stream,
      signatures: (kind >> 4) & 7,
      sizes: kind & 15,
      recipients: recipients(),
    };
  };
  const recipients = (): Address[] => {
    const length = byte();
    if (length === 255) return [ANYONE];
    if (length === 0 || length > 32) throw invalid(at);
    const named = list(length, address);
    if (named.includes(ANYONE)) throw invalid(at);
    return named;
  };
  const action = (): Action => ({
    target: address(),
    selector: take(4),
    rules: list(count(8), () => ({
      offset: Number(take(2)),
      op: byte(),
      value: numberToHex(number(32), { size: 32 }),
    })),
  });

  const validAfter = Number(take(6));
  const validUntil = Number(take(6));
  const codes = byte();
  if (codes >= 64) throw invalid(at);
  const epoch = coded(codes & 3, 8);
  const gasAllowance = coded((codes >> 2) & 3, 16);
  const paymaster = getAddress(numberToHex(coded((codes >> 4) & 3, 20), { size: 20 }));
  const salt = number(32);
  const budgets = list(count(8), budget);
  const length = byte();
  if (length > 32 && length !== LEFT_OUT) throw invalid(at);
  const actions = length === LEFT_OUT ? take(32) : list(length, action);
  return loggable({
    session: { validAfter, validUntil, epoch, salt, gasAllowance, paymaster, budgets, actions },
    rest: at === size(bytes) ? "0x" : slice(bytes, at),
  });
}

/**
 * The session that `bytes` is exactly, with all its parts.
 *
 * @throws {InvalidInput} INVALID_INPUT
 */
export function unpackWhole(bytes: Hex): Omit<Session, "account" | "key"> {
  const { session, rest } = unpackSession(bytes);
  const { budgets, actions } = session;
  if (rest !== "0x") throw invalid(size(bytes) - size(rest));
  if (typeof actions === "string" || !budgets.every((one) => typeof one !== "string"))
    throw invalid(size(bytes), "The session bytes omit a part.");
  return { ...session, budgets: budgets as readonly Budget[], actions };
}

/**
 * Decodes the modules' `session` argument: the account, the key, and the session.
 *
 * @throws {InvalidInput} INVALID_INPUT
 */
export function decodeSession(bytes: Hex): CarriedSession {
  if (size(parseHex(bytes, "bytes")) <= 40) throw invalid(size(bytes));
  const { session, rest } = unpackSession(slice(bytes, 40));
  if (rest !== "0x") throw invalid(size(bytes) - size(rest));
  const [account, key] = [getAddress(slice(bytes, 0, 20)), getAddress(slice(bytes, 20, 40))];
  return loggable({ account, key, ...session });
}

/** @param at How many of the bytes could be decoded. */
const invalid = (at: number, shortMessage = `The bytes are not a session: see byte ${at}.`) =>
  new InvalidInput({
    code: "INVALID_INPUT",
    shortMessage,
    metaMessages: ["Pass a session from packSession."],
    details: { at },
  });
