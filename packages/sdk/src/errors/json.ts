/** What JSON carries of an object: every bigint as a decimal string, at any depth. */
export const jsonOf = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, one) => (typeof one === "bigint" ? String(one) : one)) ?? "null");

/**
 * Lets `JSON.stringify` take a result that holds bigints, and every object in it, so that an agent can log it: they become
 * decimal strings there, and stay bigints in memory. What makes it so is not enumerable: it is not copied, compared or
 * cloned.
 *
 * @param value A result, just made: it is this very object that is given back.
 */
export function loggable<value>(value: value): value {
  if (Array.isArray(value)) for (const one of value) loggable(one);
  else if (isPlain(value) && !("toJSON" in value) && Object.isExtensible(value)) {
    for (const member of Object.values(value)) loggable(member);
    Object.defineProperty(value, "toJSON", {
      value(this: object) {
        // A copy has no such function, which would only come back here.
        return jsonOf({ ...this });
      },
      // A copy made by hand may still have another.
      writable: true,
      configurable: true,
    });
  }
  return value;
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/**
 * Reads JSON as files hold it: editors on Windows put a byte order mark before it, which `JSON.parse` does not take.
 *
 * @throws {SyntaxError}
 */
export const parseJson = (text: string): unknown => JSON.parse(text.replace(/^\uFEFF/, ""));
