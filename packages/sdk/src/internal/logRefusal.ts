import { BaseError, HttpRequestError } from "viem";
import { causes } from "../errors/causes.ts";
import { Refusal } from "../errors/Refusal.ts";

/** What to do about a request for logs that failed. */
export type LogRefusal =
  /** Wait and ask the same again: the provider limits how often it is asked. */
  | { kind: "wait"; milliseconds: number | undefined }
  /** It serves no range that is so wide; `most`, in blocks, if it says how wide. */
  | { kind: "tooWide"; most: bigint | undefined }
  /** Too much is in this range, or takes too long. `most` blocks may work. */
  | { kind: "tooMuch"; most: bigint | undefined }
  /** Nobody answered, or with a fault of its own: the same may work a moment later. */
  | { kind: "unreachable" | "fault" };

const TOO_MUCH =
  /results|response size|too many logs|logs? limit|returned more|more than \S+ logs|time[ds]?.?out/i;
const TOO_WIDE = /\b(range|blocks?)\b/i;
const TOO_OFTEN =
  /rate.?limit|too many requests|requests? (count|limit)|per (second|minute|day)|compute units|throughput/i;

/** JSON-RPC codes for requests that come too often; -32005 is also used for limits of the range. */
const BUSY_CODES: readonly unknown[] = [429, -32005, -32007, -32016, -32029];
/** JSON-RPC codes of faults that say nothing about the request. */
const FAULT_CODES: readonly unknown[] = [-1, -32603];
/** A number below this in a provider's words is not a limit of blocks. */
const LEAST = 10n;

/**
 * Reads from an error why a provider returned no logs. Each words it differently, often with a code that has another meaning
 * elsewhere, so the text counts first.
 *
 * @param width How many blocks were asked for.
 */
export function logRefusal(error: unknown, width: bigint): LogRefusal {
  const http = [...causes(error)].find((one): one is HttpRequestError => one instanceof HttpRequestError);
  const status = http?.status;
  const codes = [...causes(error)].map((one) => (one as { code?: unknown }).code);
  const text = [...causes(error)].map(wordsOf).join("\n");
  const isBusy = status === 429 || TOO_OFTEN.test(text);
  if (isBusy) return { kind: "wait", milliseconds: retryAfter(http) };
  if (TOO_MUCH.test(text)) return { kind: "tooMuch", most: suggestedRange(text, width) };
  if (http && status === undefined) return { kind: "unreachable" };
  const isRpc = codes.some((code) => typeof code === "number");
  if (TOO_WIDE.test(text) && (isRpc || status !== undefined))
    return { kind: "tooWide", most: suggestedRange(text, width) ?? namedLimit(text, width) };
  if (codes.some((code) => BUSY_CODES.includes(code))) return { kind: "wait", milliseconds: undefined };
  if (codes.some((code) => FAULT_CODES.includes(code)) || (status !== undefined && status >= 500))
    return { kind: "fault" };
  return isRpc || status !== undefined
    ? { kind: "tooWide", most: undefined }
    : { kind: "tooMuch", most: undefined };
}

/** What the provider said. viem's own message also has what was asked, with its block numbers; a refusal, the status. */
const wordsOf = (error: unknown): string => {
  if (error instanceof Refusal) return "";
  if (error instanceof BaseError) return `${error.shortMessage}\n${error.details}`;
  return error instanceof Error ? error.message : "";
};

/** How long the provider asks to wait, in milliseconds. */
function retryAfter(error: HttpRequestError | undefined): number | undefined {
  const seconds = Number(error?.headers?.get("Retry-After") ?? undefined);
  return seconds > 0 ? seconds * 1000 : undefined;
}

/** The width of a range that the provider says should work: "[0x10, 0x1f]". */
function suggestedRange(text: string, width: bigint): bigint | undefined {
  const [, first, last] = /\[\s*"?(0x[\da-f]+)"?\s*,\s*"?(0x[\da-f]+)"?\s*\]/i.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const most = BigInt(last) - BigInt(first) + 1n;
  return most > 0n && most < width ? most : undefined;
}

/** The largest number in a provider's words that is below what it was asked for: "limited to a 10,000 range", "2K blocks". */
function namedLimit(text: string, width: bigint): bigint | undefined {
  let most: bigint | undefined;
  for (const [, digits = "", thousands] of text.matchAll(/(?<![\w.,-])(\d[\d,_]{0,11})\s?(k)?\b/gi)) {
    const value = BigInt(digits.replace(/[,_]/g, "")) * (thousands ? 1000n : 1n);
    if (value >= LEAST && value < width && (most === undefined || value > most)) most = value;
  }
  return most;
}
