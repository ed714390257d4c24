import { x402Client, x402HTTPClient } from "@x402/core/client";
import type { PaymentPayload, PaymentRequired } from "@x402/core/types";
import { Refusal } from "../../errors/Refusal.ts";
import { utcText } from "../../errors/utcText.ts";
import { pause } from "../../internal/pause.ts";
import { unlessAborted } from "../../internal/unlessAborted.ts";
import { type AuthorizationFate, authorizationFate, type SignedAuthorization } from "./authorizationFate.ts";
import { budgetSpendControls } from "./budgetSpendControls.ts";
import { type LatchkeySchemeParameters, latchkeyScheme } from "./latchkeyScheme.ts";
import { offerBody } from "./offerBody.ts";
import { headerRefusal, PAYMENT_HEADER } from "./paymentHeader.ts";
import { requestIdentity } from "./requestIdentity.ts";
import { requireNumbers } from "./requireNumbers.ts";
import { sendRequest } from "./sendRequest.ts";

/** Options of {@link payingFetch}. */
export type PayingFetchParameters = LatchkeySchemeParameters & {
  /**
   * The underlying `fetch`, called with a URL and options: also undici's, with its own agents and proxies. Default: the
   * global one.
   */
  fetch?: typeof globalThis.fetch;
  /** How often a payment with an unknown outcome is resent, the same each time. Default: 3. */
  resends?: number;
  /** Milliseconds before the first of these; doubled each time. Default: 1,000. */
  resendDelay?: number;
  /** Milliseconds to wait for the response to a request with a payment. Default: 90,000, as x402's servers do. */
  timeout?: number;
};

/** Seconds after its expiry for which a settled payment that bought nothing is offered for its request. */
const SETTLED_STANDS = 3600;

/** Payments in a row that may be lost to agents that share the session, but not its store. */
const MOST_COLLISIONS = 3;

/** A signed payment that may not have bought anything yet. Resent, it still pays only once. */
type OpenPayment = { payload: PaymentPayload; header: string };

/**
 * A `fetch` that pays: if a server responds with 402 and an x402 offer that the session allows, it repeats the request with
 * a payment from the account. Otherwise it works as `fetch`.
 *
 * One request pays at most once. If its outcome is unknown (the connection failed, or timed out, after the payment was
 * sent), the same payment is resent: signed once, it can settle only once. With a new signature, the first could
 * still settle too. For the same reason a request that is repeated (same method, URL and body) after such a
 * failure, or after a response other than success, offers the pending payment, and nothing else is signed
 * for it until that one has expired: if the server has changed its price meanwhile, its 402 is returned. A payment
 * that settled, but bought nothing, is offered for another hour; then the request is a new purchase. A
 * payment whose slot another agent has used can never settle: a new one is signed, for another slot, up to three times.
 *
 * Two forms with equal fields are the same request, whatever their boundary is. A request whose signal aborts
 * signs nothing more; a payment that was already signed stays pending.
 *
 * Pending payments are remembered as long as this function exists: not over a restart, nor by another call of `payingFetch`.
 *
 * @returns The server's response; a second 402 was not paid, as far as the chain shows.
 * @throws {Refusal} Before anything is sent: INVALID_LIMIT for an option, the codes of {@link latchkeyScheme}, and
 * TOO_LARGE for a header over 8,000 bytes; afterwards: OUTCOME_UNKNOWN, with the details `settled` (true, false, or
 * undefined if the chain does not show it), `nonce`, `validBefore` and the `header`, to resend it yourself.
 *
 * @example
 * const pay = payingFetch({ client, key, grant });
 * const answer = await pay("https://api.example.com/forecast");
 */
export function payingFetch(
  parameters: PayingFetchParameters,
): (input: Parameters<typeof fetch>[0], init?: RequestInit) => Promise<Response> {
  const { client, resends = 3, resendDelay = 1000, timeout = 90_000 } = parameters;
  requireNumbers({
    resends: { value: resends, least: 0, whole: true },
    resendDelay: { value: resendDelay, least: 0 },
    timeout: { value: timeout, least: 1 },
  });
  const send = parameters.fetch ?? globalThis.fetch;
  const scheme = latchkeyScheme(parameters);
  const spendControls = budgetSpendControls(scheme.session, scheme.network);
  /** x402's own client; it passes the signal to the scheme. */
  const clientFor = (signal: AbortSignal) =>
    new x402Client()
      .register(scheme.network, {
        ...scheme,
        createPaymentPayload: (version, requirements, context) =>
          scheme.createPaymentPayload(version, requirements, { ...context, signal }),
      })
      .setSpendControls(spendControls);
  const http = new x402HTTPClient(new x402Client());
  const open = new Map<string, readonly OpenPayment[]>();

  return async (input, init) => {
    const request = new Request(input, await buffered(init));
    // The caller's own payment is left alone.
    if (request.headers.has(PAYMENT_HEADER) || request.headers.has("X-PAYMENT"))
      return sendRequest(send, request);
    const { signal } = request;
    signal.throwIfAborted();
    // A free request is not hashed, however large its body is.
    let identified: Promise<string> | undefined;
    const identify = () => (identified ??= requestIdentity(request));

    for (let collisions = 0; collisions < MOST_COLLISIONS; ) {
      const earlier = open.size > 0 ? reopen(await identify()) : undefined;
      if (earlier) {
        let standing: boolean;
        try {
          standing = await unlessAborted(signal, stillStands(earlier));
        } catch (error) {
          keepOpen(await identify(), earlier);
          throw error;
        }
        if (!standing) continue;
      }
      const { payment, answer } = earlier ? { payment: earlier } : await newPayment(request, identify);
      if (!payment) return answer;
      const response = await deliver(request, await identify(), payment);
      if (response) return response;
      collisions++;
    }
    throw refuseCollision(request);
  };

  /** A payment for a request; the server's response if it requires none. */
  async function newPayment(
    request: Request,
    identify: () => Promise<string>,
  ): Promise<{ payment: OpenPayment; answer?: never } | { payment?: never; answer: Response }> {
    const answer = await sendRequest(send, request);
    const required = answer.status === 402 ? await paymentRequired(answer, request.signal) : undefined;
    if (!required) return { answer };
    discard(answer);
    const identity = await identify();
    const creating = createPayment(required, request.signal).then(openPayment);
    try {
      return { payment: await unlessAborted(request.signal, creating) };
    } catch (error) {
      // A node knows a payment that is completed nevertheless.
      if (request.signal.aborted) creating.then((payment) => keepOpen(identity, payment)).catch(() => {});
      throw error;
    }
  }

  function openPayment(payload: PaymentPayload): OpenPayment {
    const header = Object.values(http.encodePaymentSignatureHeader(payload))[0] as string;
    const tooLarge = headerRefusal(header);
    if (tooLarge) throw tooLarge;
    return { payload, header };
  }

  /** The offers of a 402 response; undefined if it has none. */
  async function paymentRequired(
    response: Response,
    signal: AbortSignal,
  ): Promise<PaymentRequired | undefined> {
    const inHeader = response.headers.has("PAYMENT-REQUIRED");
    const body = inHeader ? undefined : await unlessAborted(signal, offerBody(response, timeout));
    if (!inHeader && body === undefined) return undefined;
    try {
      return http.getPaymentRequiredResponse((name) => response.headers.get(name), body);
    } catch (cause) {
      throw new Refusal({
        code: "OFFER_MALFORMED",
        shortMessage: "The server's payment offer cannot be read.",
        metaMessages: ["Nothing was signed. Tell the merchant."],
        details: { url: response.url },
        cause,
      });
    }
  }

  /** Pays the first offer that the session can pay; otherwise throws the reason for the closest offer. */
  async function createPayment(required: PaymentRequired, signal: AbortSignal): Promise<PaymentPayload> {
    const x402 = clientFor(signal);
    if (required.x402Version !== 2) {
      throw new Refusal({
        code: "NOT_OFFERED",
        shortMessage: `The server uses x402 version ${required.x402Version}; only version 2 is supported.`,
        metaMessages: ["Nothing was signed. A session supports version 2, scheme exact, method eip3009."],
        details: { x402Version: required.x402Version },
      });
    }
    if (!Array.isArray(required.accepts) || required.accepts.length === 0)
      throw new Refusal({
        code: "OFFER_MALFORMED",
        shortMessage: "The server's payment offer lists no way to pay.",
        metaMessages: ["Nothing was signed. Tell the merchant: no session can pay this offer."],
        details: { field: "accepts" },
      });
    const refusals: Refusal[] = [];
    for (const offer of required.accepts) {
      try {
        // Checked here first, as x402's own selection would lose the reason.
        scheme.checkOffer(offer);
        return await x402.createPaymentPayload({ ...required, accepts: [offer] });
      } catch (error) {
        // Nor is another offer paid once an authorization for this one has left this process, as its nonce shows.
        if (!(error instanceof Refusal) || error.code === "NETWORK" || "nonce" in error.details) throw error;
        refusals.push(error);
      }
    }
    throw refusals.sort((a, b) => remoteness(a) - remoteness(b))[0] as Refusal;
  }

  /** Takes a pending payment of a request, so that a second such request at the same time makes its own. */
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

  /**
   * Delivers a payment; it stays pending unless it is known to have bought something, or to be void.
   *
   * @returns The server's response; undefined if the payment can never settle.
   */
  async function deliver(
    request: Request,
    identity: string,
    payment: OpenPayment,
  ): Promise<Response | undefined> {
    let over = false;
    try {
      const response = await insist(request, payment);
      over = response === undefined || response.ok;
      return response;
    } finally {
      if (!over) keepOpen(identity, payment);
    }
  }

  /** Sends a payment until the server responds; undefined if the payment can never settle. */
  async function insist(request: Request, payment: OpenPayment): Promise<Response | undefined> {
    const { signal } = request;
    let cause: unknown;
    for (let attempt = 0; attempt <= resends; attempt++) {
      if (attempt > 0) await pause(resendDelay * 2 ** (attempt - 1), signal);
      signal.throwIfAborted();
      // Only until the response starts: its body may take any time. By hand, as not every runtime has
      // `AbortSignal.any`, and a failure here must not look like a sent payment.
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(new Error(`no response in ${timeout} ms`)), timeout);
      signal.addEventListener("abort", () => patience.abort(signal.reason));
      let response: Response;
      try {
        const headers = { [PAYMENT_HEADER]: payment.header };
        const sending = sendRequest(send, request, { headers, signal: patience.signal });
        response = await unlessAborted(patience.signal, sending);
      } catch (error) {
        // Aborted by the caller; the payment stays pending.
        signal.throwIfAborted();
        cause = error;
        continue;
      } finally {
        clearTimeout(timer);
      }
      if (response.ok) return response;
      // A gateway error says nothing about the payment.
      if (response.status >= 502 && response.status <= 504 && attempt < resends) {
        discard(response);
        continue;
      }
      if (response.status !== 402) return response;
      const { settleResponse } = await http.processPaymentResult(
        payment.payload,
        (name) => response.headers.get(name),
        response.status,
      );
      cause = new Error(
        `The server responded with 402: ${settleResponse?.errorReason ?? reasonOf(response)}`,
      );
      // The server considers it unpaid. If the chain shows otherwise, or nothing yet, this 402 is not returned.
      const sent = settleResponse?.transaction !== undefined && settleResponse.transaction !== "";
      const fate = await unlessAborted(signal, fateOf(payment));
      if (fate === "void") {
        discard(response);
        return undefined;
      }
      if (fate !== "unused" || sent) {
        discard(response);
        continue;
      }
      // If the chain does not show it, the server's own response decides.
      const refusal = await unlessAborted(
        signal,
        scheme.refusalOf(payment.payload.accepted).catch(() => undefined),
      );
      if (refusal) throw refusal;
      return response;
    }
    const fate = await unlessAborted(signal, fateOf(payment));
    if (fate === "void") return undefined;
    throw refuseOutcome(request, payment, fate, cause);
  }

  /** The outcome of a payment, and the chain's time at which it was read. */
  function askFate({ payload }: OpenPayment): Promise<{ fate: AuthorizationFate; chainTime: number }> {
    const { token } = scheme.checkOffer(payload.accepted).budget;
    return authorizationFate(client, { token, authorization: authorizationOf(payload) });
  }
  /** The outcome of a payment; undefined if the node cannot be reached. */
  async function fateOf(payment: OpenPayment): Promise<AuthorizationFate | undefined> {
    try {
      return (await askFate(payment)).fate;
    } catch {
      return undefined;
    }
  }

  /**
   * Whether a pending payment is still offered for its request: it can settle, or has settled recently. Once it is
   * not, a repeated request is a new purchase.
   */
  async function stillStands(payment: OpenPayment): Promise<boolean> {
    const { fate, chainTime } = await askFate(payment);
    if (fate === "void") return false;
    const end = Number(authorizationOf(payment.payload).validBefore);
    return chainTime < end || (chainTime < end + SETTLED_STANDS && fate !== "unused");
  }

  function reasonOf(response: Response): string {
    try {
      return http.getPaymentRequiredResponse((name) => response.headers.get(name)).error ?? "no reason given";
    } catch {
      return "no reason given";
    }
  }
}

/** As {@link latchkeyScheme} wrote it. */
const authorizationOf = (payload: PaymentPayload) => payload.payload.authorization as SignedAuthorization;

/** Closes the connection of an unread response. Not awaited: that may take arbitrarily long too. */
const discard = (response: Response): void => {
  // node-fetch has a stream of Node there.
  const body = response.body as (ReadableStream & { destroy?: () => void }) | null;
  if (body?.cancel) body.cancel().catch(() => {});
  else body?.destroy?.();
};

/** A body that can be resent: a stream is read, as a browser without streaming would send its name instead. */
const buffered = async (init: RequestInit | undefined): Promise<RequestInit | undefined> =>
  init?.body instanceof ReadableStream
    ? {
        ...init,
        body: await unlessAborted(init.signal ?? undefined, new Response(init.body).arrayBuffer()),
      }
    : init;

/** Whether a payment has expired, also by the clock of a chain that lags an hour behind. */
const isLongOver = ({ payload }: OpenPayment): boolean =>
  Number(authorizationOf(payload).validBefore) + SETTLED_STANDS + 3600 < Date.now() / 1000;

/** The reasons of offers for other chains, tokens and methods are less useful than that of a closer one. */
const remoteness = ({ code }: Refusal): number =>
  ["NOT_OFFERED", "WRONG_CHAIN", "UNKNOWN_TOKEN"].includes(code) ? 2 : code === "OFFER_MALFORMED" ? 1 : 0;

function refuseOutcome(
  request: Request,
  { payload, header }: OpenPayment,
  fate: Exclude<AuthorizationFate, "void"> | undefined,
  cause: unknown,
): Refusal {
  const { nonce, validBefore } = authorizationOf(payload);
  const settled = fate === "settled" ? true : fate === "unused" ? false : undefined;
  const until = utcText(Number(validBefore) + (settled === false ? 0 : SETTLED_STANDS));
  return new Refusal({
    code: "OUTCOME_UNKNOWN",
    shortMessage: settled
      ? `${request.url} was paid, but its response did not arrive.`
      : `${request.url} did not respond, and may still settle the payment, or have settled it.`,
    metaMessages: [
      `Until ${until} the same request resends the same payment, and does not pay twice.`,
      "details.header is the payment: show it to the merchant as a receipt.",
    ],
    details: { url: request.url, settled, nonce, validBefore: Number(validBefore), header },
    cause,
  });
}

const refuseCollision = (request: Request): Refusal =>
  new Refusal({
    code: "TOKEN_AUTHORIZATION_USED",
    shortMessage: `${request.url} was not paid: other agents of this session paid at the same time.`,
    metaMessages: [
      "Try again: none of the signed payments can settle any more. To avoid this, let all agents of a session share one",
      "store.",
    ],
    details: { url: request.url },
  });
