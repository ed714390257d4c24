import { type Address, concat, type Hex, toHex } from "viem";
import { BATCH, contextAround, executionOf, SINGLE } from "../environment/redemption.ts";
import { type Call, encode, MODULE, type Session, sessionBytes } from "./fixture.ts";
import type { LeftOut } from "./sessionBytes.ts";

/** A session's permission context. */
export const contextOf = (
  of: Session,
  { leftOut, ...terms }: Parameters<typeof contextAround>[1] & { leftOut?: LeftOut } = {},
): Hex => contextAround(sessionBytes(of, leftOut), terms);

/** One entry of a redemption: a context, and what is executed with it. */
export type Redemption = { context: Hex; calls?: readonly Call[]; mode?: Hex; execution?: Hex };

/** The transaction that redeems them. */
export const redeem = (from: Address, ...entries: readonly Redemption[]) => ({
  from,
  to: MODULE,
  data: encode("redeemDelegations", [
    entries.map(({ context }) => context),
    entries.map(({ calls = [], mode = calls.length === 1 ? SINGLE : BATCH }) => mode),
    entries.map(({ calls = [], execution = executionOf(calls).execution }) => execution),
  ]),
});

/** `bytes` with the word at `index` replaced. */
export const withWord = (bytes: Hex, index: number, value: bigint): Hex => {
  const at = 2 + 64 * index;
  return `${bytes.slice(0, at)}${toHex(value, { size: 32 }).slice(2)}${bytes.slice(at + 64)}` as Hex;
};

/** The word at `index`. */
export const wordOf = (bytes: Hex, index: number): bigint =>
  BigInt(`0x${bytes.slice(2 + 64 * index, 66 + 64 * index)}`);

/** `bytes` with the byte at `at` set to 1. */
export const withDirt = (bytes: Hex, at: number): Hex =>
  concat([bytes.slice(0, 2 + 2 * at) as Hex, "0x01", `0x${bytes.slice(4 + 2 * at)}`]);
