import { decodePaymentResponseHeader } from "@x402/core/http";
import type { PaymentRequirements } from "@x402/core/types";
import { type Address, isAddressEqual, isHash } from "viem";
import { isRefusal } from "../../errors/isRefusal.ts";
import type { Refusal } from "../../errors/Refusal.ts";
import { within } from "../../internal/within.ts";
import { hashSession } from "../../session/hashSession.ts";
import type { LedgerEntry } from "../ledger/Ledger.ts";
import { ledgerAmount, paidFields, type TokenUnits } from "../ledger/ledgerAmount.ts";
import { plainUrl } from "../ledger/plainUrl.ts";
import { refuseUnwritten } from "../ledger/refuseUnwritten.ts";
import type { LatchkeyScheme, LatchkeySchemeParameters } from "./latchkeyScheme.ts";
import type { OpenPayment } from "./openPayment.ts";
import type { PaymentHooks, WaitingPurchase } from "./PaymentHooks.ts";
import type { PurchaseClaim } from "./purchaseClaims.ts";

/** Milliseconds for which a response is kept back until the ledger has its payment's outcome. */
const LEDGER_PATIENCE = 5000;

/** The last time that JavaScript can write. */
const LAST_TIME = 8.64e15;

/** Whether a purchase's payment settled, as the chain or the merchant shows it. */
export type ShownOutcome = Pick<LedgerEntry, "transaction" | "receipt"> & {
  settled: boolean;
  shownBy: "merchant" | "chain";
  /** What moved, in token base units, where that may be less than was signed. */
  moved?: bigint;
};

/** What is told of one request. */
export type PaymentReport = {
  /** Whether something was signed for it that may still settle, or has settled. */
  isPending: boolean;
  /** Whether there is a ledger or `onPaid`. */
  readonly isHeard: boolean;
  /** What the server asked for. */
  offers?: readonly PaymentRequirements[];
  /**
   * Writes a payment down before anybody sees it, once in this process.
   * @throws {Refusal} STORE
   */
  open(id: string, payment: OpenPayment): Promise<void>;
  /**
   * Completes what was written, and calls `onPaid` for a payment that settled. Throws nothing.
   *
   * @param isFirst Whether nobody was told of it before. Default: what the claim says.
   */
  close(claim: PurchaseClaim, payment: OpenPayment, outcome: ShownOutcome, isFirst?: boolean): Promise<void>;
  /** Calls `onRefused`, if it is one and nothing may settle. Of that, a store that fails says nothing. */
  refused(error: unknown): void;
  /** Calls `onWaiting`. In milliseconds: since when it waits, and how much longer it may. */
  waiting(reason: WaitingPurchase["reason"], waited: number, left?: number): void;
};

/** Tells hooks and a ledger what becomes of purchases. */
export function paymentReports(parameters: LatchkeySchemeParameters & PaymentHooks, scheme: LatchkeyScheme) {
  const { client, grant, ledger, onPaid, onRefused, onWaiting } = parameters;
  const { chainId } = grant;
  const { session } = scheme;
  const isHeard = ledger !== undefined || onPaid !== undefined;
  /** Payments that this process has written down, by the ids of purchases that the store may still have. */
  const written = new Map<string, { at: string; shownBy?: ShownOutcome["shownBy"] }>();
  const units: TokenUnits = new Map();

  return function reportOf(
    request: Request,
    { idempotencyKey, purpose }: { idempotencyKey: string | undefined; purpose: string | undefined },
  ): PaymentReport {
    const told = new Set<string>();
    const named = {
      ...(idempotencyKey !== undefined && { idempotencyKey: `${idempotencyKey}` }),
      ...(purpose !== undefined && { purpose: `${purpose}` }),
    };

    async function entryOf(id: string, { accepted, authorization }: OpenPayment): Promise<LedgerEntry> {
      const { from, to, value, method, facilitator, module, validAfter, validBefore, nonce } = authorization;
      const token = accepted.asset as Address;
      const budget = session.budgets.findIndex((each) => isAddressEqual(each.token, token));
      return {
        id,
        kind: "x402",
        status: "open",
        at: written.get(id)?.at ?? timeText(0),
        what: plainUrl(request.url),
        ...named,
        chainId,
        account: from,
        session: authorization.session ?? hashSession(session),
        ...(budget >= 0 && { budget }),
        to,
        ...(await ledgerAmount(client, { token, units: BigInt(value), chainId }, units)),
        authorization: {
          ...(method && { method }),
          ...(facilitator && { facilitator }),
          ...(module && { module }),
          nonce,
          validAfter,
          validBefore,
        },
      };
    }

    return {
      isPending: false,
      isHeard,
      async open(id, payment) {
        this.isPending = true;
        if (!isHeard || written.has(id)) return;
        try {
          const entry = await entryOf(id, payment);
          await ledger?.append(entry);
          written.set(id, { at: entry.at });
        } catch (cause) {
          throw refuseUnwritten(cause);
        }
      },
      async close(claim, payment, { settled, moved, ...shown }, first) {
        this.isPending = settled;
        const isFirst = settled && onPaid !== undefined && (first ?? (await claim.tell()));
        // A merchant's word is not the last one.
        if (!isFirst && (!ledger || written.get(claim.id)?.shownBy === "chain")) return;
        await quietly("The ledger lacks a payment's outcome.", async () => {
          const opened = await entryOf(claim.id, payment);
          const { method, value } = payment.authorization;
          // A merchant that says more than the key has signed for lies.
          const isPart = method === "permit2-upto" && moved !== undefined && moved <= BigInt(value);
          const entry: LedgerEntry = {
            ...opened,
            ...(settled && isPart && paidFields(moved, opened.decimals ?? 0)),
            ...shown,
            status: settled ? "settled" : "not settled",
            closedAt: timeText(0),
          };
          // A lost answer's purchase stays in the store, and may be asked for again and again.
          if (settled && first === undefined) written.set(claim.id, { at: entry.at, shownBy: shown.shownBy });
          else written.delete(claim.id);
          if (isFirst) {
            const text = `${entry.paidAmount ?? entry.amount} ${entry.symbol}`;
            call(onPaid, { ...structuredClone(entry), status: "settled", text });
          }
          if (ledger)
            await within(LEDGER_PATIENCE, ledger.append(entry), () => "It did not respond in time.");
        });
      },
      refused(error) {
        if (this.isPending || !isRefusal(error) || isRefusal(error, "STORE")) return;
        const { method, url } = request;
        const { offers } = this;
        const refusal = error as Refusal;
        call(onRefused, {
          refusal,
          url: plainUrl(url),
          method,
          ...named,
          ...(offers && { offers }),
          at: timeText(0),
        });
      },
      waiting(reason, waited, left) {
        if (told.has(reason)) return;
        told.add(reason);
        call(onWaiting, {
          reason,
          url: plainUrl(request.url),
          ...named,
          since: timeText(-waited),
          ...(left !== undefined && { until: timeText(left) }),
        });
      },
    };
  };
}

/** What a merchant's response says of the payment's outcome; undefined if it does not say that it settled. */
export function receiptIn({ headers }: Response): ShownOutcome | undefined {
  try {
    const header = headers.get("PAYMENT-RESPONSE") ?? headers.get("X-PAYMENT-RESPONSE");
    const receipt = decodePaymentResponseHeader(header ?? "");
    if (receipt.success !== true) return undefined;
    const { transaction, amount } = receipt;
    return {
      settled: true,
      shownBy: "merchant",
      receipt: JSON.stringify(receipt),
      ...(/^\d{1,78}$/.test(amount ?? "") && { moved: BigInt(amount as string) }),
      ...(isHash(transaction) && { transaction }),
    };
  } catch {
    return undefined;
  }
}

/** A time of this machine's clock, some milliseconds from now. */
const timeText = (milliseconds: number): string =>
  new Date(Math.min(Date.now() + milliseconds, LAST_TIME)).toISOString();

/** Calls a hook, which has no part in the payment. */
const call = <event>(hook: ((event: event) => unknown) | undefined, event: event): void => {
  if (hook) quietly("A hook of payingFetch failed.", async () => hook(event));
};

async function quietly(message: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(message, error);
  }
}
