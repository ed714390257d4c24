import { Refusal } from "../errors/Refusal.ts";
import { encodeBase64url } from "./base64url.ts";
import { canonicalJson } from "./canonicalJson.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { invalidRequest } from "./invalidRequest.ts";
import { pageUrl } from "./pageUrl.ts";
import { parseHandoffRequest } from "./parseHandoffRequest.ts";

/**
 * The link that an owner opens: the page, and after `#request=` the request in base64url. The fragment after `#` is read
 * only by the page: a browser does not send it to the page's server.
 *
 * @param page `https:` anywhere, `http:` on this machine only.
 * @throws {InvalidInput} INVALID_REQUEST: the page would reject it, or the page's URL is not valid.
 */
export function handoffLink(page: string, request: HandoffRequest): string {
  const url = pageUrl(page);
  const text = canonicalJson(request);
  const link = `${url.href}#request=${encodeBase64url(text)}`;
  // The agent learns here what the owner would only see as a rejection.
  let read: HandoffRequest;
  try {
    parseHandoffRequest(link);
    read = parseHandoffRequest(text);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { faults } = error.details;
    throw invalidRequest(error.shortMessage, faults as readonly string[], ADVICE);
  }
  if (text !== canonicalJson(read)) throw invalidRequest("The request contains unknown members.", [], ADVICE);
  return link;
}

const ADVICE =
  "Every page would reject the request. Correct what the message names before you create a link.";
