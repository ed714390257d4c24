import type { PaymentPayload } from "@x402/core/types";
import {
  type Address,
  type Chain,
  type Client,
  concat,
  encodeFunctionData,
  isAddressEqual,
  numberToHex,
  pad,
  type Transport,
} from "viem";
import { encodeExecute } from "../../encoding/encodeExecute.ts";
import { encodePermissionContext } from "../../encoding/permissionContext.ts";
import { signExecution } from "../../encoding/signExecution.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { sessionModuleAbi } from "../../generated/abis/sessionModuleAbi.ts";
import type { Grant } from "../../grant/Grant.ts";
import { type AggregatingClient, aggregatingClient } from "../../internal/aggregatingClient.ts";
import { call } from "../../internal/chainActions.ts";
import { pause } from "../../internal/pause.ts";
import { unlessAborted } from "../../internal/unlessAborted.ts";
import { within } from "../../internal/within.ts";
import { transferOf } from "../../session/CallRequest.ts";
import { ANYONE, type Session } from "../../session/Session.ts";
import { executionRefusal } from "../executionRefusal.ts";
import { answered } from "./answered.ts";
import type { OfferedMethod, PayableOffer } from "./checkOffer.ts";
import { ExtensionError } from "./completePayment.ts";
import { currentTime } from "./currentTime.ts";
import type { ExecutionsInFlight } from "./executionsInFlight.ts";
import type { HeldSlot } from "./HeldSlot.ts";
import type { RedemptionPayload } from "./openPayment.ts";
import { headerRefusal, paymentHeader } from "./paymentHeader.ts";
import {
  refuseEnding,
  refuseLateKey,
  refuseLateNode,
  refuseSettlement,
  refuseUnasked,
  type SeenPayment,
} from "./paymentRefusals.ts";
import { CONSENT_SECONDS, FACILITATOR_SECONDS, LONGEST_VALIDITY, SETTLING_SECONDS } from "./paymentWindow.ts";
import { LostClaim } from "./purchaseClaims.ts";
import type { SessionKey } from "./SessionKey.ts";
import type { SessionStanding } from "./sessionStanding.ts";
import { refuseTaken } from "./slotAllocator.ts";

/** An offer to be paid by ERC-7710. */
export type ExecutedOffer = PayableOffer & { paidBy: Extract<OfferedMethod, { method: "erc7710" }> };

/** Whether an offer is to be paid by ERC-7710. */
export const isExecuted = (offer: PayableOffer): offer is ExecutedOffer => offer.paidBy.method === "erc7710";

/** One call, which must succeed. */
const SINGLE = pad("0x");

/** What one payment needs of the scheme that makes it. */
export type ExecutionContext = {
  client: Client<Transport, Chain | undefined>;
  key: SessionKey;
  grant: Grant;
  session: Session;
  margin: number;
  maxWait: number;
  pollingInterval: number;
  inFlight: ExecutionsInFlight;
  /** The payment as it will be sent, but for what is signed. */
  unpaid: Omit<PaymentPayload, "payload">;
  signal: AbortSignal | undefined;
  record: ((payload: PaymentPayload["payload"]) => Promise<void>) | undefined;
  waiting: ((reason: "slot", waited: number, left: number) => void) | undefined;
  checkChain(reader: AggregatingClient): Promise<void>;
  /** Whether a signed payment has used a part of a lot. */
  isLotUsed(offer: PayableOffer, lot: { period: bigint; lot: bigint }): Promise<boolean>;
  standingOf(reader: AggregatingClient, offer: PayableOffer): Promise<SessionStanding>;
  refuse(offer: PayableOffer, standing: SessionStanding): Refusal | undefined;
};

/**
 * Pays an offer by ERC-7710: the key signs the execution of exactly one transfer, which the facilitator has the module redeem.
 * It needs no slot, as the module counts it like every execution; what is signed and not redeemed yet is reserved in the store.
 *
 * The transfer is tried before it is signed, as the key itself could execute it, and as the facilitator will once the payment is
 * recorded.
 *
 * @throws {Refusal} As `latchkeyScheme`.
 */
export async function payByExecution(
  offer: ExecutedOffer,
  context: ExecutionContext,
): Promise<PaymentPayload["payload"]> {
  const { client, key, grant, session, margin, maxWait, pollingInterval, inFlight, signal } = context;
  const { budget, amount, payTo, paidBy } = offer;
  const { token } = budget;
  const transfer = transferOf({ token, to: payTo, amount });
  const validity = Math.min(offer.maxTimeoutSeconds, LONGEST_VALIDITY);
  const began = performance.now();
  const end = began + maxWait * 1000;

  for (;;) {
    await unlessAborted(signal, inFlight.look());
    const seen = inFlight.see();
    const reader = aggregatingClient(client);
    const [chain, reading, read, trying] = await unlessAborted(
      signal,
      Promise.allSettled([
        context.checkChain(reader),
        context.standingOf(reader, offer),
        inFlight.read(reader, seen),
        objectionTo(encodeExecute({ grant, calls: [transfer] }), session.key),
      ]),
    );
    for (const each of [chain, reading, read]) if (each.status === "rejected") throw each.reason;
    const standing = answered(reading);
    const refusal = context.refuse(offer, standing) ?? answered(trying);
    if (refusal) throw refusal;

    const { chainTime, period, released, spent } = standing;
    const now = await unlessAborted(signal, currentTime(client, chainTime));
    const asked = performance.now();
    /** The chain's time in seconds: the next step may take long. */
    const clock = () => now + Math.floor((performance.now() - asked) / 1000);
    // The second after the deadline.
    const validBefore = () => Math.min(clock() + validity + 1, session.validUntil);
    if (session.validUntil - clock() < FACILITATOR_SECONDS + margin) throw refuseEnding(session);
    const taking = inFlight.take({
      amount,
      payee: payTo,
      period,
      released,
      spent,
      now: chainTime,
      seen,
      heldUntil: () => validBefore() + SETTLING_SECONDS,
    });
    const taken = await unlessAborted(signal, taking).catch((error: unknown) => {
      // It may still be reserved, but is no longer needed.
      if (signal?.aborted)
        taking.then((late) => (late.kind === "taken" ? giveBack(late.held) : undefined)).catch(() => {});
      throw error;
    });
    if (taken.kind === "unread") continue;
    let blocked = taken.kind === "wait" ? taken : undefined;
    if (taken.kind === "taken" && taken.reached !== undefined && taken.others.count > 0) {
      const { held, others } = taken;
      const lot = { period, lot: taken.reached };
      const isUsed = await unlessAborted(signal, context.isLotUsed(offer, lot)).catch(
        async (error: unknown) => {
          await giveBack(held);
          throw error;
        },
      );
      if (isUsed) {
        await giveBack(held);
        blocked = { kind: "wait", count: others.count, until: others.until };
      }
    }
    if (blocked) {
      const left = end - performance.now();
      if (left < pollingInterval) throw refuseTaken(blocked);
      context.waiting?.("slot", performance.now() - began, left);
      await pause(pollingInterval, signal);
      continue;
    }
    if (taken.kind === "taken") return complete(taken.held, standing, clock);
  }

  async function complete(
    held: HeldSlot,
    { state }: SessionStanding,
    clock: () => number,
  ): Promise<PaymentPayload["payload"]> {
    const validBefore = held.heldUntil - SETTLING_SECONDS;
    const isOver = () => clock() > validBefore - FACILITATOR_SECONDS;
    let payment: RedemptionPayload;
    try {
      const secondsLeft = validBefore - FACILITATOR_SECONDS - clock();
      const signing = signExecution(key, {
        grant,
        calls: [transfer],
        caller: paidBy.caller === ANYONE ? "anyone" : paidBy.caller,
        deadline: validBefore - 1,
        nonce: held.index,
      });
      // A remote key may be slow. A signature that comes too late is discarded.
      const signed = await unlessAborted(
        signal,
        within((secondsLeft + 1) * 1000, signing, () => refuseLateKey(validBefore)),
      );
      payment = {
        delegationManager: grant.module,
        permissionContext: encodePermissionContext({ grant, signed, isEnabled: state === "ENABLED" }),
        delegator: session.account,
      };
      // `record` checks the whole header.
      const header = context.record
        ? undefined
        : paymentHeader({ ...context.unpaid, payload: payment } as PaymentPayload);
      const tooLarge = header && headerRefusal(header);
      if (tooLarge) throw tooLarge;
      signal?.throwIfAborted();
      if (isOver()) throw refuseLateKey(validBefore);
    } catch (error) {
      await giveBack(held);
      throw error;
    }
    try {
      await context.record?.(payment);
    } catch (error) {
      // Where the store does not say what it has stored, the payment may be offered yet: it stays reserved.
      const isUnstored = error instanceof LostClaim || error instanceof ExtensionError;
      if (isUnstored || (error instanceof Refusal && error.code === "TOO_LARGE")) await giveBack(held);
      throw error;
    }
    await insistOnConsent(payment, isOver, {
      token,
      nonce: numberToHex(held.index, { size: 32 }),
      validBefore,
    });
    return payment;
  }

  /**
   * Tries the redemption as the facilitator will. From here on the node has everything that is needed to redeem it. For some
   * seconds it is asked again: a node behind one that was read before may lag.
   */
  async function insistOnConsent(
    { delegationManager: to, permissionContext }: RedemptionPayload,
    isOver: () => boolean,
    seen: SeenPayment,
  ): Promise<void> {
    const data = encodeFunctionData({
      abi: sessionModuleAbi,
      functionName: "redeemDelegations",
      args: [[permissionContext], [SINGLE], [concat([token, pad("0x"), transfer.data])]],
    });
    const consentEnd = performance.now() + Math.min(maxWait, CONSENT_SECONDS) * 1000;
    const caller = isAddressEqual(paidBy.caller, ANYONE) ? undefined : paidBy.caller;
    for (;;) {
      let objection: Refusal | undefined;
      try {
        objection = await objectionTo({ to, data }, caller);
      } catch (cause) {
        throw refuseUnasked(session, "the session module's nonceUsed", seen, cause);
      }
      // Somebody has redeemed it already: the merchant is paid, and should know.
      if (objection?.code === "NONCE_USED") return;
      if (!objection && isOver()) throw refuseLateNode(seen);
      if (!objection) return;
      if (isOver() || performance.now() + pollingInterval > consentEnd)
        throw refuseSettlement(objection, seen);
      await pause(pollingInterval, undefined);
    }
  }

  /**
   * Why the chain would reject a transaction now, if it would.
   * @throws {Refusal} NETWORK
   */
  async function objectionTo(
    { to, data }: { to: Address; data: `0x${string}` },
    account: Address | undefined,
  ): Promise<Refusal | undefined> {
    try {
      await call(client, { to, data, ...(account && { account }) });
      return undefined;
    } catch (error) {
      const refusal = await executionRefusal(client, grant, error, [transfer]);
      if (refusal.code === "NETWORK") throw refusal;
      return refusal;
    }
  }

  /** What cannot be released expires by itself: the original error says more. */
  function giveBack(held: HeldSlot): Promise<void> {
    return inFlight.release(held).catch(() => {});
  }
}
