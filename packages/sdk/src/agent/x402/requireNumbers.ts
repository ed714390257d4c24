import { InvalidInput } from "../../errors/InvalidInput.ts";

/** Numeric options: each is omitted, or at least `least`. */
type Options = { readonly [name: string]: { value: number | undefined; least: number; whole?: boolean } };

/**
 * Checks numeric options: NaN would mean no wait, no attempt or no end.
 *
 * @throws {InvalidInput} INVALID_LIMIT
 */
export function requireNumbers(options: Options): void {
  for (const [name, { value, least, whole = false }] of Object.entries(options)) {
    if (value === undefined) continue;
    if (Number.isFinite(value) && value >= least && (!whole || Number.isInteger(value))) continue;
    throw new InvalidInput({
      code: "INVALID_LIMIT",
      shortMessage: `${name} must be a ${whole ? "whole " : ""}number of at least ${least}, not ${value}.`,
      metaMessages: [`Omit ${name} to use its default.`],
      details: { path: name, value },
    });
  }
}
