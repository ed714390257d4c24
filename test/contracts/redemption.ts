import {
  type Address,
  concat,
  encodeAbiParameters,
  encodePacked,
  type Hex,
  numberToHex,
  parseAbiParameters,
  toHex,
  zeroAddress,
} from "viem";
import { type Call, encode, MODULE, type Session, sessionBytes } from "./fixture.ts";
import type { LeftOut } from "./sessionBytes.ts";

/** ERC-7579's execution modes. */
export const SINGLE: Hex = numberToHex(0, { size: 32 });
export const BATCH: Hex = `0x01${"00".repeat(31)}`;

/** A permission context of ERC-7710, written down here once more. */
export const contextOf = (
  of: Session,
  {
    grant = "0x" as Hex,
    caller = zeroAddress as Address,
    nonce = 0n,
    deadline = 0,
    keySignature = "0x" as Hex,
    leftOut = {} as LeftOut,
  } = {},
): Hex =>
  encodeAbiParameters(parseAbiParameters("bytes, bytes, address, uint256, uint48, bytes"), [
    sessionBytes(of, leftOut),
    grant,
    caller,
    nonce,
    deadline,
    keySignature,
  ]);

/** ERC-7579's encoding of one call. */
export const single = ({ target, value, data }: Call): Hex =>
  encodePacked(["address", "uint256", "bytes"], [target, value, data]);

/** ERC-7579's encoding of several calls. */
export const batch = (calls: readonly Call[]): Hex =>
  encodeAbiParameters(parseAbiParameters("(address target, uint256 value, bytes data)[]"), [calls]);

/** One entry of a redemption: a context, and what is executed with it. */
export type Redemption = { context: Hex; calls?: readonly Call[]; mode?: Hex; execution?: Hex };

/** The transaction that redeems them. */
export const redeem = (from: Address, ...entries: readonly Redemption[]) => ({
  from,
  to: MODULE,
  data: encode("redeemDelegations", [
    entries.map(({ context }) => context),
    entries.map(({ calls = [], mode = calls.length === 1 ? SINGLE : BATCH }) => mode),
    entries.map(({ calls = [], execution }) => {
      const [first] = calls;
      return execution ?? (calls.length === 1 && first ? single(first) : batch(calls));
    }),
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
