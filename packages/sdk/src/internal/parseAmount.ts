import { maxUint128, parseUnits } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * An amount of a token as people write it: digits, and a point if need be: `"20"`, `"0.25"`. A string, because a
 * JavaScript number cannot hold every amount and a bigint does not say which unit it is in.
 */
export type Amount = string;

/**
 * Turns an amount as people write it into base units.
 *
 * @param amount For example `"0.25"`.
 * @param decimals Of the token; 18 for the native coin.
 * @param path Where the amount stands in what the caller passed, for the message.
 * @param options.zero Whether zero is an amount here. Elsewhere it is refused, because it never means "no limit".
 * @returns Base units, within uint128.
 * @throws {InvalidInput} INVALID_AMOUNT: no such string, zero, negative, more decimals than the token has, too large.
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
    throw refuse(`${path}: no token has ${decimals} decimals.`, "Pass what the token says of its decimals.");
  if (amount === undefined || amount === null)
    throw refuse(`${path} is missing.`, 'There is no default: write the limit, for example "1.50".');
  if (typeof amount !== "string")
    throw refuse(
      `${path} must be a string, not a ${typeof amount}.`,
      'Write the amount in whole tokens between quotes, for example "1.50".',
    );
  if (!/^\d+(\.\d+)?$/.test(amount))
    throw refuse(
      `${path} is ${JSON.stringify(amount)}, which is no positive decimal amount.`,
      'Use digits and at most one point, for example "1.50"; no sign, exponent, comma or unit.',
    );
  const fraction = amount.split(".")[1] ?? "";
  if (fraction.replace(/0+$/, "").length > decimals)
    throw refuse(
      `${path} is ${amount}, but the token has only ${decimals} decimals.`,
      `Give at most ${decimals} digits after the point.`,
    );
  const units = parseUnits(amount, decimals);
  if (units === 0n && !options.zero)
    throw refuse(
      `${path} is zero.`,
      "Zero does not mean unlimited. Name the most that may be spent, or leave the whole budget out.",
    );
  if (units > maxUint128)
    throw refuse(`${path} is ${amount}, more than the chain can count.`, "Stay below 2^128 base units.");
  return units;
}
