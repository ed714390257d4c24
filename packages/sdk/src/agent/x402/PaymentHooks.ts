import type { PaymentRequirements } from "@x402/core/types";
import type { Refusal } from "../../errors/Refusal.ts";
import type { Ledger, LedgerEntry } from "../ledger/Ledger.ts";

/** A payment that settled, for {@link PaymentHooks.onPaid}. Safe for JSON. */
export type PaidPayment = LedgerEntry & {
  status: "settled";
  /** `"0.2 USDC"`: by upto what moved, where it is known. */
  text: string;
};

/** A purchase that was refused, for {@link PaymentHooks.onRefused}. */
export type RefusedPurchase = {
  refusal: Refusal;
  /** Without user, password, query and fragment. */
  url: string;
  method: string;
  idempotencyKey?: string;
  purpose?: string;
  /** What the server asked for, in its own words, not checked; absent if it was not asked. */
  offers?: readonly PaymentRequirements[];
  /** ISO 8601, by this machine's clock. */
  at: string;
};

/** A purchase that waits, for {@link PaymentHooks.onWaiting}. Safe for JSON. */
export type WaitingPurchase = {
  /**
   * - `slot`: payments in flight hold the rest of the budget;
   * - `period`: the period ends too soon for a payment to settle in it;
   * - `claim`: another process works on the same purchase;
   * - `response`: the server has not responded to the payment within `resendDelay`.
   */
  reason: "slot" | "period" | "claim" | "response";
  /** Without user, password, query and fragment. */
  url: string;
  idempotencyKey?: string;
  purpose?: string;
  /** ISO 8601, by this machine's clock. */
  since: string;
  /** When the wait ends at the latest. Absent for `claim`: it lasts as long as the other process lives. */
  until?: string;
};

/**
 * What is told what a paying function does: a ledger, and functions. The functions have no part in it: one that throws,
 * rejects or never resolves changes nothing. What it throws is written to the console. They run on the caller's thread, so keep
 * them short.
 */
export type PaymentHooks = {
  /**
   * Has a line for each payment before anybody else sees it, and another when its outcome is known, see {@link Ledger}. A
   * payment whose first line cannot be written is not sent (STORE), and kept for the same request. The second one keeps a
   * response back for 5 seconds at most; if it cannot be written, the console says so.
   */
  ledger?: Ledger;
  /**
   * Called once for each payment that settled: as the merchant's receipt or the chain shows it, also after a restart with
   * the same store, when the same request is made again. Never twice for one payment; so not at all if the process dies,
   * or the store cannot be written, at that very moment. The ledger has it then, or {@link reconcileLedger} adds it.
   */
  onPaid?: (payment: PaidPayment) => unknown;
  /**
   * Called when a purchase is refused and nothing was signed that may still settle: so not for STORE, which leaves that open.
   * A server's final 402 is a response, not a refusal, and may still be settled: its payment stays open in the ledger.
   */
  onRefused?: (purchase: RefusedPurchase) => unknown;
  /** Called when a purchase waits, once for each of its reasons. */
  onWaiting?: (purchase: WaitingPurchase) => unknown;
};
