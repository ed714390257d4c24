import { Refusal } from "@latchkey/sdk";
import type { PaymentRequired, SettleResponse } from "@x402/core/types";

/** Where x402 has a payment in the `_meta` of a tool call. */
export const PAYMENT = "x402/payment";

/** Where x402 has the receipt in the `_meta` of a result. */
const RECEIPT = "x402/payment-response";

/** Around an offer in servers that follow earlier editions of x402. */
const WRAPPER = "x402/error";

/** Most characters of an offer that are read, as by HTTP. */
const LARGEST_OFFER = 1_000_000;

/** Most characters of a receipt that are kept: by HTTP a header has no more. */
const LARGEST_RECEIPT = 16_000;

/** The result of a tool call, as far as payments are concerned. A server may write whatever it likes there. */
export type ToolAnswer = {
  isError?: unknown;
  structuredContent?: unknown;
  content?: unknown;
  _meta?: unknown;
};

/**
 * What a server asks for a tool call: only in a result that is an error, as a tool may well return offers that are not its own.
 *
 * x402 writes an offer twice: as structured content, and as the text of the first part.
 *
 * @returns What there is of the two, structured content first, not checked.
 */
export function offersIn({ isError, structuredContent, content }: ToolAnswer): PaymentRequired[] {
  if (isError !== true) return [];
  return [asOffer(structuredContent), asOffer(textOf(content))].filter((offer) => offer !== undefined);
}

/** @throws {Refusal} OFFER_MALFORMED: the offers ask for different payments. */
export function requireOneOffer(offers: readonly PaymentRequired[]): void {
  if (new Set(offers.map(({ x402Version, accepts }) => canonicalJson({ x402Version, accepts }))).size < 2)
    return;
  throw new Refusal({
    code: "OFFER_MALFORMED",
    shortMessage: "The server asks for one payment by structured content, and for another one by text.",
    metaMessages: ["Nothing was signed. Tell the merchant: both must be the same."],
    details: { field: "structuredContent" },
  });
}

/**
 * What a server asks by a JSON-RPC error, as version 1 of x402 has it.
 *
 * @returns Not checked; undefined if it asks for nothing.
 */
export function offerInError(error: unknown): PaymentRequired | undefined {
  const { code, data } = Object(error);
  return code === 402 ? asOffer(data) : undefined;
}

/** The receipt in a result, or in the offer by which a payment was declined; undefined if there is none. */
export function receiptIn(
  { _meta }: ToolAnswer,
  offer: PaymentRequired | undefined,
): SettleResponse | undefined {
  const receipt: unknown = Object(_meta)[RECEIPT] ?? Object(offer)[RECEIPT];
  return isObject(receipt) && fits(receipt, LARGEST_RECEIPT) ? (receipt as SettleResponse) : undefined;
}

/** JSON with the members of every object in order: equal values have the same text. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    isObject(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value has at most so many characters as JSON. What is nested too deep to be written has more. */
function fits(value: unknown, characters: number): boolean {
  try {
    return JSON.stringify(value).length <= characters;
  } catch {
    return false;
  }
}

function asOffer(value: unknown): PaymentRequired | undefined {
  if (!isObject(value)) return undefined;
  const wrapped = value[WRAPPER];
  const offer = isObject(wrapped) ? wrapped.data : value;
  const isOffer = isObject(offer) && "x402Version" in offer && fits(offer, LARGEST_OFFER);
  return isOffer ? (offer as unknown as PaymentRequired) : undefined;
}

/** The JSON in the first part of a result's content, if it is text. */
function textOf(content: unknown): unknown {
  const text: unknown = Array.isArray(content) ? Object(content[0]).text : undefined;
  if (typeof text !== "string" || text.length > LARGEST_OFFER) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
