import * as Json from "ox/Json";
import { invalidRequest } from "./invalidRequest.ts";

/**
 * The one way to write a request as JSON (RFC 8785). Members that are undefined are left out.
 *
 * @throws {InvalidInput} INVALID_REQUEST: it holds a bigint, an infinite number or NaN.
 */
export function canonicalJson(value: unknown): string {
  try {
    return Json.canonicalize(value);
  } catch {
    throw invalidRequest("The request holds a bigint or a number that JSON does not support.");
  }
}
