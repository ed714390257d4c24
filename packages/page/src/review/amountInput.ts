import { parseAmount, Refusal } from "@latchkey/sdk";
import { formatUnits } from "viem";

/** An amount entered in the form: a value, or what is wrong with it. */
export type TypedAmount = { amount: bigint; error?: undefined } | { amount?: undefined; error: string };

/**
 * Parses an amount the user typed. A comma counts as a decimal point, since many keyboards have only that; a number
 * with both is rejected rather than guessed at.
 *
 * @param text In whole tokens.
 * @param most The requested amount, in base units.
 */
export function readAmount(text: string, decimals: number, most: bigint): TypedAmount {
  const written = text.trim().replace(/^\$/, "");
  if (/[.,].*[.,]/.test(written))
    return { error: "Enter one number with a decimal point, for example 1250.50." };
  try {
    const amount = parseAmount(written.replace(",", "."), decimals, "amount");
    if (amount > most)
      return { error: `Enter at most ${formatUnits(most, decimals)}. Limits can be lowered, not raised.` };
    return { amount };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { error: `Enter a number greater than 0 with at most ${decimals} decimals, for example 2.50.` };
  }
}
