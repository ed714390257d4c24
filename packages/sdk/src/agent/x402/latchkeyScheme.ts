import type {
  PaymentPayload,
  PaymentPayloadContext,
  PaymentRequirements,
  SchemeNetworkClient,
} from "@x402/core/types";
import { findDefaultAsset } from "@x402/evm";
import {
  type Address,
  type Chain,
  type Client,
  type Hex,
  hashTypedData,
  isAddressEqual,
  parseAbi,
  type Transport,
} from "viem";
import type { SignatureRail } from "../../accounts/AccountAdapter.ts";
import { accountAdapterOf } from "../../accounts/accountAdapterOf.ts";
import { encodePayload } from "../../encoding/payload/encodePayload.ts";
import { amountText } from "../../errors/amountText.ts";
import { isRefusal } from "../../errors/isRefusal.ts";
import { Refusal, type RefusalCode } from "../../errors/Refusal.ts";
import { utcText } from "../../errors/utcText.ts";
import type { Grant } from "../../grant/Grant.ts";
import { requireGrantChain } from "../../grant/requireGrantChain.ts";
import { sessionIn } from "../../grant/sessionIn.ts";
import { type AggregatingClient, aggregatingClient } from "../../internal/aggregatingClient.ts";
import { answerOf } from "../../internal/answerOf.ts";
import { readContract } from "../../internal/chainActions.ts";
import { signatureBy } from "../../internal/ecdsaSignature.ts";
import { pause } from "../../internal/pause.ts";
import { signTypedDataBy } from "../../internal/signTypedDataBy.ts";
import { unlessAborted } from "../../internal/unlessAborted.ts";
import { within } from "../../internal/within.ts";
import { grantDigest } from "../../session/grantDigest.ts";
import { hashSession } from "../../session/hashSession.ts";
import { isPaidByPermit2 } from "../../session/paymentMethods.ts";
import { PERMIT2, permit2DomainSeparator } from "../../session/permit2.ts";
import type { Budget, Session } from "../../session/Session.ts";
import { slotPrefix } from "../../session/slotPrefix.ts";
import { withPayment } from "../withPayment.ts";
import { answered } from "./answered.ts";
import { authorizationStates } from "./authorizationStates.ts";
import { checkOffer, type PayableOffer } from "./checkOffer.ts";
import { checkTokenDomain, tokenSeparator } from "./checkTokenDomain.ts";
import { ExtensionError } from "./completePayment.ts";
import { type NonceState, nodeCounting, slotCounting } from "./counting.ts";
import { currentTime } from "./currentTime.ts";
import { type ExecutionsInFlight, executionsInFlight } from "./executionsInFlight.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import { memoryPaymentStore } from "./memoryPaymentStore.ts";
import { nonceWords, wordsTogether } from "./nonceWords.ts";
import type { PaymentStore } from "./PaymentStore.ts";
import { isExecuted, payByExecution } from "./payByExecution.ts";
import { headerRefusal, paymentHeader } from "./paymentHeader.ts";
import {
  refuseEnding,
  refuseLateKey,
  refuseLateNode,
  refuseSettlement,
  refuseUnasked,
  type SeenPayment,
  whileItLives,
} from "./paymentRefusals.ts";
import { type AuthorizedOffer, paymentToSign } from "./paymentToSign.ts";
import { CONSENT_SECONDS, FACILITATOR_SECONDS, paymentWindow, SETTLING_SECONDS } from "./paymentWindow.ts";
import { LostClaim } from "./purchaseClaims.ts";
import { refuseStanding } from "./refuseStanding.ts";
import { requireNumbers } from "./requireNumbers.ts";
import type { SessionKey } from "./SessionKey.ts";
import { type SessionStanding, sessionStanding } from "./sessionStanding.ts";
import {
  partiesRefusal,
  type SignedPayment,
  settlementRefusal,
  transferRefusal,
} from "./settlementRefusal.ts";
import { type SlotAllocator, slotAllocator, UnreadExecutions } from "./slotAllocator.ts";
import { statesTogether } from "./statesTogether.ts";

type Signal = AbortSignal | undefined;

/** Options of payments by signature. */
export type LatchkeySchemeParameters = {
  /** Any viem client of the grant's chain, for reading; use a transport with `batch: true` if possible. */
  client: Client<Transport, Chain | undefined>;
  /** The agent's key, which the session names. */
  key: SessionKey;
  /** The session and, unless it is enabled, the owner's signature over it. */
  grant: Grant;
  /**
   * Remembers the slots in flight and the payments of purchases. Agents that share a session must share it, and it
   * should survive restarts: see `filePaymentStore` of `@latchkey/sdk/node` and `redisPaymentStore` of
   * `@latchkey/sdk/redis`. Default: {@link memoryPaymentStore}.
   */
  store?: PaymentStore;
  /**
   * Most unsettled payments to one payee that open a lot and use only a part of it; others wait for one of them to
   * settle. A payment of a whole lot is not counted, nor is one by Permit2. Default: 4, until a payment has waited for half of `maxWait`: then it
   * opens another lot.
   */
  maxOpenersInFlight?: number;
  /** Seconds that must remain of a period beyond the six that facilitators need. Default: 12. */
  margin?: number;
  /** Most seconds to wait for a slot in flight to settle or for the next period. Default: 30. */
  maxWait?: number;
  /** Milliseconds between two reads of the chain while waiting. Default: 1,000. */
  pollingInterval?: number;
};

/** An x402 client scheme that pays from a session. */
export type LatchkeyScheme = Omit<SchemeNetworkClient, "createPaymentPayload"> & {
  readonly scheme: "exact";
  /** The network to register it for, as in `new x402Client().register(scheme.network, scheme)`. */
  readonly network: `eip155:${number}`;
  /** The same for x402's scheme `upto`, which a budget may allow that is paid from by Permit2. Register both. */
  readonly upto: SchemeNetworkClient & {
    readonly scheme: "upto";
    readonly network: `eip155:${number}`;
  };
  readonly session: Session;
  /**
   * Checks whether the session allows an offer, without the chain.
   * @param x402Version Of the offer. Default: 2.
   * @throws {Refusal} As {@link checkOffer}.
   */
  checkOffer(requirements: PaymentRequirements, x402Version?: number): PayableOffer;
  /**
   * Why the chain would reject any payment for this offer now, if it would: for a payment that
   * was sent and rejected. Slots are not checked.
   * @param x402Version Of the offer. Default: 2.
   */
  refusalOf(requirements: PaymentRequirements, x402Version?: number): Promise<Refusal | undefined>;
  /**
   * Called by `x402Client`, for offers of version 1 too.
   *
   * @param context.signal Aborted before the key has signed: nothing is signed, the slot is released, and the signal's
   * reason is thrown. Aborted later: the payment is completed, as a node may have seen it.
   * @param context.record Stores the payment before anybody else sees it, a node included.
   * @param context.waiting Is told, each time, why it waits, since when and how much longer at most, in milliseconds.
   */
  createPaymentPayload(
    x402Version: number,
    requirements: OfferedPayment,
    context?: PaymentContext | Record<string, unknown>,
  ): ReturnType<SchemeNetworkClient["createPaymentPayload"]>;
};

/** An offer as x402's packages have it, and as those have it that do not depend on them. */
export type OfferedPayment = Omit<PaymentRequirements, "network" | "extra"> & {
  network: string;
  extra?: Record<string, unknown>;
};

type PaymentContext = PaymentPayloadContext & {
  signal?: AbortSignal | undefined;
  record?: ((payload: PaymentPayload["payload"]) => Promise<void>) | undefined;
  waiting?: ((reason: "slot" | "period", waited: number, left: number) => void) | undefined;
};

const erc1271 = parseAbi(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);
const ERC1271_YES = "0x1626ba7e";

/** What the token objects to that has nothing to do with the signature. */
const FINAL_CODES: readonly RefusalCode[] = [
  "TOKEN_PAUSED",
  "TOKEN_BLACKLISTED",
  "TOKEN_INSUFFICIENT_BALANCE",
];

/**
 * The x402 schemes `exact` and `upto` on one chain, paid from an account by a session key without a transaction of the
 * payer: it checks the offer against the session, chooses the slot or node whose nonce makes the chain count the payment,
 * has the key sign the EIP-3009 authorization, or for the transfer by Permit2, and wraps it for the account. What the chain would reject is refused
 * here, with a {@link Refusal}, before anything is signed.
 *
 * An offer by ERC-7710 needs neither: the key signs the execution of the transfer, which the facilitator has the module redeem.
 *
 * One check comes after signing: whether the account accepts the authorization. The node that is called
 * for it could pass the authorization on. So if the account rejects it, or the node does not respond, the slot stays reserved,
 * and the refusal's details have `token`, `nonce` and `validBefore`: until then, pay again only if a second payment is
 * harmless, or once the token shows that the nonce is unused.
 *
 * Register it for `scheme.network`, never for a pattern, and without another scheme for `exact` on that network; likewise
 * `scheme.upto`.
 * {@link payingFetch} does all of this.
 *
 * The authorization's validAfter is a random second in 1970: the slot already ties it to the current period, the
 * chain checks that on settlement, and no skew between three clocks can make it too early.
 *
 * @throws {Refusal} INVALID_LIMIT for an option; NOT_KEY, WRONG_CHAIN, UNKNOWN_TOKEN, RECIPIENT, PER_TRANSACTION, PERIOD, SLOTS_TAKEN, LOT_OPENED, EXPIRED,
 * NOT_YET_VALID, REVOKED, WRONG_EPOCH, NOT_GRANTED, WRONG_DOMAIN, MODULE_NOT_ENABLED, TOKEN_INSUFFICIENT_BALANCE, APPROVAL,
 * TOKEN_INVALID_SIGNATURE, NOT_SIGNED, INVALID_SIGNER, NOT_OFFERED, OFFER_MALFORMED, INVALID_TIME, TOO_LARGE, STORE, NETWORK
 */
export function latchkeyScheme(parameters: LatchkeySchemeParameters): LatchkeyScheme {
  const { client, key, grant } = parameters;
  const { chainId, module } = grant;
  const session = sessionIn(grant);
  const sessionId = hashSession(session);
  const accountId = `eip155:${chainId}:${session.account.toLowerCase()}`;
  const store = parameters.store ?? memoryPaymentStore();
  const { margin = 12, maxWait = 30, pollingInterval = 1000 } = parameters;
  requireNumbers({
    maxOpenersInFlight: { value: parameters.maxOpenersInFlight, least: 1, whole: true },
    margin: { value: margin, least: 0 },
    maxWait: { value: maxWait, least: 0 },
    pollingInterval: { value: pollingInterval, least: 1 },
  });
  if (!isAddressEqual(key.address, session.key)) {
    throw new Refusal({
      code: "NOT_KEY",
      shortMessage: `The session is for the key ${session.key}, not for ${key.address}.`,
      metaMessages: ["Load the key that the grant names."],
      details: { key: session.key, given: key.address },
    });
  }
  const adapter = accountAdapterOf(grant.accountKind);
  const carriesGrant = grant.signature !== "0x";

  const executions = new Map<number, ExecutionsInFlight>();
  const executionsOf = ({ budget, budgetIndex }: PayableOffer): ExecutionsInFlight => {
    const made =
      executions.get(budgetIndex) ??
      executionsInFlight({
        account: accountId,
        sessionId,
        payer: session.account,
        module,
        budget,
        budgetIndex,
        store,
      });
    executions.set(budgetIndex, made);
    return made;
  };
  const allocators = new Map<number, SlotAllocator>();
  const allocatorOf = (offer: PayableOffer): SlotAllocator => {
    const { budget, budgetIndex } = offer;
    const made =
      allocators.get(budgetIndex) ??
      slotAllocator({
        account: accountId,
        sessionId,
        budget,
        budgetIndex,
        store,
        executions: executionsOf(offer),
        nonceStates: (nonces) => {
          const asked = { token: budget.token, account: session.account, nonces };
          return isPaidByPermit2(budget) ? nonceWords(client, asked) : authorizationStates(client, asked);
        },
        ...(parameters.maxOpenersInFlight === undefined
          ? {}
          : { maxOpenersInFlight: parameters.maxOpenersInFlight }),
      });
    allocators.set(budgetIndex, made);
    return made;
  };

  /** The states of nonces, in one request with whatever else is asked. */
  const statesOf = (
    reader: AggregatingClient,
    budget: Budget,
    nonces: readonly Hex[],
  ): Promise<readonly NonceState[]> => {
    const asked = { token: budget.token, account: session.account, nonces };
    return isPaidByPermit2(budget) ? wordsTogether(reader, asked) : statesTogether(reader, asked);
  };

  // What cannot change, or hardly ever does: asked once, by token. The rail is asked about again if a payment would fail.
  const domains = new Map<string, Promise<void>>();
  const rails = new Map<Address, Promise<SignatureRail>>();
  let chainChecked: Promise<void> | undefined;
  /** Keeps an answer, but no failure. */
  const kept = <answer>(asked: Promise<answer>, forget: () => void): Promise<answer> => {
    asked.catch(forget);
    return asked;
  };
  const checkChain = (reader: AggregatingClient): Promise<void> => {
    chainChecked ??= kept(requireGrantChain(reader, grant), () => {
      chainChecked = undefined;
    });
    return chainChecked;
  };
  const checkDomain = (reader: AggregatingClient, { budget, paidBy }: AuthorizedOffer): Promise<void> => {
    // Permit2's is the same everywhere.
    if (paidBy.method !== "eip3009") return Promise.resolve();
    const { token } = budget;
    const { tokenDomain } = paidBy;
    const name = JSON.stringify([token, tokenDomain.name, tokenDomain.version]);
    const known =
      domains.get(name) ??
      kept(checkTokenDomain(reader, { chainId, token, tokenDomain }), () => domains.delete(name));
    domains.set(name, known);
    return known;
  };
  /** Who asks the account. */
  const askerOf = ({ budget, paidBy }: AuthorizedOffer): Address =>
    paidBy.method === "eip3009" ? budget.token : PERMIT2;
  const railOf = (reader: AggregatingClient, offer: AuthorizedOffer): Promise<SignatureRail> => {
    const { budget, paidBy } = offer;
    const asker = askerOf(offer);
    const known =
      rails.get(asker) ??
      kept(
        adapter.signatureRail(reader, {
          account: session.account,
          module,
          domainSeparator:
            paidBy.method === "eip3009"
              ? tokenSeparator({ chainId, token: budget.token, tokenDomain: paidBy.tokenDomain })
              : permit2DomainSeparator(chainId),
        }),
        () => rails.delete(asker),
      );
    rails.set(asker, known);
    return known;
  };

  /** Payments that are being made now. */
  let paying = 0;

  /** Whether the key has signed for its address in this process. */
  let keyIsProven = false;
  let ownersAsked = false;
  /** Whether the owners' signature that a payment carries is valid: checked once, and again after a failure. */
  async function checkGrant(reader: AggregatingClient, { state }: SessionStanding): Promise<void> {
    if (state === "ENABLED" || ownersAsked) return;
    const { account } = session;
    const { signature } = grant;
    const digest = grantDigest(session, grant);
    const refusal = await adapter.grantRefusal(reader, { account, module, digest, signature });
    if (refusal) throw refusal;
    ownersAsked = true;
  }

  /** Signs and wraps. Nothing leaves this process. */
  async function authorize(
    offer: AuthorizedOffer,
    rail: SignatureRail,
    standing: SessionStanding,
    { slot, nonce }: { slot: HeldSlot; nonce: Hex },
    { validBefore, secondsLeft, signal }: { validBefore: number; secondsLeft: number; signal: Signal },
  ) {
    const { account } = session;
    const toSign = paymentToSign(offer, {
      account,
      chainId,
      module,
      nonce,
      validBefore: BigInt(validBefore),
    });
    const { typedData, digest, validAfter, method, paid, carried } = toSign;
    // A remote key may be slow. A signature that comes too late is discarded.
    const asked = signTypedDataBy(key, session.key, typedData, { isProven: keyIsProven });
    const signing = within((secondsLeft + 1) * 1000, asked, () => refuseLateKey(validBefore));
    const keySignature = await unlessAborted(signal, signing);
    keyIsProven = true;
    const payload = encodePayload({
      session,
      budgetIndex: offer.budgetIndex,
      slot,
      to: offer.payTo,
      value: offer.amount,
      validAfter,
      validBefore: BigInt(validBefore),
      ...method,
      keySignature,
      wrapsHash: rail.wrapsHash,
      ...(standing.state === "ENABLED" ? {} : { grant: grant.signature }),
    });
    return { digest, typedData, keySignature, payment: carried(rail.wrap(payload, paid)) };
  }

  /**
   * The first check of every facilitator, and the settlement itself, tried. From here on the node has everything that is
   * needed to settle the payment. What Permit2 moves was tried without a signature before.
   */
  async function accountAgrees({
    token,
    digest,
    payment,
  }: AuthorizedPayment): Promise<{ agrees: boolean; objection: Refusal | undefined }> {
    const reader = aggregatingClient(client);
    const { signature } = payment as { signature: Hex };
    const request = { address: session.account, abi: erc1271, functionName: "isValidSignature" } as const;
    const [answer, objection] = await Promise.all([
      answerOf(readContract(reader, { ...request, args: [digest, signature] })),
      "authorization" in payment
        ? settlementRefusal(reader, { token, ...(payment as SignedPayment) })
        : undefined,
    ]);
    return { agrees: answer === ERC1271_YES, objection };
  }

  /**
   * The same for some seconds: a node behind one that was read before may not know yet that an opener has settled.
   * What the token itself objects to is final.
   */
  async function insistOnConsent(
    authorized: AuthorizedPayment,
    isOver: () => boolean,
  ): Promise<{ agrees: boolean; objection: Refusal | undefined }> {
    const end = performance.now() + Math.min(maxWait, CONSENT_SECONDS) * 1000;
    for (;;) {
      const answer = await accountAgrees(authorized);
      if (answer.agrees || isFinal(answer.objection) || isOver()) return answer;
      if (performance.now() + pollingInterval > end) return answer;
      await pause(pollingInterval, undefined);
    }
  }

  const standingOf = (reader: AggregatingClient, { budget, budgetIndex, paidBy }: PayableOffer) =>
    sessionStanding(reader, {
      module,
      session,
      sessionId,
      budgetIndex,
      token: budget.token,
      ...(paidBy.method !== "erc7710" && isPaidByPermit2(budget) ? { spender: PERMIT2 } : {}),
    });
  const refuse = (offer: PayableOffer, standing: SessionStanding) =>
    refuseStanding(session, standing, carriesGrant) ??
    refuseBalance(offer, standing) ??
    refuseAllowance(offer, session, standing);

  /** What one payment needs to know, in one question. */
  async function readAll(reader: AggregatingClient, offer: AuthorizedOffer) {
    const inFlight = executionsOf(offer).see();
    const { budget, amount, payTo } = offer;
    const { token } = budget;
    const { account } = session;
    const period = likelyPeriod(session, budget.period);
    const { slots, nonces } = allocatorOf(offer).expect({
      value: amount,
      payee: payTo,
      period,
      payments: paying,
    });
    const [chain, domain, rail, standing, objection, states, executed] = await Promise.allSettled([
      checkChain(reader),
      checkDomain(reader, offer),
      railOf(reader, offer),
      standingOf(reader, offer),
      (isPaidByPermit2(budget) ? transferRefusal : partiesRefusal)(reader, {
        token,
        from: account,
        to: payTo,
        value: amount,
      }),
      statesOf(reader, budget, nonces),
      executionsOf(offer).read(reader, inFlight),
    ]);
    // The first reason that holds is the one to give.
    for (const each of [chain, domain, rail, standing, objection, states, executed])
      if (each.status === "rejected") throw each.reason;
    return {
      rail: answered(rail),
      standing: answered(standing),
      objection: answered(objection),
      read: { period, slots, states: answered(states) },
      inFlight,
    };
  }

  async function pay(
    offer: AuthorizedOffer,
    unpaid: Omit<PaymentPayload, "payload">,
    signal: Signal,
    record: ((payload: PaymentPayload["payload"]) => Promise<void>) | undefined,
    waiting: ((reason: "slot" | "period", waited: number, left: number) => void) | undefined,
  ) {
    const { budget, amount, maxTimeoutSeconds } = offer;
    // A slot that cannot be released expires by itself: the original error says more.
    const giveBack = (slot: HeldSlot) =>
      allocatorOf(offer)
        .release(slot)
        .catch(() => {});
    const started = performance.now();
    const deadline = started + maxWait * 1000;
    const tellWait = (reason: "slot" | "period") =>
      waiting?.(reason, performance.now() - started, Math.max(0, deadline - performance.now()));
    // A lot is worth less than a payment that fails: an agent that has waited for half of its time opens another.
    const patience = parameters.maxOpenersInFlight === undefined ? started + maxWait * 500 : deadline;
    for (;;) {
      const reader = aggregatingClient(client);
      const known = await unlessAborted(signal, readAll(reader, offer));
      const { rail, standing, objection, read, inFlight } = known;
      const refusal = refuse(offer, standing) ?? objection;
      if (refusal) throw refusal;
      const granted = checkGrant(reader, standing);
      granted.catch(() => {});
      const { chainTime, resetsAt } = standing;
      const wait = async (reason: Refusal) => {
        if (performance.now() + pollingInterval > deadline) throw reason;
        tellWait("period");
        await pause(pollingInterval, signal);
      };
      const now = await unlessAborted(signal, currentTime(client, chainTime));
      const began = performance.now();
      /** The chain's time in seconds: the next step may take long. */
      const clock = () => now + Math.floor((performance.now() - began) / 1000);
      const window = () => paymentWindow({ now: clock(), maxTimeoutSeconds, resetsAt, margin });
      const periodEnds = async () => {
        if (resetsAt >= session.validUntil) throw refuseEnding(session);
        const reason = refusePeriodEnd(offer, resetsAt);
        if (chainTime + maxWait < resetsAt) throw reason;
        await wait(reason);
      };
      if (!window()) {
        await periodEnds();
        continue;
      }
      const taking = allocatorOf(offer).take({
        value: amount,
        payee: offer.payTo,
        period: standing.period,
        spent: standing.spent,
        resetsAt,
        now: chainTime,
        inFlight,
        openAnyway: performance.now() >= patience && patience < deadline,
        read,
        nonceStates: (nonces) => statesOf(reader, budget, nonces),
        // The payment's lifetime starts when its slot is found, however long that took.
        heldUntil: () => (window()?.validBefore ?? resetsAt) + SETTLING_SECONDS,
      });
      let taken: { slot: HeldSlot; nonce: Hex };
      try {
        taken = await unlessAborted(signal, taking);
      } catch (error) {
        if (signal?.aborted) {
          // It may still be found, but is no longer needed.
          taking.then(({ slot }) => giveBack(slot)).catch(() => {});
          throw error;
        }
        await unlessAborted(signal, granted);
        if (error instanceof UnreadExecutions) continue;
        if (!(error instanceof Refusal) || error.code !== "SLOTS_TAKEN") throw error;
        const left = deadline - performance.now();
        if (left < pollingInterval) throw error;
        const { until } = error.details as { until: number };
        const lapse = Math.max(0, until + 1 - now) * 1000;
        const impatient = Math.max(0, patience - performance.now()) || left;
        // Nothing tells that an execution has settled.
        const isExecuting = executionsOf(offer).see().asked.size > 0;
        const milliseconds = isExecuting
          ? pollingInterval
          : Math.max(pollingInterval, Math.min(left, lapse, impatient));
        tellWait("slot");
        await allocatorOf(offer).freed(error, { milliseconds, pollingInterval, signal });
        continue;
      }
      try {
        await unlessAborted(signal, granted);
      } catch (error) {
        await giveBack(taken.slot);
        throw error;
      }
      const validBefore = taken.slot.heldUntil - SETTLING_SECONDS;
      if (!window()) {
        await giveBack(taken.slot);
        await periodEnds();
        continue;
      }
      let authorized: Awaited<ReturnType<typeof authorize>>;
      try {
        const secondsLeft = validBefore - FACILITATOR_SECONDS - clock();
        authorized = await authorize(offer, rail, standing, taken, { validBefore, secondsLeft, signal });
        // `record` checks the whole header: here the server's description of the resource is not in it yet.
        const header = record ? undefined : paymentHeader({ ...unpaid, payload: authorized.payment });
        const tooLarge = header && headerRefusal(header);
        if (tooLarge) throw tooLarge;
        signal?.throwIfAborted();
        if (clock() > validBefore - FACILITATOR_SECONDS) throw refuseLateKey(validBefore);
      } catch (error) {
        await giveBack(taken.slot);
        throw error;
      }
      const { payment, keySignature } = authorized;
      try {
        await record?.(payment);
      } catch (error) {
        // Where the store does not say what it has stored, the payment may be offered yet: its slot stays reserved.
        const isUnstored = error instanceof LostClaim || error instanceof ExtensionError;
        if (isUnstored || isRefusal(error, "TOO_LARGE")) await giveBack(taken.slot);
        throw error;
      }
      const seen = { token: budget.token, nonce: taken.nonce, validBefore };
      const asker = askerOf(offer);
      const isOver = () => clock() > validBefore - FACILITATOR_SECONDS;
      let consent: Awaited<ReturnType<typeof accountAgrees>>;
      try {
        consent = await insistOnConsent({ token: budget.token, ...authorized }, isOver);
      } catch (cause) {
        const check = asker === PERMIT2 ? "Permit2's nonceBitmap" : "the token's authorizationState";
        throw refuseUnasked(session, check, seen, cause);
      }
      if (consent.objection && FINAL_CODES.includes(consent.objection.code))
        throw refuseSettlement(consent.objection, seen);
      if (consent.agrees && isOver()) throw refuseLateNode(seen);
      if (consent.agrees) return payment;
      rails.delete(asker);
      ownersAsked = false;
      keyIsProven = false;
      const hash = hashTypedData(authorized.typedData);
      await signatureBy(session.key, { hash, signature: keySignature }).catch((error: Refusal) => {
        throw refuseSettlement(error, seen);
      });
      throw refuseSignature(session, standing, seen);
    }
  }

  /** Whether a signed payment has used a part of a lot. */
  async function isLotUsed(
    { budget, budgetIndex }: PayableOffer,
    { period, lot }: { period: bigint; lot: bigint },
  ): Promise<boolean> {
    const isByNode = isPaidByPermit2(budget);
    const counting = isByNode ? nodeCounting : slotCounting;
    const prefix = slotPrefix({ id: sessionId, budgetIndex, period });
    const sizes = isByNode ? 1 : budget.sizes;
    const nonces = Array.from({ length: sizes }, (_, size) =>
      counting.nonceOf(prefix, { lot, size, index: 0n }),
    );
    const states = await statesOf(aggregatingClient(client), budget, nonces);
    return states.some((state) => (typeof state === "bigint" ? state !== 0n : state));
  }

  const executing = {
    client,
    key,
    grant,
    session,
    margin,
    maxWait,
    pollingInterval,
    checkChain,
    isLotUsed,
    standingOf,
    refuse,
  };

  const createPaymentPayload: LatchkeyScheme["createPaymentPayload"] = async (
    x402Version,
    offered,
    context,
  ) => {
    const requirements = offered as PaymentRequirements;
    const { signal, record, waiting } = (context ?? {}) as PaymentContext;
    signal?.throwIfAborted();
    if (x402Version !== 1 && x402Version !== 2) {
      throw new Refusal({
        code: "NOT_OFFERED",
        shortMessage: `The merchant uses x402 version ${x402Version}; versions 1 and 2 are supported.`,
        metaMessages: ["Nothing was signed. Ask the merchant for version 2, or pay with a transaction."],
        details: { x402Version },
      });
    }
    const offer = checkOffer(requirements, session, chainId, x402Version);
    const { scheme, network } = requirements;
    const unpaid = x402Version === 1 ? { scheme, network } : { accepted: requirements };
    paying++;
    try {
      const complete = { x402Version, ...unpaid } as never;
      const payload = isExecuted(offer)
        ? await payByExecution(offer, {
            ...executing,
            inFlight: executionsOf(offer),
            unpaid: complete,
            signal,
            record,
            waiting,
          })
        : await pay(offer as AuthorizedOffer, complete, signal, record, waiting);
      // x402's client sends that of version 1 as it is.
      return { ...(x402Version === 1 ? unpaid : {}), x402Version, payload };
    } catch (error) {
      const { budget, payTo: recipient, amount, paidBy } = offer;
      const payment = { token: budget.token, recipient, amount, method: paidBy.method };
      throw error instanceof Refusal ? withPayment(error, payment) : error;
    } finally {
      paying--;
    }
  };
  const network = `eip155:${chainId}` as const;

  return {
    scheme: "exact",
    network,
    upto: { scheme: "upto", network, findDefaultAsset, createPaymentPayload },
    session,
    findDefaultAsset,
    checkOffer: (requirements, x402Version) => checkOffer(requirements, session, chainId, x402Version),
    async refusalOf(requirements, x402Version) {
      const offer = checkOffer(requirements, session, chainId, x402Version);
      const reader = aggregatingClient(client);
      const standing = await standingOf(reader, offer);
      const refusal = refuse(offer, standing);
      if (refusal) return refusal;
      return checkGrant(reader, standing).then(
        () => undefined,
        (error: unknown) => (isRefusal(error, "NOT_GRANTED") ? error : undefined),
      );
    },
    createPaymentPayload,
  };
}

function refuseBalance({ budget, amount }: PayableOffer, { balance }: SessionStanding): Refusal | undefined {
  if (balance >= amount) return undefined;
  return new Refusal({
    code: "TOKEN_INSUFFICIENT_BALANCE",
    shortMessage: `The account's balance of ${amountText(balance, budget.token)} does not cover ${amountText(amount, budget.token)}.`,
    metaMessages: ["Nothing was signed. Fund the account."],
    details: { token: budget.token, balance, amount },
  });
}

function refuseAllowance(
  { budget, amount }: PayableOffer,
  { account }: Session,
  { allowance }: SessionStanding,
): Refusal | undefined {
  if (allowance === undefined || allowance >= amount) return undefined;
  const { token } = budget;
  return new Refusal({
    code: "APPROVAL",
    shortMessage: `Permit2 may take ${amountText(allowance, token)} from the account ${account}; this payment needs ${amountText(amount, token)}.`,
    metaMessages: [
      `Nothing was signed. Ask the owner to have the account approve Permit2 (${PERMIT2}) for the token ${token}.`,
    ],
    details: { token, spender: PERMIT2, allowance, needed: amount },
  });
}

const refusePeriodEnd = ({ budget, amount }: PayableOffer, resetsAt: number): Refusal =>
  new Refusal({
    code: "PERIOD",
    shortMessage: "The period ends in a few seconds, too soon for a payment to settle in it.",
    metaMessages: [`Try again when the next period starts, at ${utcText(resetsAt)}.`],
    details: { token: budget.token, amount, remaining: 0n, resetsAt },
  });

/** A payment that the key has signed. */
type AuthorizedPayment = { token: Address; digest: Hex; payment: PaymentPayload["payload"] };

const refuseSignature = ({ account }: Session, { state }: SessionStanding, seen: SeenPayment): Refusal =>
  state === "ENABLED"
    ? new Refusal({
        code: "TOKEN_INVALID_SIGNATURE",
        shortMessage: `The account ${account} has not approved this payment.`,
        metaMessages: [
          whileItLives(seen),
          "Another agent of the session probably paid at the same time, or the account's set-up changed: try again once.",
        ],
        details: seen,
      })
    : new Refusal({
        code: "NOT_GRANTED",
        shortMessage: `The account ${account} does not accept the owner's signature over the session.`,
        metaMessages: [
          whileItLives(seen),
          "If the owners changed, have the account enable the session, or ask for a new grant.",
        ],
        details: seen,
      });

const isFinal = (objection: Refusal | undefined): boolean =>
  objection?.code === "TOKEN_AUTHORIZATION_USED" ||
  (objection !== undefined && FINAL_CODES.includes(objection.code));

/** The period that the local clock is in. Nothing depends on it but how many questions are asked. */
const likelyPeriod = ({ validAfter }: Session, period: number): bigint =>
  BigInt(Math.max(0, Math.floor((Date.now() / 1000 - validAfter) / period)));
