import { invalidRequest } from "../handoff/invalidRequest.ts";

/**
 * Of any string, in UTF-16 code units: of a justification, the only long text, more than the 1,000 characters that are shown.
 * Everything else that is as long is refused later, cut or not.
 */
const MOST_STRING = 2_002;
const MOST_DEPTH = 8;
const MOST_VALUES = 2_000;

/**
 * A copy of what a site passed, for the schemas to check. Each member is read once: a getter or a proxy cannot answer
 * differently after it was checked. Members that are undefined are left out, as in JSON.
 *
 * @param left How many more values it may have.
 * @throws {InvalidInput} INVALID_REQUEST: too many values, too deep ones, or a member that some readers take for the prototype.
 */
export function plainCopy(value: unknown, left = { values: MOST_VALUES }, depth = 0): unknown {
  if (left.values-- <= 0 || depth > MOST_DEPTH)
    throw invalidRequest("The request has too many values, or too deep ones.");
  if (typeof value === "string") return value.slice(0, MOST_STRING);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value))
    return Array.from({ length: value.length }, (_, index) => plainCopy(value[index], left, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (key === "__proto__") throw invalidRequest("The request has a member named __proto__.");
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) copy[key] = plainCopy(member, left, depth + 1);
  }
  return copy;
}
