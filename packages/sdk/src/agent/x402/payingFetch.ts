import { type ClientExtension, x402Client, x402HTTPClient } from "@x402/core/client";
import type { PaymentPayload, PaymentRequired } from "@x402/core/types";
import { type Address, keccak256, toBytes } from "viem";
import { Refusal } from "../../errors/Refusal.ts";
import { utcText } from "../../errors/utcText.ts";
import { getBlock } from "../../internal/chainActions.ts";
import { pause } from "../../internal/pause.ts";
import { unlessAborted } from "../../internal/unlessAborted.ts";
import { type AuthorizationFate, authorizationFate } from "./authorizationFate.ts";
import { completePayment, ExtensionError } from "./completePayment.ts";
import { type LatchkeySchemeParameters, latchkeyScheme } from "./latchkeyScheme.ts";
import { memoryPaymentStore } from "./memoryPaymentStore.ts";
import { offerBody } from "./offerBody.ts";
import { offersInOrder, requireReadable } from "./offersInOrder.ts";
import { type OpenPayment, openPayment, readPayment, storedPayment } from "./openPayment.ts";
import type { PaymentHooks } from "./PaymentHooks.ts";
import { carriesPayment, headerRefusal } from "./paymentHeader.ts";
import { type PaymentReport, paymentReports, receiptIn } from "./paymentReports.ts";
import { LostClaim, type PurchaseClaim, type PurchaseName, purchaseClaims } from "./purchaseClaims.ts";
import { requestIdentity } from "./requestIdentity.ts";
import { requireNumbers } from "./requireNumbers.ts";
import { failureOf, longestWait, responsePatience } from "./responsePatience.ts";
import { sendRequest } from "./sendRequest.ts";

/** Options of {@link payingFetch}. */
export type PayingFetchParameters = LatchkeySchemeParameters & {
  /**
   * The underlying `fetch`, called with a URL and options: also undici's, with its own agents and proxies. Default: the
   * global one.
   */
  fetch?: typeof globalThis.fetch;
  /** How often a payment that did not reach the server is resent, the same each time. Default: 3. */
  resends?: number;
  /** Milliseconds before the first of these; doubled each time. Default: 1,000. */
  resendDelay?: number;
  /**
   * Milliseconds to wait for the response to a request with a payment. Default: as long as the offer says that a payment may
   * take (`maxTimeoutSeconds`), but at least 90 seconds and at most an hour.
   */
  timeout?: number;
  /**
   * Extensions of x402's client, as its `registerExtension` takes them. They add to what is sent with a payment; the
   * payment itself stays what the session allows. An error of one before the payment is stored ends the purchase and
   * discards the payment; a later one is ignored. `payment-identifier` is built in.
   */
  extensions?: readonly ClientExtension[];
} & PaymentHooks;

/** Options of one request. */
export type PayingRequestInit = RequestInit & {
  /**
   * Names the purchase: with the same name and request it is paid for once, however often and by however many
   * processes with the same store it is made, until an hour after the payment has expired. Up to 255 characters.
   */
  idempotencyKey?: string;
  /** What the purchase is for, in your own words: for the ledger and the hooks. Not sent to the server. */
  purpose?: string;
};

/** Seconds after its expiry for which a settled payment that bought nothing is offered for its request. */
const SETTLED_STANDS = 3600;

/** Milliseconds to wait for the body of a response that may be an offer. */
const OFFER_PATIENCE = 90_000;

/** Payments in a row that may be lost to agents that share the session, but not its store. */
const MOST_COLLISIONS = 3;

/** What the chain shows of a payment. */
type ChainOutcome = Awaited<ReturnType<typeof authorizationFate>>;

/** A purchase that this function has claimed. */
type BegunPurchase = { claim: PurchaseClaim; payment?: OpenPayment };

/**
 * A `fetch` that pays: if a server responds with 402 and an x402 offer that the session allows, it repeats the request with
 * a payment from the account. Otherwise it works as `fetch`.
 *
 * One purchase pays at most once. Its payment is stored before anybody else sees it, and from then on the purchase
 * offers this payment and no other: signed once, it can settle only once. If the connection fails within ten seconds, the
 * same payment is resent. If the response is late, or the connection fails later, it is not, as the server may still work on
 * the first request. If the process dies, the same request in another process with the same store offers the same payment.
 *
 * A purchase is named by `idempotencyKey`. Once it has succeeded, the same call sends the same payment again and returns the
 * server's response, and never pays again. Without a name, a purchase is known by its request (same
 * method, URL and body): repeated after a failure, or after a response other than success, it offers the pending payment;
 * repeated after success it is a new purchase. If the server has changed its price meanwhile, its 402 is returned.
 *
 * A payment that can no longer settle, as it has expired, or as another agent has used its slot, is replaced: in the second
 * case at once, up to three times. A payment that settled, but bought nothing, is offered for another hour; then the request
 * is a new purchase.
 *
 * Of two processes that make the same purchase at the same time, one waits for the other, and goes on with its payment if it
 * shows no sign of life for some seconds. Equal unnamed requests that one process makes at the same time are as many
 * purchases.
 *
 * Servers of x402 version 1 are paid as those of version 2. Of several offers the cheapest is taken that the session allows;
 * of offers in both versions, those of version 2. A server that declares the extension `payment-identifier` gets an id that is
 * the purchase's own.
 *
 * Two forms with equal fields are the same request, whatever their boundary is. A request whose signal aborts
 * signs nothing more; a payment that was already stored stays pending.
 *
 * @returns The server's response; a second 402 was not paid, as far as the chain shows.
 * @throws {Refusal} Before anything is sent: INVALID_LIMIT for an option, IDEMPOTENCY_KEY for a key of another request, the
 * codes of {@link latchkeyScheme}, and TOO_LARGE for a header over 8,000 bytes; afterwards: OUTCOME_UNKNOWN, with the
 * details `settled` (true, false, or undefined if the chain does not show it), `expired` (it was not paid, and cannot be any
 * more), `late` (the server may still work on the request), `nonce`, `validBefore`, and `header` and `headerName`, to resend
 * it yourself.
 *
 * @example
 * const pay = payingFetch({ client, key, grant });
 * const answer = await pay("https://api.example.com/forecast");
 * const order = await pay("https://api.example.com/orders", { method: "POST", body, idempotencyKey: "order 17" });
 */
export function payingFetch(
  parameters: PayingFetchParameters,
): (input: Parameters<typeof fetch>[0], init?: PayingRequestInit) => Promise<Response> {
  const { client, resends = 3, resendDelay = 1000, timeout, extensions = [] } = parameters;
  requireNumbers({
    resends: { value: resends, least: 0, whole: true },
    resendDelay: { value: resendDelay, least: 0 },
    timeout: { value: timeout, least: 1 },
  });
  const send = parameters.fetch ?? globalThis.fetch;
  const store = parameters.store ?? memoryPaymentStore();
  const scheme = latchkeyScheme({ ...parameters, store });
  const account = `${scheme.network}:${scheme.session.account.toLowerCase()}`;
  const purchases = purchaseClaims({ store, account });
  const reportOf = paymentReports(parameters, scheme);
  const x402 = new x402Client();
  for (const extension of extensions) x402.registerExtension(extension);
  const http = new x402HTTPClient(x402);
  /** Names of purchases that this function has left open: only these are looked up before a server asks for payment. */
  const leftOpen = new Set<string>();

  return async (input, { idempotencyKey, purpose, ...options } = {}) => {
    const request = new Request(input, await buffered(options));
    // The caller's own payment is left alone.
    if (carriesPayment(request)) return sendRequest(send, request);
    const report = reportOf(request, { idempotencyKey, purpose });
    try {
      return await buy(request, idempotencyKey, report);
    } catch (error) {
      report.refused(error);
      throw error;
    }
  };

  async function buy(
    request: Request,
    idempotencyKey: string | undefined,
    report: PaymentReport,
  ): Promise<Response> {
    if (idempotencyKey !== undefined && !/^.{1,255}$/su.test(idempotencyKey)) throw refuseKey();
    const { signal } = request;
    signal.throwIfAborted();
    // A free request is not hashed, however large its body is.
    let named: Promise<PurchaseName> | undefined;
    const identify = () => (named ??= purchaseName(request, idempotencyKey));

    for (let collisions = 0; collisions < MOST_COLLISIONS; ) {
      const isKnown =
        idempotencyKey !== undefined || (leftOpen.size > 0 && leftOpen.has((await identify()).name));
      let begun = isKnown ? await beginPurchase(await identify(), signal, report) : undefined;
      try {
        if (!begun?.payment) {
          const answer = await sendRequest(send, request);
          const required = answer.status === 402 ? await paymentRequired(answer, signal) : undefined;
          if (!required) return answer;
          discard(answer);
          const admitted = await admittedAnswer(required, request);
          if (admitted) return admitted;
          begun ??= await beginPurchase(await identify(), signal, report);
          begun.payment ??= await createPayment(required, begun.claim, signal, report);
        }
        const { claim, payment } = begun;
        if (!claim.done) await report.open(claim.id, payment);
        const longest = longestWait(patienceFor(payment), { resends, resendDelay });
        const waits = () => report.waiting("response", resendDelay, longest - resendDelay);
        const late = setTimeout(waits, Math.min(resendDelay, 2 ** 31 - 1));
        const response = await insist(request, payment, claim, report).finally(() => clearTimeout(late));
        if (response) {
          await reportResponse(response, payment, claim, report);
          return response;
        }
        if (claim.done) throw refuseOutcome(request, payment, {});
        await report.close(claim, payment, { settled: false, shownBy: "chain" });
        await claim.forget();
        collisions++;
      } catch (error) {
        if (!(error instanceof LostClaim)) throw error;
        // Or it was forgotten, as this machine's clock is far behind the chain's.
        purchases.tellTime(Number((await getBlock(client, { blockTag: "latest" })).timestamp));
      } finally {
        if (await begun?.claim.leave()) leftOpen.add((await identify()).name);
      }
    }
    throw refuseCollision(request);
  }

  /** Milliseconds to wait for the response to one attempt. */
  function patienceFor({ accepted }: OpenPayment): number {
    return timeout ?? responsePatience(accepted.maxTimeoutSeconds);
  }

  /** Reports what a response shows of its payment; if it shows nothing, what the chain shows, without waiting for that. */
  async function reportResponse(
    response: Response,
    payment: OpenPayment,
    claim: PurchaseClaim,
    report: PaymentReport,
  ): Promise<void> {
    if (claim.done) return;
    const isFirst = response.ok ? await claim.finish() : undefined;
    const shown = receiptIn(response);
    if (shown) await report.close(claim, payment, shown, isFirst);
    else if (response.status !== 402 && report.isHeard) {
      outcomeOf(payment).then(async (outcome) => {
        if (outcome?.fate === "settled") await report.close(claim, payment, settledBy(outcome), isFirst);
      });
    }
  }

  /** Claims a purchase, with the payment that is still to be offered for it, if there is one. */
  async function beginPurchase(
    of: PurchaseName,
    signal: AbortSignal,
    report: PaymentReport,
  ): Promise<BegunPurchase> {
    for (;;) {
      const claim = await purchases.claim(of, signal, (waited) => report.waiting("claim", waited));
      if (claim.payment === undefined) {
        leftOpen.delete(of.name);
        return { claim };
      }
      try {
        const payment = readPayment(claim.payment);
        report.isPending = true;
        if (claim.done) return { claim, payment };
        const { isOffered, ...outcome } = await unlessAborted(signal, standingOf(payment));
        if (isOffered) return { claim, payment };
        if (outcome.fate !== "used") await report.close(claim, payment, settledBy(outcome));
        await claim.forget();
        report.isPending = false;
      } catch (error) {
        if (await claim.leave()) leftOpen.add(of.name);
        if (!(error instanceof LostClaim)) throw error;
      }
    }
  }

  /** The offers of a 402 response; undefined if it has none. */
  async function paymentRequired(
    response: Response,
    signal: AbortSignal,
  ): Promise<PaymentRequired | undefined> {
    const inHeader = response.headers.has("PAYMENT-REQUIRED");
    const body = inHeader
      ? undefined
      : await unlessAborted(signal, offerBody(response, timeout ?? OFFER_PATIENCE));
    if (!inHeader && body === undefined) return undefined;
    let required: PaymentRequired;
    try {
      required = http.getPaymentRequiredResponse((name) => response.headers.get(name), body);
    } catch (cause) {
      throw new Refusal({
        code: "OFFER_MALFORMED",
        shortMessage: "The server's payment offer cannot be read.",
        metaMessages: ["Nothing was signed. Tell the merchant."],
        details: { url: response.url },
        cause,
      });
    }
    requireReadable(required);
    return required;
  }

  /**
   * The answer to a request that one of the caller's extensions says how to make without a payment, as for what was bought
   * before.
   */
  async function admittedAnswer(required: PaymentRequired, request: Request): Promise<Response | undefined> {
    if (extensions.length === 0) return undefined;
    const { signal, url } = request;
    const headers = await unlessAborted(signal, http.handlePaymentRequired(required, url));
    if (!headers) return undefined;
    const answer = await sendRequest(send, request, { headers });
    if (answer.status !== 402) return answer;
    discard(answer);
    return undefined;
  }

  /**
   * Signs for the cheapest offer that the session can pay, and stores the payment; otherwise throws the reason for the closest
   * offer.
   */
  async function createPayment(
    required: PaymentRequired,
    claim: PurchaseClaim,
    signal: AbortSignal,
    report: PaymentReport,
  ): Promise<OpenPayment> {
    const { x402Version, accepts } = required;
    const { waiting } = report;
    report.offers = accepts;
    const { payable, refusals } = offersInOrder(required, (offer) => scheme.checkOffer(offer, x402Version));
    const later: Refusal[] = [];
    for (const offer of payable) {
      let stored: OpenPayment | undefined;
      const record = async (signed: PaymentPayload["payload"]) => {
        const payload = await completePayment({ required, offer, signed, extensions, id: claim.id });
        const payment = openPayment(payload, offer);
        const tooLarge = headerRefusal(payment.header);
        if (tooLarge) throw tooLarge;
        const until = Number(payment.authorization.validBefore) + SETTLED_STANDS;
        await claim.record(storedPayment(payment), until);
        await report.open(claim.id, payment);
        stored = payment;
      };
      try {
        const creating = scheme.createPaymentPayload(x402Version, offer, { signal, record, waiting });
        await unlessAborted(signal, creating);
        return stored as unknown as OpenPayment;
      } catch (error) {
        if (error instanceof ExtensionError) throw error.cause;
        // Nor is another offer paid once an authorization for this one may have left this process, as its nonce shows.
        const isFinal = !(error instanceof Refusal) || ["NETWORK", "STORE"].includes(error.code);
        if (isFinal || "nonce" in error.details) throw error;
        later.push(error);
      }
    }
    // What only the chain objects to was closest.
    throw [...later, ...refusals].sort((a, b) => remoteness(a) - remoteness(b))[0] as Refusal;
  }

  /** Sends a payment until the server responds; undefined if the payment can never settle. */
  async function insist(
    request: Request,
    payment: OpenPayment,
    claim: PurchaseClaim,
    report: PaymentReport,
  ): Promise<Response | undefined> {
    const { signal } = request;
    const { payload, accepted, header } = payment;
    const patience = patienceFor(payment);
    let cause: unknown;
    let isLate = false;
    for (let attempt = 0; attempt <= resends && !isLate; attempt++) {
      if (attempt > 0) await pause(resendDelay * 2 ** (attempt - 1), signal);
      signal.throwIfAborted();
      // Only until the response starts: its body may take any time. By hand, as not every runtime has
      // `AbortSignal.any`, and a failure here must not look like a sent payment.
      const waiting = new AbortController();
      const timer = setTimeout(() => waiting.abort(new Error(`no response in ${patience} ms`)), patience);
      signal.addEventListener("abort", () => waiting.abort(signal.reason));
      const began = performance.now();
      const lasted = () => performance.now() - began;
      let response: Response;
      try {
        const headers = { [header.name]: header.value };
        const sending = sendRequest(send, request, { headers, signal: waiting.signal });
        response = await unlessAborted(waiting.signal, sending);
      } catch (error) {
        // Aborted by the caller; the payment stays pending.
        signal.throwIfAborted();
        cause = error;
        isLate = waiting.signal.aborted || failureOf({ lasted: lasted(), error }) === "late";
        continue;
      } finally {
        clearTimeout(timer);
      }
      const { settleResponse } = await unlessAborted(signal, paymentResult(payload, response));
      if (response.ok) return response;
      const failure = failureOf({ lasted: lasted(), status: response.status });
      isLate = failure === "late";
      if (isLate || (failure === "again" && attempt < resends)) {
        cause = new Error(`A gateway responded with ${response.status}.`);
        discard(response);
        continue;
      }
      if (response.status !== 402) return response;
      cause = new Error(
        `The server responded with 402: ${settleResponse?.errorReason ?? reasonOf(response)}`,
      );
      // The server considers it unpaid. If the chain shows otherwise, or nothing yet, this 402 is not returned.
      const sent = settleResponse?.transaction !== undefined && settleResponse.transaction !== "";
      const fate = (await unlessAborted(signal, outcomeOf(payment)))?.fate;
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
        scheme.refusalOf(accepted, payload.x402Version).catch(() => undefined),
      );
      if (refusal) throw refusal;
      return response;
    }
    const shown = await unlessAborted(signal, outcomeOf(payment));
    if (shown?.fate === "void") return undefined;
    if (shown?.fate === "settled" && !claim.done) await report.close(claim, payment, settledBy(shown));
    throw refuseOutcome(request, payment, { ...shown, isLate, cause });
  }

  /** The receipt of a response, if it has one, which extensions are told of. Neither it nor they change what was bought. */
  async function paymentResult(payload: PaymentPayload, response: Response) {
    const receipt = http.processPaymentResult(payload, (name) => response.headers.get(name), response.status);
    return receipt.catch(() => ({ settleResponse: undefined }));
  }

  /** The outcome of a payment, and the chain's time at which it was read. */
  function askFate({ accepted, authorization }: OpenPayment): Promise<ChainOutcome> {
    return authorizationFate(client, { token: accepted.asset as Address, authorization });
  }
  /** The same; undefined if the node cannot be reached. */
  async function outcomeOf(payment: OpenPayment): Promise<ChainOutcome | undefined> {
    return askFate(payment).catch(() => undefined);
  }

  /**
   * Whether a pending payment is still offered for its request: it can settle, or has settled recently. Once it is
   * not, a repeated request is a new purchase.
   */
  async function standingOf(payment: OpenPayment) {
    const outcome = await askFate(payment);
    const { fate, chainTime } = outcome;
    const end = Number(payment.authorization.validBefore);
    const isLate = chainTime >= end + (fate === "unused" ? 0 : SETTLED_STANDS);
    return { ...outcome, isOffered: fate !== "void" && !isLate };
  }

  function reasonOf(response: Response): string {
    try {
      return http.getPaymentRequiredResponse((name) => response.headers.get(name)).error ?? "no reason given";
    } catch {
      return "no reason given";
    }
  }
}

/** An outcome that the chain shows. */
const settledBy = ({ fate, transaction, moved }: Pick<ChainOutcome, "fate" | "transaction" | "moved">) => ({
  settled: fate === "settled",
  shownBy: "chain" as const,
  ...(transaction && { transaction }),
  ...(moved !== undefined && { moved }),
});

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

/** Hashed, as a URL may contain what is not for the store. */
async function purchaseName(request: Request, idempotencyKey: string | undefined): Promise<PurchaseName> {
  const identity = keccak256(toBytes(await requestIdentity(request)));
  if (idempotencyKey === undefined) return { name: identity, request: identity, isNamed: false };
  return { name: keccak256(toBytes(`key ${idempotencyKey}`)), request: identity, isNamed: true };
}

/** The reasons of offers for other chains, tokens and methods are less useful than that of a closer one. */
const remoteness = ({ code }: Refusal): number =>
  ["NOT_OFFERED", "WRONG_CHAIN", "UNKNOWN_TOKEN"].includes(code) ? 2 : code === "OFFER_MALFORMED" ? 1 : 0;

/**
 * @param shown What the chain shows, if the node responds.
 * @param shown.isLate Whether the server may still work on the request.
 */
function refuseOutcome(
  { url }: Request,
  { header, authorization }: OpenPayment,
  shown: { fate?: AuthorizationFate; chainTime?: number; isLate?: boolean; cause?: unknown },
): Refusal {
  const { fate, chainTime = 0, isLate = false, cause } = shown;
  const { nonce } = authorization;
  const validBefore = Number(authorization.validBefore);
  const settled = fate === "settled" ? true : fate === "unused" ? false : undefined;
  const expired = settled === false && chainTime >= validBefore;
  const until = utcText(validBefore + (settled === false ? 0 : SETTLED_STANDS));
  const what = settled
    ? `${url} was paid, but its response did not arrive.`
    : expired
      ? `${url} did not respond, and was not paid: the payment has expired.`
      : `${url} did not respond, and may still settle the payment, or have settled it.`;
  return new Refusal({
    code: "OUTCOME_UNKNOWN",
    shortMessage: what,
    metaMessages: [
      expired
        ? "The same request is a new purchase from now on."
        : `Until ${until} the same request resends the same payment, and does not pay twice.`,
      ...(isLate ? ["It was not sent again, as the server may still work on it."] : []),
      "details.header is the payment: show it to the merchant as a receipt.",
    ],
    details: {
      url,
      settled,
      expired,
      late: isLate,
      nonce,
      validBefore,
      header: header.value,
      headerName: header.name,
    },
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

const refuseKey = (): Refusal =>
  new Refusal({
    code: "INVALID_LIMIT",
    shortMessage: "The idempotency key must have 1 to 255 characters.",
    metaMessages: [
      "Nothing was sent. Use a key that your own records give the purchase, such as an order number.",
    ],
  });
