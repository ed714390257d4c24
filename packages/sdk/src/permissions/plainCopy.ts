import { invalidRequest } from "../handoff/invalidRequest.ts";

/** The only member that may hold a long text; it is cut. */
const TEXT = "justification";

/** Of a text, in UTF-16 code units: more than 1,000 characters, so that whoever shows it sees that it was cut. */
const MOST_TEXT = 2_002;
const MOST_STRING = 1_000;
const MOST_DEPTH = 8;
const MOST_VALUES = 2_000;

/**
 * A copy of what a site passed, as JSON would hold it. Each member is read once: a getter or a proxy cannot answer
 * differently after it was checked. Members that are undefined are left out.
 *
 * @param left How many more values it may have.
 * @throws {InvalidInput} INVALID_REQUEST: too much, too deep, or not JSON.
 */
export function plainCopy(value: unknown, left = { values: MOST_VALUES }, depth = 0, name = ""): unknown {
  if (left.values-- <= 0 || depth > MOST_DEPTH) throw unreadable("it has too many values, or too deep ones");
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "string") return shortened(value, name);
  if (typeof value !== "object") throw unreadable("it has a value that JSON does not support");
  if (Array.isArray(value)) {
    const { length } = value;
    if (length > left.values) throw unreadable("it has too many values, or too deep ones");
    return Array.from({ length }, (_, index) => plainCopy(value[index], left, depth + 1));
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (key === "__proto__") throw unreadable("a member is named __proto__");
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) copy[key] = plainCopy(member, left, depth + 1, key);
  }
  return copy;
}

function shortened(text: string, name: string): string {
  if (text.length <= MOST_STRING) return text;
  if (name === TEXT) return text.slice(0, MOST_TEXT);
  throw unreadable("it has a text that is too long");
}

const unreadable = (flaw: string) => invalidRequest(`The request cannot be read: ${flaw}.`);
