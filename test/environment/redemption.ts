import {
  type Address,
  encodeAbiParameters,
  encodePacked,
  type Hex,
  numberToHex,
  parseAbiParameters,
  zeroAddress,
} from "viem";

type Call = { target: Address; value: bigint; data: Hex };

/** ERC-7579's execution modes. */
export const SINGLE: Hex = numberToHex(0, { size: 32 });
export const BATCH: Hex = `0x01${"00".repeat(31)}`;

/** ERC-7579's encoding of one call. */
export const single = ({ target, value, data }: Call): Hex =>
  encodePacked(["address", "uint256", "bytes"], [target, value, data]);

/** ERC-7579's encoding of several calls. */
export const batch = (calls: readonly Call[]): Hex =>
  encodeAbiParameters(parseAbiParameters("(address target, uint256 value, bytes data)[]"), [calls]);

/** The mode and the execution of calls: single for one, else a batch. */
export function executionOf(calls: readonly Call[]): { mode: Hex; execution: Hex } {
  const [first, ...others] = calls;
  return first && others.length === 0
    ? { mode: SINGLE, execution: single(first) }
    : { mode: BATCH, execution: batch(calls) };
}

/** A permission context of ERC-7710, written down here once more. */
export const contextAround = (
  session: Hex,
  {
    grant = "0x" as Hex,
    caller = zeroAddress as Address,
    nonce = 0n,
    deadline = 0,
    keySignature = "0x" as Hex,
  } = {},
): Hex =>
  encodeAbiParameters(parseAbiParameters("bytes, bytes, address, uint256, uint48, bytes"), [
    session,
    grant,
    caller,
    nonce,
    deadline,
    keySignature,
  ]);
