import type { Slot } from "../../session/Slot.ts";
import type { HeldSlot } from "./HeldSlot.ts";

/** One budget of one session of one account, for whose payments slots are reserved. */
export type StoredBudget = {
  /** The account that pays, as a CAIP-10 identifier: `eip155:8453:0x…`. */
  account: string;
  /** The session's id and the budget's index in it. */
  budget: string;
};

/** What is remembered of one purchase. Holds no key; the payment in it is good for its payee alone. */
export type Purchase = {
  /** Unique, also among equal requests that are made at the same time. */
  id: string;
  /** The hash of the request: an idempotency key stands for one request only. */
  request: string;
  /** The process that works on it, and when that last said so (Unix time in milliseconds, by its own clock). */
  claim?: { by: string; beat: number };
  /** The signed payment and the offer that it pays, as x402 writes payments in headers. */
  payment?: string;
  /** Whether the payment has bought something. */
  done: boolean;
  /** Whether `onPaid` was called, or is about to be. */
  told?: boolean;
  /**
   * Last second (Unix time, by the chain's clock) for which it is remembered in any case: an hour after the payment's
   * validBefore.
   */
  until: number;
};

/**
 * Remembers what agents have signed: the slots in flight, and the payment of each purchase. All agents of one session must
 * share one store: then no slot is used twice, and a purchase that one process began is finished by
 * another one with the same payment. The chain enforces the budget without it.
 *
 * There are three: {@link memoryPaymentStore}, `filePaymentStore` of `@latchkey/sdk/node` and `redisPaymentStore` of
 * `@latchkey/sdk/redis`. Your own (with a database, for example) must give these guarantees:
 *
 * - {@link PaymentStore.take} and {@link PaymentStore.change} are atomic: `choose` and `change` see everything that was
 *   stored before, and nothing else is stored under the same budget or purchase between what they see and their result.
 * - Once a promise has resolved, its result survives the death of the process, of the store's server, and a restart of
 *   either. Whether a call that rejects has stored its result may remain open.
 * - Nothing is forgotten before its time, and no local clock decides that: only a later `now` of `take` for the same
 *   account, which comes from the chain. What is damaged is an error, never an empty store.
 */
export type PaymentStore = {
  /**
   * Reserves a slot, or the amount of an execution: whatever `choose` returns is kept as it is.
   *
   * @param request.now Unix time by the chain's clock. Reservations and purchases of the account that end earlier are
   * forgotten.
   * @param request.choose Is given what is reserved under the budget. Returns undefined to reserve nothing. It is
   * synchronous, reads nothing, and may be called more than once.
   * @returns The result of `choose`, once it is stored.
   */
  take(
    request: StoredBudget & {
      now: number;
      choose: (held: readonly HeldSlot[]) => HeldSlot | undefined;
    },
  ): Promise<HeldSlot | undefined>;
  /**
   * Releases a slot immediately. Only if nothing was signed for it, or the signature never left this process, not
   * even to a node or to this store: any other authorization may still settle, and its slot is released after its time.
   */
  release(budget: StoredBudget, slot: Slot & { period: bigint }): Promise<void>;
  /** What is reserved under a budget, including expired reservations. */
  held(budget: StoredBudget): Promise<readonly HeldSlot[]>;
  /**
   * Changes what is remembered of the purchases with one name.
   *
   * @param request.account As in {@link StoredBudget}.
   * @param request.name A hash of what distinguishes the purchase. Several have the same name where equal requests without
   * an idempotency key are made at the same time.
   * @param request.change Is given what is remembered, and returns what shall be, or undefined to change nothing. It is
   * synchronous, reads nothing, and may be called more than once.
   * @returns What is remembered now.
   */
  change(request: {
    account: string;
    name: string;
    change: (purchases: readonly Purchase[]) => readonly Purchase[] | undefined;
  }): Promise<readonly Purchase[]>;
};
