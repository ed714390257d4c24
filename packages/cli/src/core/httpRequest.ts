import { UsageError } from "./UsageError.ts";

/** A part of a body, as it was typed. */
export type TypedData = {
  /** `data`: with `@file`, without its line ends; `binary`: with `@file`, as it is; `raw`: as typed. */
  kind: "data" | "binary" | "raw" | "json";
  text: string;
};

/** A request, as curl's users type it. */
export type TypedRequest = {
  url: string;
  method?: string | undefined;
  /** Each as `Name: value`. */
  headers?: readonly string[];
  data?: readonly TypedData[];
};

/** What `fetch` takes. */
export type HttpRequest = { url: string; init: RequestInit & { headers: Headers; method: string } };

/** Methods that `fetch` sends without a body. */
const BODILESS = ["GET", "HEAD"];

/**
 * Makes a request as curl would: data makes it a POST of a form, several parts are joined by `&`.
 *
 * @param read Reads the file of `@file`; `-` is stdin.
 * @throws {UsageError} In one line, what is wrong.
 */
export async function httpRequest(
  { url, method, headers: typed = [], data = [] }: TypedRequest,
  read: (file: string) => Promise<Uint8Array>,
): Promise<HttpRequest> {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`"${url}" is not a URL that starts with https:// or http://`);
  const headers = new Headers();
  const isJson = data.some(({ kind }) => kind === "json");
  if (data.length > 0)
    headers.set("content-type", isJson ? "application/json" : "application/x-www-form-urlencoded");
  if (isJson) headers.set("accept", "application/json");
  for (const line of typed) addHeader(headers, line);
  const chosen = method ?? (data.length > 0 ? "POST" : "GET");
  if (!/^[A-Za-z-]+$/.test(chosen)) throw new UsageError(`"${chosen}" is not a method`);
  if (data.length > 0 && BODILESS.includes(chosen.toUpperCase()))
    throw new UsageError(
      `a ${chosen.toUpperCase()} request has no body: omit the data, or choose another method`,
    );
  if (data.length === 0) return { url, init: { method: chosen, headers } };
  const parts = await Promise.all(data.map((part) => bytesOf(part, read)));
  const separator = Buffer.from(isJson ? "" : "&");
  const body = Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [separator, part])));
  return { url, init: { method: chosen, headers, body } };
}

function addHeader(headers: Headers, line: string): void {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`the header "${line}" is not written as "Name: value"`);
  try {
    if (value === "") headers.delete(name);
    else headers.set(name, value);
  } catch {
    throw new UsageError(`"${name}" cannot be sent as a header with this value`);
  }
}

async function bytesOf(
  { kind, text }: TypedData,
  read: (file: string) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  if (kind === "raw" || !text.startsWith("@")) return Buffer.from(text);
  const bytes = await read(text.slice(1));
  // As curl: a form does not have the line ends of its file.
  return kind === "data" ? bytes.filter((byte) => byte !== 0x0d && byte !== 0x0a && byte !== 0) : bytes;
}
