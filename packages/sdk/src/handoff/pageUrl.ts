import { invalidRequest } from "./invalidRequest.ts";

const ADVICE = "Pass the page's URL as `page`: https://…, or http:// on this machine.";

/**
 * The URL of an owner's page, without its fragment.
 *
 * @throws {InvalidInput} INVALID_REQUEST: the page could be changed in transit, or it is not a URL.
 */
export function pageUrl(page: string): URL {
  let url: URL;
  try {
    url = new URL(page);
  } catch {
    throw invalidRequest("The page's URL is not valid.", [], ADVICE);
  }
  const isOwnMachine = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isOwnMachine))
    throw invalidRequest("The page's URL must start with https://, or be on this machine.", [], ADVICE);
  if (url.username !== "" || url.password !== "")
    throw invalidRequest("The page's URL must not contain a user name or a password.", [], ADVICE);
  url.hash = "";
  return url;
}
