import { x402Client, x402HTTPClient } from "@x402/core/client";
import type { PaymentPayload, PaymentRequired } from "@x402/core/types";
import type { Address, Hex } from "viem";
import { getBlock } from "../chainActions.ts";
import { Refusal } from "../errors/Refusal.ts";
import { utcText } from "../units/utcText.ts";
import { authorizationStates } from "./authorizationStates.ts";
import { budgetSpendControls } from "./budgetSpendControls.ts";
import { type LatchkeySchemeParameters, latchkeyScheme } from "./latchkeyScheme.ts";
import { headerRefusal, PAYMENT_HEADER } from "./paymentHeader.ts";

/** How an agent pays what it fetches. */
export type PayingFetchParameters = LatchkeySchemeParameters & {
  /** What does the HTTP. Default: the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** How often a payment with an unknown outcome is sent again, the same each time. Default 3. */
  resends?: number;
  /** Milliseconds before the first of these; doubled each time. Default 1,000. */
  resendDelay?: number;
  /** Milliseconds to wait for the answer to a request that carries a payment. Default 90,000, as x402's servers do. */
  timeout?: number;
};

/** Seconds after its end for which a payment that was settled and bought nothing stands for its request. */
const SETTLED_STANDS = 3600;

/** A signed payment of which it is not known that it bought anything. Sent again, it still pays only once. */
type OpenPayment = { payload: PaymentPayload; header: string };

/**
 * A `fetch` that pays: when a server answers 402 with an x402 offer that the session allows, it asks again with a
 * payment from the account. All else is as with `fetch`.
 *
 * One request pays at most once. If its outcome is unknown (the connection broke, or timed out, after the payment was
 * sent), the same payment is sent again: signed once, it can be settled once. Were it signed anew, the first could
 * still be settled too. For the same reason a request that is repeated (same method, address and body) after such a
 * failure, or after an answer other than success, offers the payment that is still open, and nothing else is signed
 * for it until that one has lapsed: a server that has changed its price meanwhile gets its 402 handed on. A payment
 * that was settled, and yet bought nothing, is offered for an hour longer; then the request is a new purchase.
 *
 * Open payments are remembered as long as this function: not over a restart, nor by another call of `payingFetch`.
 *
 * @returns the server's answer; one that is 402 again was not paid, as far as the chain knows
 * @throws {Refusal} before anything is sent: the codes of {@link latchkeyScheme}, and TOO_LARGE for a header over
 * 8,000 bytes; afterwards: OUTCOME_UNKNOWN, whose details say `settled` (true, false, or undefined if the chain did
 * not answer), `nonce`, `validBefore` and the `header`, to be sent by hand
 *
 * @example
 * const pay = payingFetch({ client, key, grant });
 * const answer = await pay("https://api.example.com/forecast");
 */
export function payingFetch(
  parameters: PayingFetchParameters,
): (input: Parameters<typeof fetch>[0], init?: RequestInit) => Promise<Response> {
  const { client, resends = 3, resendDelay = 1000, timeout = 90_000 } = parameters;
  const send = parameters.fetch ?? globalThis.fetch;
  const scheme = latchkeyScheme(parameters);
  const x402 = new x402Client()
    .register(scheme.network, scheme)
    .setSpendControls(budgetSpendControls(scheme.session, scheme.network));
  const http = new x402HTTPClient(x402);
  const open = new Map<string, readonly OpenPayment[]>();

  return async (input, init) => {
    const request = new Request(input, init);
    // Somebody else's payment is somebody else's affair.
    if (request.headers.has(PAYMENT_HEADER) || request.headers.has("X-PAYMENT")) return send(request);
    const identity = await identityOf(request);

    for (;;) {
      const earlier = reopen(identity);
      if (!earlier) break;
      const stands = await stillStands(earlier).catch((error: unknown) => {
        keepOpen(identity, earlier);
        throw error;
      });
      if (stands) return deliver(request, identity, earlier);
    }

    const response = await send(request.clone());
    if (response.status !== 402) return response;
    const required = await paymentRequired(response);
    if (!required) return response;
    await discard(response);
    const payload = await createPayment(required);
    const header = Object.values(http.encodePaymentSignatureHeader(payload))[0] as string;
    const tooLarge = headerRefusal(header);
    if (tooLarge) throw tooLarge;
    return deliver(request, identity, { payload, header });
  };

  /** The offers of a 402 answer; undefined if it has none. */
  async function paymentRequired(response: Response): Promise<PaymentRequired | undefined> {
    const body: unknown = await response
      .clone()
      .json()
      .catch(() => undefined);
    const isOffer =
      response.headers.has("PAYMENT-REQUIRED") ||
      (typeof body === "object" && body !== null && "x402Version" in body);
    if (!isOffer) return undefined;
    try {
      return http.getPaymentRequiredResponse((name) => response.headers.get(name), body);
    } catch (cause) {
      throw new Refusal({
        code: "NOT_OFFERED",
        shortMessage: "The server's payment offer cannot be read.",
        metaMessages: ["Nothing was signed. Tell the merchant."],
        details: { url: response.url },
        cause,
      });
    }
  }

  /** Pays the first offer that the session can pay; else says why not, of the offer that came nearest. */
  async function createPayment(required: PaymentRequired): Promise<PaymentPayload> {
    if (required.x402Version !== 2 || !Array.isArray(required.accepts) || required.accepts.length === 0) {
      throw new Refusal({
        code: "NOT_OFFERED",
        shortMessage: `The server offers nothing in x402 version 2 (but version ${required.x402Version}).`,
        metaMessages: ["Nothing was signed. A session pays by version 2, scheme exact, method eip3009."],
        details: { x402Version: required.x402Version },
      });
    }
    const refusals: Refusal[] = [];
    for (const offer of required.accepts) {
      try {
        // Asked here first, as x402's own selection would lose the reason.
        scheme.checkOffer(offer);
        return await x402.createPaymentPayload({ ...required, accepts: [offer] });
      } catch (error) {
        // Nor is another offer paid once an authorization for this one was seen outside, as its nonce tells.
        if (!(error instanceof Refusal) || error.code === "NETWORK" || "nonce" in error.details) throw error;
        refusals.push(error);
      }
    }
    throw refusals.sort((a, b) => remoteness(a) - remoteness(b))[0] as Refusal;
  }

  /** Takes an open payment of a request, so that a second such request at the same time pays for itself. */
  function reopen(identity: string): OpenPayment | undefined {
    const [payment] = open.get(identity) ?? [];
    if (payment) close(identity, payment);
    return payment;
  }
  function keepOpen(identity: string, payment: OpenPayment): void {
    for (const [key, payments] of open) if (payments.every(isLongOver)) open.delete(key);
    open.set(identity, [...(open.get(identity) ?? []), payment]);
  }
  function close(identity: string, payment: OpenPayment): void {
    const others = (open.get(identity) ?? []).filter((each) => each !== payment);
    if (others.length > 0) open.set(identity, others);
    else open.delete(identity);
  }

  /** Delivers a payment; it stays open unless it is known to have bought something. */
  async function deliver(request: Request, identity: string, payment: OpenPayment): Promise<Response> {
    let bought = false;
    try {
      const response = await insist(request, payment);
      bought = response.ok;
      return response;
    } finally {
      if (!bought) keepOpen(identity, payment);
    }
  }

  /** Sends a payment until the server answers. */
  async function insist(request: Request, payment: OpenPayment): Promise<Response> {
    let cause: unknown;
    for (let attempt = 0; attempt <= resends; attempt++) {
      if (attempt > 0) await new Promise((done) => setTimeout(done, resendDelay * 2 ** (attempt - 1)));
      const paid = request.clone();
      paid.headers.set(PAYMENT_HEADER, payment.header);
      // Only until the answer begins: its body may take as long as it likes.
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(new Error(`no answer in ${timeout} ms`)), timeout);
      let response: Response;
      try {
        response = await send(paid, { signal: AbortSignal.any([request.signal, patience.signal]) });
      } catch (error) {
        // The caller's own wish; the payment stays open.
        if (request.signal.aborted) throw error;
        cause = error;
        continue;
      } finally {
        clearTimeout(timer);
      }
      const { settleResponse } = await http.processPaymentResult(
        payment.payload,
        (name) => response.headers.get(name),
        response.status,
      );
      if (response.ok) return response;
      // A gateway that lost its server tells nothing about the payment.
      if (response.status >= 502 && response.status <= 504 && attempt < resends) {
        await discard(response);
        continue;
      }
      if (response.status !== 402) return response;
      cause = new Error(`The server answered 402: ${settleResponse?.errorReason ?? reasonOf(response)}`);
      // The server does not take it for paid. If the chain does, or has yet to say, then this is no bill to hand on.
      const sent = settleResponse?.transaction !== undefined && settleResponse.transaction !== "";
      if ((await isSettled(payment)) !== false || sent) {
        await discard(response);
        continue;
      }
      // Where the chain does not tell, the server's own answer has to do.
      const refusal = await scheme.refusalOf(payment.payload.accepted).catch(() => undefined);
      if (refusal) throw refusal;
      return response;
    }
    throw refuseOutcome(request, payment, await isSettled(payment), cause);
  }

  /** Whether the token knows the payment's nonce as used. */
  async function nonceUsed({ payload }: OpenPayment): Promise<boolean> {
    const { from, nonce } = authorizationOf(payload);
    const { token } = scheme.checkOffer(payload.accepted).budget;
    const [used] = await authorizationStates(client, { token, account: from, nonces: [nonce] });
    return used === true;
  }
  /** Whether a payment was settled; undefined if the chain does not answer. */
  function isSettled(payment: OpenPayment): Promise<boolean | undefined> {
    return nonceUsed(payment).catch(() => undefined);
  }

  /**
   * Whether an open payment still stands for its request: it can be settled, or it was, not long ago. Once it does
   * not, a repeated request is a new purchase.
   */
  async function stillStands(payment: OpenPayment): Promise<boolean> {
    const { timestamp } = await getBlock(client, { blockTag: "latest" });
    const end = Number(authorizationOf(payment.payload).validBefore);
    if (timestamp < end) return true;
    return timestamp < end + SETTLED_STANDS && nonceUsed(payment);
  }

  function reasonOf(response: Response): string {
    try {
      return http.getPaymentRequiredResponse((name) => response.headers.get(name)).error ?? "no reason given";
    } catch {
      return "no reason given";
    }
  }
}

type Authorization = { from: Address; nonce: Hex; validBefore: string };
/** What {@link latchkeyScheme} put there. */
const authorizationOf = (payload: PaymentPayload) => payload.payload.authorization as Authorization;

/** Lets the connection of an answer go that nobody will read. */
const discard = async (response: Response): Promise<void> => response.body?.cancel().catch(() => {});

/** Whether a payment stands for nothing any more, also by the clock of a chain that lags an hour behind. */
const isLongOver = ({ payload }: OpenPayment): boolean =>
  Number(authorizationOf(payload).validBefore) + SETTLED_STANDS + 3600 < Date.now() / 1000;

/** A request repeated is one with the same method, address and body; headers may carry a time or a trace. */
async function identityOf(request: Request): Promise<string> {
  const body = request.body ? await request.clone().arrayBuffer() : new ArrayBuffer(0);
  const digest = await globalThis.crypto.subtle.digest("SHA-256", body);
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${request.method} ${request.url} ${hex}`;
}

/** Offers for other chains, tokens and methods say less about why a payment failed than one that nearly passed. */
const remoteness = ({ code }: Refusal): number =>
  ["NOT_OFFERED", "WRONG_CHAIN", "UNKNOWN_TOKEN"].includes(code) ? 1 : 0;

function refuseOutcome(
  request: Request,
  { payload, header }: OpenPayment,
  settled: boolean | undefined,
  cause: unknown,
): Refusal {
  const { nonce, validBefore } = authorizationOf(payload);
  const until = utcText(Number(validBefore) + (settled ? SETTLED_STANDS : 0));
  return new Refusal({
    code: "OUTCOME_UNKNOWN",
    shortMessage: settled
      ? `${request.url} was paid, but its answer did not arrive.`
      : `${request.url} did not answer, and may take the payment, if it has not already.`,
    metaMessages: [
      `Until ${until} the same request sends the same payment again, and pays nothing twice.`,
      "details.header is the payment: show it to the merchant as your receipt.",
    ],
    details: { url: request.url, settled, nonce, validBefore: Number(validBefore), header },
    cause,
  });
}
