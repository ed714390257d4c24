import { BaseError } from "viem";
import { causes } from "./causes.ts";
import { errorText } from "./errorText.ts";
import { Refusal } from "./Refusal.ts";

/**
 * The refusal for a failed request to the node. It names the node's origin and the cause. Providers put their users' keys
 * into the path, the query or the credentials of a URL, so no message contains these.
 *
 * @param error What was caught, or the part of it that shows the failure.
 * @param options.said One sentence: what went wrong. Default: from the error and its causes.
 * @param options.url The node's URL, if the error does not contain it.
 * @param options.cause The underlying error. Default: `error`.
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
  const node = origin ? `The node (${origin})` : "The node";
  return new Refusal({
    ...errorText("NETWORK"),
    shortMessage: said
      ? `${node} ${said}.`
      : `The request to ${lowerFirst(node)} failed: ${reasonOf(error, status)}.`,
    details: { ...(origin ? { origin } : {}), ...(status === undefined ? {} : { status }) },
    cause,
  });
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** What went wrong, from the outside in: viem's sentence, the HTTP status, and the system's own error. */
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

/** Some of viem's errors have the URL only in their text. */
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
