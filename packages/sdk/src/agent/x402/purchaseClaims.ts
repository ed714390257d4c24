import { Refusal } from "../../errors/Refusal.ts";
import { pause } from "../../internal/pause.ts";
import type { PaymentStore, Purchase } from "./PaymentStore.ts";

/** Milliseconds between two signs of life of a claim. */
const BEAT = 1000;
/** Milliseconds without one after which a claim is another's to take: some lost ones, or a short suspension, do no harm. */
const LEASE = 5000;
/** Milliseconds between two looks at a purchase that another process works on: at first, and at most. */
const FIRST_LOOK = 50;
const LAST_LOOK = 500;
/** Seconds for which a purchase is remembered that has no payment: nothing depends on it once its process has died. */
const UNPAID_STANDS = 86_400;

/**
 * What a purchase is known by.
 *
 * An unnamed one is known by its request. Several with the same name may be under way, as today's purchase of
 * a page does not stand for tomorrow's; a named one is made once.
 */
export type PurchaseName = { name: string; request: string; isNamed: boolean };

/** The right to work on a purchase, which one process has at a time. */
export type PurchaseClaim = {
  /** The purchase's own, for as long as it is remembered: the same to a process that takes it over. */
  readonly id: string;
  /** What was signed for it before, by whichever process. */
  readonly payment: string | undefined;
  /** Whether that has bought something: then nothing else is ever signed for it. */
  readonly done: boolean;
  /**
   * Stores the payment, before anybody else sees it.
   *
   * @param until See {@link Purchase}.
   * @throws {LostClaim} If another process has taken the purchase over: then this payment must not be used.
   */
  record(payment: string, until: number): Promise<void>;
  /**
   * The payment has bought something.
   * @returns As {@link PurchaseClaim.tell}.
   */
  finish(): Promise<boolean>;
  /**
   * The payment has settled, and its owner is about to be told.
   * @returns Whether this is the first time, as the store shows: false too if that cannot be written.
   */
  tell(): Promise<boolean>;
  /** The payment can buy nothing any more: forgets the purchase. */
  forget(): Promise<void>;
  /**
   * Leaves the purchase to others, with its payment, if it has one. Does nothing where it is finished or forgotten.
   * @returns Whether a payment is left open.
   */
  leave(): Promise<boolean>;
};

/** Another process works on the purchase. */
export class LostClaim extends Error {}

/**
 * Claims purchases in a store, so that of several processes that make the same one only one signs, and another one goes on
 * with its payment if it dies.
 *
 * Whether a process is alive decides only who waits for whom, and is seen by a counter in its claim that goes on: no
 * clocks are compared. A process that was only suspended finds at its next write that the purchase is no longer its own.
 *
 * @param account As in the store.
 */
export function purchaseClaims({ store, account }: { store: PaymentStore; account: string }) {
  const me = globalThis.crypto.randomUUID();
  /** This process's claims that it is working under. Each has a name of its own, which begins with the process's. */
  const active = new Set<string>();
  /** Ids of purchases that have bought something although the store could not be told. */
  const finished = new Set<string>();
  let chainTime = 0;
  const isOwn = ({ claim }: Purchase): boolean => claim?.by.startsWith(me) ?? false;

  async function claim(
    of: PurchaseName,
    signal: AbortSignal,
    waiting?: (milliseconds: number) => void,
  ): Promise<PurchaseClaim> {
    const began = performance.now();
    const { name, request, isNamed } = of;
    const by = `${me}/${globalThis.crypto.randomUUID()}`;
    /** Others' claims: the last sign of life, and when it was first seen. */
    const seen = new Map<string, { beat: number; since: number }>();
    /** Unnamed purchases of others that were under way at first: later ones are not the same. */
    let awaited: ReadonlySet<string> | undefined;
    const isFree = (purchase: Purchase): boolean => {
      const { claim } = purchase;
      if (!claim) return true;
      if (isOwn(purchase)) return !active.has(claim.by);
      const last = seen.get(claim.by);
      return last !== undefined && last.beat === claim.beat && performance.now() - last.since > LEASE;
    };
    for (let look = FIRST_LOOK; ; look = Math.min(look * 1.5, LAST_LOOK)) {
      let mine: Purchase | undefined;
      let isOther = false;
      const change = (stored: readonly Purchase[]): readonly Purchase[] | undefined => {
        const before = withoutFinished(stored, isNamed);
        isOther = isNamed && before.some((each) => each.request !== request);
        mine = before.find((each) => each.done);
        if (mine || isOther) return undefined;
        const free = before.find(isFree);
        if (free) {
          const taken = { ...free, claim: { by, beat: 0 } };
          mine = taken;
          return before.map((each) => (each === free ? taken : each));
        }
        const isUnderWay = isNamed
          ? before.length > 0
          : before.some((each) => !isOwn(each) && (awaited?.has(each.id) ?? true));
        if (isUnderWay) return undefined;
        const until = Math.max(chainTime, Math.floor(Date.now() / 1000)) + UNPAID_STANDS;
        mine = { id: globalThis.crypto.randomUUID(), request, claim: { by, beat: 0 }, done: false, until };
        return [...before, mine];
      };
      active.add(by);
      let left: readonly Purchase[];
      try {
        left = await store.change({ account, name, change });
      } catch (error) {
        active.delete(by);
        throw error;
      }
      // Set inside `change`, which narrowing cannot see.
      const found = mine as Purchase | undefined;
      if (found && !isOther) return claimed(of, found, by);
      active.delete(by);
      if (isOther) throw refuseOtherRequest(name);
      awaited ??= new Set(left.filter((each) => !isOwn(each)).map(({ id }) => id));
      for (const { claim } of left) {
        if (claim && seen.get(claim.by)?.beat !== claim.beat) {
          seen.set(claim.by, { beat: claim.beat, since: performance.now() });
        }
      }
      waiting?.(performance.now() - began);
      await pause(look, signal);
    }
  }

  const withoutFinished = (purchases: readonly Purchase[], isNamed: boolean): readonly Purchase[] =>
    purchases.flatMap((each) => {
      if (!finished.has(each.id)) return [each];
      return isNamed ? [asDone(each)] : [];
    });

  function claimed(
    { name, isNamed }: PurchaseName,
    { id, payment, done }: Purchase,
    by: string,
  ): PurchaseClaim {
    let isOver = done;
    /** Changes this purchase. @returns Whether it is still this process's own. */
    const change = async (
      next: (purchase: Purchase) => readonly Purchase[],
      isMine = ({ claim }: Purchase) => claim?.by === by,
    ): Promise<boolean> => {
      let found = false;
      await store.change({
        account,
        name,
        change(before) {
          found = before.some((each) => each.id === id && isMine(each));
          return found ? before.flatMap((each) => (each.id === id ? next(each) : [each])) : undefined;
        },
      });
      return found;
    };
    const end = () => {
      isOver = true;
      active.delete(by);
      clearInterval(timer);
    };
    let isBeating = false;
    const beat = async () => {
      if (isBeating) return;
      isBeating = true;
      await change((each) => [{ ...each, claim: { by, beat: (each.claim?.beat ?? 0) + 1 } }]).catch(() => {});
      isBeating = false;
    };
    const timer = done ? undefined : setInterval(beat, BEAT);
    // In Node a claim does not keep the process alive; elsewhere a timer is a number.
    if (typeof timer === "object") timer.unref?.();
    if (done) active.delete(by);

    return {
      id,
      payment,
      done,
      async record(signed, until) {
        const isStored =
          !isOver &&
          (await change(
            (each) => [{ ...each, payment: signed, until }],
            ({ claim, payment }) => !isOver && claim?.by === by && payment === undefined,
          ));
        if (!isStored) throw new LostClaim("Another process works on this purchase.");
      },
      async finish() {
        if (isOver) return false;
        finished.add(id);
        end();
        let isFirst = false;
        // The answer counts for more than an entry; what is not written now is known to this process at least.
        await change(
          (each) => {
            isFirst = isUntold(each);
            return isNamed ? [asDone(each)] : [];
          },
          () => true,
        ).then(
          () => finished.delete(id),
          () => {
            isFirst = false;
          },
        );
        return isFirst;
      },
      async tell() {
        let isFirst = false;
        await change(
          (each) => {
            isFirst = isUntold(each);
            return [{ ...each, told: true }];
          },
          () => true,
        ).catch(() => {
          isFirst = false;
        });
        return isFirst;
      },
      async forget() {
        if (isOver) return;
        end();
        if (!(await change(() => []))) throw new LostClaim("Another process works on this purchase.");
      },
      async leave() {
        if (isOver) return false;
        end();
        let isOpen = false;
        await change((each) => {
          isOpen = each.payment !== undefined;
          return isOpen ? [unclaimed(each)] : [];
        }).catch(() => {
          // A claim that stays is free to this process at once, and to others soon.
          isOpen = true;
        });
        return isOpen;
      },
    };
  }

  return {
    claim,
    /** Learns the chain's time, which this machine's clock may be far from. */
    tellTime(now: number): void {
      chainTime = Math.max(chainTime, now);
    },
  };
}

const isUntold = ({ done, told }: Purchase): boolean => !done && told !== true;
const unclaimed = ({ claim: _, ...purchase }: Purchase): Purchase => purchase;
const asDone = (purchase: Purchase): Purchase => ({ ...unclaimed(purchase), done: true });

const refuseOtherRequest = (name: string): Refusal =>
  new Refusal({
    code: "IDEMPOTENCY_KEY",
    shortMessage: "The idempotency key was used for another request.",
    metaMessages: ["Nothing was sent. Use a new key for each purchase, and the same request with it."],
    details: { name },
  });
