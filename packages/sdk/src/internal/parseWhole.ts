import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * Checks a whole number of at least 0, of the bound's type.
 *
 * @param value A number or a bigint, as the bound is.
 * @param path Its path in the caller's arguments, for the message.
 * @param below The first value that is too large.
 * @throws {InvalidInput} INVALID_INPUT: of another type, negative, not whole, or too large.
 */
export function parseWhole<const below extends number | bigint>(
  value: below extends bigint ? bigint : number,
  path: string,
  below: below,
): below extends bigint ? bigint : number {
  const isWhole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (typeof value === typeof below && isWhole && value >= 0 && value < below) return value;
  throw new InvalidInput({
    code: "INVALID_INPUT",
    shortMessage: value === undefined ? `${path} is missing.` : `${path} is ${String(value)}.`,
    metaMessages: [`Pass a whole ${typeof below}, at least 0 and below ${below}.`],
    details: { path },
  });
}

/** Reads a chain's EIP-155 id. */
export const parseChainId = (chainId: number, path = "chainId"): number =>
  parseWhole(chainId, path, Number.MAX_SAFE_INTEGER);
