import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * Reads a list, each of its values by a function that is told where the value stands.
 *
 * @param path Where the list stands in what the caller passed, for the message.
 * @throws {InvalidInput} INVALID_INPUT: no list; or what `parse` throws.
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
