import { isRefusal, latchkeyScheme, type Refusal, sessionStatus } from "@latchkey/sdk";
import { x402Client, x402HTTPClient } from "@x402/core/client";
import type { PaymentRequired, PaymentRequirements } from "@x402/core/types";
import { type Address, formatUnits, getAddress, isAddress, isAddressEqual } from "viem";
import * as z from "zod";
import type { OpenSession, OpenSource } from "../AgentSource.ts";
import { defineTool } from "../defineTool.ts";
import { readBody } from "../readBody.ts";
import { refusalOf } from "../refusalOf.ts";
import { refusalShape, ToolFailure } from "../ToolRefusal.ts";
import { untrusted, untrustedSchema } from "../untrusted.ts";
import { requestInput, requestOf } from "./requestInput.ts";

/** Most offers that are looked at. */
const MOST_OFFERS = 10;
/** In characters. */
const MOST_TEXT = 2000;

const offerSchema = z.object({
  price: z.string().describe("With its unit."),
  token: z.string().nullable(),
  to: z.string().nullable().describe("Who would be paid."),
  network: z.string(),
  payable: z.boolean().describe("Whether the session can pay it, as far as can be said without paying."),
  available: z.string().optional().describe("What the budget has left for any payment, with its unit."),
  why: z
    .object(refusalShape)
    .omit({ untrusted: true })
    .partial()
    .optional()
    .describe("Why it cannot be paid."),
});

/** What something costs, without paying. */
export const checkPrice = (source: OpenSource) =>
  defineTool(
    {
      name: "check_price",
      title: "Check a price",
      description:
        "Makes a request without paying, and shows what the server asks for: each offer, whether your limits allow it, and if not, why. " +
        "Works without a session too. The server sees an ordinary request, so a POST may have effects if it is free.",
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
      input: z.strictObject(requestInput),
      output: {
        free: z.boolean().describe("Whether the server responded without asking for payment."),
        status: z.number(),
        offers: z.array(offerSchema).describe("In the server's order."),
        untrusted: untrustedSchema.describe("What the server says about it, or the start of its response."),
      },
      async run({ url, ...request }, { signal }) {
        const options = await source.options();
        const { origin } = new URL(url);
        let response: Response;
        try {
          response = await (options.fetch ?? globalThis.fetch)(url, { ...requestOf(request), signal });
        } catch (error) {
          signal.throwIfAborted();
          throw new ToolFailure({
            code: "UNREACHABLE",
            message: "The server could not be reached.",
            whatToDo: ["Check the URL, or try later."],
            retryable: true,
            untrusted: untrusted(origin, error instanceof Error ? error.message : "no reason given", 300),
          });
        }
        const { status } = response;
        const { text } = await readBody(response, 250_000, signal);
        if (status !== 402)
          return { free: response.ok, status, offers: [], untrusted: untrusted(origin, text, MOST_TEXT) };
        const required = requiredBy(response, text);
        if (!required)
          throw new ToolFailure({
            code: "NOT_OFFERED",
            message: "The server asks for payment, but not by x402.",
            whatToDo: ["It cannot be paid with these tools. Use another server."],
            retryable: false,
            status,
            untrusted: untrusted(origin, text, MOST_TEXT),
          });
        const session = await source.session().catch((error: unknown) => error);
        const { x402Version, accepts } = required;
        const judge = judgeOf(session as OpenSession | Error, x402Version);
        const offers = await Promise.all(accepts.slice(0, MOST_OFFERS).map(judge));
        return { free: false, status, offers, untrusted: untrusted(origin, wordsOf(required), MOST_TEXT) };
      },
    },
    source,
  );

/** The offers of a 402 response, by its header or its body. */
function requiredBy(response: Response, text: string): PaymentRequired | undefined {
  try {
    const body: unknown = response.headers.has("PAYMENT-REQUIRED") ? undefined : JSON.parse(text);
    const required = new x402HTTPClient(new x402Client()).getPaymentRequiredResponse(
      (name) => response.headers.get(name),
      body,
    );
    return Array.isArray(required.accepts) && required.accepts.length > 0 ? required : undefined;
  } catch {
    return undefined;
  }
}

/** Judges the offers of one response: the session is looked up once, and only if it could pay one. */
function judgeOf(session: OpenSession | Error, x402Version: number) {
  if (session instanceof Error)
    return async (offer: PaymentRequirements) => ({
      ...(await factsOf(offer, session)),
      payable: false,
      why: await whyOf(session, undefined),
    });
  const { client, key, grant } = session;
  let scheme: ReturnType<typeof latchkeyScheme> | undefined;
  let status: ReturnType<typeof sessionStatus> | undefined;
  const once = {
    scheme() {
      scheme ??= latchkeyScheme({ client, key, grant });
      return scheme;
    },
    status() {
      status ??= sessionStatus(client, grant);
      return status;
    },
  };
  return (offer: PaymentRequirements) => judge(offer, x402Version, session, once);
}

async function judge(
  offer: PaymentRequirements,
  x402Version: number,
  session: OpenSession,
  once: { scheme(): ReturnType<typeof latchkeyScheme>; status(): ReturnType<typeof sessionStatus> },
) {
  const facts = await factsOf(offer, session);
  const { units } = session;
  try {
    const scheme = once.scheme();
    const { amount, budgetIndex } = scheme.checkOffer(offer, x402Version);
    const refusal = await scheme.refusalOf(offer, x402Version);
    if (refusal) throw refusal;
    const { budgets, active, reasons } = await once.status();
    const budget = budgets[budgetIndex];
    const unit = budget && (await units(budget.token));
    const available = budget && unit && `${formatUnits(budget.remaining, unit.decimals)} ${unit.symbol}`;
    // A part of what is reserved may still pay by signature, so this alone does not refuse.
    return {
      ...facts,
      payable: active && (!budget || amount <= budget.released),
      ...(available !== undefined && { available }),
      ...(!active && reasons[0] && { why: { code: reasons[0] } }),
    };
  } catch (error) {
    if (isRefusal(error, "NETWORK")) throw error;
    return { ...facts, payable: false, why: await whyOf(error, units) };
  }
}

async function whyOf(error: unknown, units: OpenSession["units"] | undefined) {
  const { ok: _, untrusted: __, ...why } = await refusalOf(error as Refusal, units);
  return why;
}

/** What an offer says of itself, where it is well-formed: a shop can write anything into its fields. */
async function factsOf(offer: PaymentRequirements, session: OpenSession | Error) {
  const { asset, payTo, network, amount, maxAmountRequired } = Object(offer) as Record<string, unknown>;
  const units = amount ?? maxAmountRequired;
  const token = isAddressText(asset) ? getAddress(asset) : null;
  const isAmount = typeof units === "string" && /^\d{1,78}$/.test(units);
  const known =
    token &&
    !(session instanceof Error) &&
    session.grant.session.budgets.some((budget) => isAddressEqual(budget.token, token));
  const unit = known ? await session.units(token) : undefined;
  return {
    price: !isAmount
      ? "(malformed)"
      : unit
        ? `${formatUnits(BigInt(units), unit.decimals)} ${unit.symbol}`
        : `${units} base units of ${token ?? "an unknown token"}`,
    token,
    to: isAddressText(payTo) ? getAddress(payTo) : null,
    network:
      typeof network === "string" && /^(eip155:\d{1,20}|[a-z]{2,12}(-[a-z]{2,12})?)$/.test(network)
        ? network
        : "(unknown)",
  };
}

const isAddressText = (text: unknown): text is Address =>
  typeof text === "string" && isAddress(text, { strict: false });

/** A shop's own words about what it sells. */
function wordsOf({ error, resource, accepts }: PaymentRequired): string {
  const first = Object(accepts[0]) as { description?: unknown };
  const words = [Object(resource).description, first.description, error];
  return words.filter((word) => typeof word === "string").join("\n");
}
