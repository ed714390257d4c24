import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * Parses a list, each of its values with a function that gets the value's path.
 *
 * @param path Its path in the caller's arguments, for the message.
 * @throws {InvalidInput} INVALID_INPUT: not a list; or what `parse` throws.
 */
export function parseList<value, parsed>(
  values: readonly value[],
  path: string,
  parse: (value: value, path: string) => parsed,
): parsed[] {
  if (Array.isArray(values)) return values.map((value, index) => parse(value, `${path}[${index}]`));
  throw new InvalidInput({
    code: "INVALID_INPUT",
    shortMessage: values === undefined ? `${path} is missing.` : `${path} is not a list.`,
    metaMessages: ["Pass an array."],
    details: { path },
  });
}
