import { invalidRequest } from "./invalidRequest.ts";

type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/**
 * The one way to write a value as JSON (RFC 8785): no spaces, names in the order of their UTF-16 code units. Members that
 * are undefined are left out. For values of whole numbers and well-formed strings.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value as Json));
}

function sorted(value: Json): Json {
  if (typeof value === "bigint")
    throw invalidRequest("The request contains a bigint, which JSON does not support.");
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member as Json)]),
  );
}
