import { invalidRequest } from "./invalidRequest.ts";

const ADVICE = "Pass the address of the page as `page`: https://…, or http:// on this machine.";

/**
 * The address of an owner's page, without what stands behind `#`.
 *
 * @throws {InvalidInput} INVALID_REQUEST: others could change the page on its way, or it is no address.
 */
export function pageUrl(page: string): URL {
  let url: URL;
  try {
    url = new URL(page);
  } catch {
    throw invalidRequest("The page's address is no URL.", [], ADVICE);
  }
  const isOwnMachine = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isOwnMachine))
    throw invalidRequest("The page's address must begin with https://, or be of this machine.", [], ADVICE);
  if (url.username !== "" || url.password !== "")
    throw invalidRequest("The page's address must not hold a user's name or password.", [], ADVICE);
  url.hash = "";
  return url;
}
