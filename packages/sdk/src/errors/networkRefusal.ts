import { BaseError } from "viem";
import { causes } from "./causes.ts";
import { Refusal } from "./Refusal.ts";

/**
 * The refusal for a chain that could not be asked. It names the node's origin and the cause. Providers put their users'
 * keys into the path, the query or the credentials of a URL: what stands there is in no message.
 *
 * @param error What was caught, or the part of it that says so.
 * @param options.said One clause: what went wrong. Default: what the error and its causes say.
 * @param options.url Of the node, where the error does not tell it.
 * @param options.cause The error underneath. Default: `error`.
 */
export function networkRefusal(
  error: unknown,
  { said, url, cause = error }: { said?: string; url?: string | undefined; cause?: unknown } = {},
): Refusal {
  const told = [...causes(error)].map((one) => property(one, "url")).find((one) => typeof one === "string");
  const origin = originOf(told ?? urlIn(error) ?? url);
  const status = [...causes(error)]
    .map((one) => property(one, "status"))
    .find((one) => typeof one === "number");
  const reason = said ?? reasonOf(error, status);
  return new Refusal({
    code: "NETWORK",
    shortMessage: `The chain could not be asked${origin ? ` (${origin})` : ""}: ${reason}.`,
    metaMessages: ["Check the client's transport, and ask again."],
    details: { ...(origin ? { origin } : {}), ...(status === undefined ? {} : { status }) },
    cause,
  });
}

/** What went wrong, from the outside in: viem's sentence, the HTTP status, and what the system said underneath. */
function reasonOf(error: unknown, status: unknown): string {
  const parts: string[] = [];
  const add = (text: unknown) => {
    if (typeof text !== "string") return;
    const line = withoutUrls(text.split("\n")[0] ?? "").replace(/[.:\s]+$/, "");
    if (line && !parts.some((part) => part.includes(line))) parts.push(line);
  };
  const [outer] = causes(error);
  add(outer instanceof BaseError ? outer.shortMessage : property(outer, "message"));
  if (status !== undefined) parts.push(`status ${status}`);
  for (const one of causes(error)) {
    if (one instanceof BaseError) add(one.details);
    else add(property(one, "message"));
    add(property(one, "code"));
  }
  return parts.slice(0, 4).join(", ");
}

const property = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined;

/** viem writes the URL of some errors into their text alone. */
function urlIn(error: unknown): string | undefined {
  for (const one of causes(error)) {
    const message = property(one, "message");
    const url = typeof message === "string" ? /^URL: (\S+)/m.exec(message)?.[1] : undefined;
    if (url) return url;
  }
  return undefined;
}

const originOf = (url: unknown): string | undefined => {
  if (typeof url !== "string" || !URL.canParse(url)) return undefined;
  const { protocol, host } = new URL(url);
  return host ? `${protocol}//${host}` : undefined;
};

const withoutUrls = (text: string): string =>
  text.replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'`<>)\]]+/gi, (url) => originOf(url) ?? "a URL");
