import { maxUint128, parseUnits } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * An amount of a token as people write it: digits, with a decimal point if needed: `"20"`, `"0.25"`. A string, because a
 * JavaScript number cannot represent every amount and a bigint does not show its unit.
 */
export type Amount = string;

/**
 * Parses an amount into base units.
 *
 * @param amount For example `"0.25"`.
 * @param decimals Of the token; 18 for the native coin.
 * @param path Its path in the caller's arguments, for the message.
 * @param options.zero Whether zero is allowed. Otherwise it is refused, because it never means "no limit".
 * @returns Base units, within uint128.
 * @throws {InvalidInput} INVALID_AMOUNT: not such a string, zero, negative, more decimals than the token has, too large.
 */
export function parseAmount(
  amount: Amount,
  decimals: number,
  path: string,
  options: { zero?: boolean } = {},
): bigint {
  const refuse = (shortMessage: string, metaMessage: string) =>
    new InvalidInput({
      code: "INVALID_AMOUNT",
      shortMessage,
      metaMessages: [metaMessage],
      details: { path, amount: typeof amount === "bigint" ? String(amount) : amount, decimals },
    });
  if (!Number.isInteger(decimals) || decimals < 0 || decimals > 255)
    throw refuse(`${path}: ${decimals} decimals are not valid.`, "Pass what the token's decimals() returns.");
  if (amount === undefined || amount === null)
    throw refuse(`${path} is missing.`, 'There is no default: pass the limit, for example "1.50".');
  if (typeof amount !== "string")
    throw refuse(
      `${path} must be a string, not a ${typeof amount}.`,
      'Pass the amount in whole tokens as a string, for example "1.50".',
    );
  if (!/^\d+(\.\d+)?$/.test(amount))
    throw refuse(
      `${path} is ${JSON.stringify(amount)}, which is not a positive decimal amount.`,
      'Use digits and at most one decimal point, for example "1.50", without a sign, exponent, comma or unit.',
    );
  const fraction = amount.split(".")[1] ?? "";
  if (fraction.replace(/0+$/, "").length > decimals)
    throw refuse(
      `${path} is ${amount}, but the token has ${decimals} decimals.`,
      `Use at most ${decimals} digits after the decimal point.`,
    );
  const units = parseUnits(amount, decimals);
  if (units === 0n && !options.zero)
    throw refuse(`${path} is zero.`, "Zero does not mean unlimited. Set a limit, or omit the whole budget.");
  if (units > maxUint128)
    throw refuse(`${path} is ${amount}, which does not fit uint128.`, "Stay below 2^128 base units.");
  return units;
}
