import { parseAmount, Refusal } from "@latchkey/sdk";
import { formatUnits } from "viem";

/** What a reader typed into a field of the lowering form: a value, or what is wrong with it. */
export type TypedAmount = { amount: bigint; error?: undefined } | { amount?: undefined; error: string };

/**
 * Reads an amount that a reader typed. A comma counts as a point, since many keyboards have no other; both in one number
 * are refused rather than guessed at.
 *
 * @param text In whole tokens.
 * @param most Base units: what was asked.
 */
export function readAmount(text: string, decimals: number, most: bigint): TypedAmount {
  const written = text.trim().replace(/^\$/, "");
  if (/[.,].*[.,]/.test(written)) return { error: "Write one number, with a point for the cents: 1250.50" };
  try {
    const amount = parseAmount(written.replace(",", "."), decimals, "amount");
    if (amount > most)
      return { error: `At most ${formatUnits(most, decimals)}: values can be lowered, never raised.` };
    return { amount };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { error: `Write a number above 0 with at most ${decimals} decimals, for example 2.50.` };
  }
}
