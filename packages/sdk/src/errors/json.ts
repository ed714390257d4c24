/** A copy of an object as JSON holds it: every bigint as a decimal string, at any depth. */
export const jsonOf = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one)) ?? "null");

/**
 * Makes a result with bigints, and every object in it, work with `JSON.stringify`, so that an agent can log it: bigints
 * become decimal strings there, and stay bigints in memory. The added method is not enumerable, so it is not copied,
 * compared or cloned.
 *
 * @param value A new result, which is changed and returned.
 */
export function loggable<value>(value: value): value {
  if (Array.isArray(value)) for (const one of value) loggable(one);
  else if (isPlain(value) && !("toJSON" in value) && Object.isExtensible(value)) {
    for (const member of Object.values(value)) loggable(member);
    Object.defineProperty(value, "toJSON", {
      value(this: object) {
        // The copy has no such method, which would recurse.
        return jsonOf({ ...this });
      },
      // A copy made by hand may define its own.
      writable: true,
      configurable: true,
    });
  }
  return value;
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/**
 * Parses JSON from a file: editors on Windows may write a byte order mark first, which `JSON.parse` rejects.
 *
 * @throws {SyntaxError}
 */
export const parseJson = (text: string): unknown => JSON.parse(text.replace(/^\uFEFF/, ""));
