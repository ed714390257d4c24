import { type Hex, keccak256, slice, stringToHex } from "viem";
import { decodeBase64url } from "./base64url.ts";
import { canonicalJson } from "./canonicalJson.ts";
import { HANDOFF_VERSION, type HandoffRequest } from "./HandoffRequest.ts";
import { invalidRequest } from "./invalidRequest.ts";
import { joinPermissions } from "./joinPermissions.ts";
import { parseStrictJson } from "./parseStrictJson.ts";
import { replacedGrant } from "./replacedGrant.ts";
import { permissionsSchema, requestSchema } from "./requestSchema.ts";
import { schemaFaults } from "./schemaFaults.ts";

/** Of JSON, in UTF-16 code units: the largest session takes two thirds of it. */
const MOST_JSON = 64 * 1024;
/** Of a link: the JSON in base64url, after the page's URL. */
const MOST_TEXT = 96 * 1024;
/** The name of a request without one. */
const UNNAMED = "unnamed";

/**
 * Parses someone else's request: an agent's link, its fragment, or bare JSON, either a
 * {@link HandoffRequest} or the array of ERC-7715 that a wallet gets (which has no name, so it is `unnamed`,
 * no nonce, so it gets one from its text, and is answered as ERC-7715 says).
 *
 * Anything unknown is rejected: members, types, rules, two members with the same
 * name. The result can become a session, with {@link requestedSession}. The name and the justifications are claims,
 * and may contain control and bidirectional characters: be careful when you show them.
 *
 * @throws {InvalidInput} INVALID_REQUEST with the first faults in `details.faults`.
 */
export function parseHandoffRequest(text: string): HandoffRequest {
  if (typeof text !== "string") throw invalidRequest("The request is not a string.");
  if (text.length > MOST_TEXT) throw invalidRequest("The request is too long.");
  const json = jsonIn(text.trim());
  if (json.length > MOST_JSON) throw invalidRequest("The request is too long.");
  const read = parseStrictJson(json);
  if ("flaw" in read) throw invalidRequest(`The request cannot be read: ${read.flaw}.`);
  const request = Array.isArray(read.value) ? ofWallet(read.value) : ofAgent(read.value);
  joinPermissions(request);
  replacedGrant(request);
  return request;
}

function ofAgent(json: unknown): HandoffRequest {
  const version = typeof json === "object" && json !== null && "version" in json ? json.version : undefined;
  if (typeof version === "number" && version !== HANDOFF_VERSION)
    throw invalidRequest("The request has another version than this page supports.");
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) throw invalidRequest("The request is malformed.", schemaFaults(parsed.error));
  return parsed.data;
}

function ofWallet(json: unknown): HandoffRequest {
  const parsed = permissionsSchema.safeParse(json);
  if (!parsed.success) throw invalidRequest("The request is malformed.", schemaFaults(parsed.error));
  const nonce: Hex = slice(keccak256(stringToHex(canonicalJson(parsed.data))), 0, 16);
  return { version: HANDOFF_VERSION, name: UNNAMED, nonce, answer: "erc7715", permissions: parsed.data };
}

function jsonIn(text: string): string {
  if (text.startsWith("{") || text.startsWith("[")) return text;
  const encoded = /^(?:[^#]*#|)request=(.*)$/s.exec(text)?.[1];
  if (encoded === undefined) throw invalidRequest("The link contains no request.");
  const json = decodeBase64url(encoded);
  if (json === undefined) throw invalidRequest("The link is damaged: it may be truncated.");
  return json;
}
