import type { HeldSlot } from "./HeldSlot.ts";
import { type HeldSlots, heldSlots } from "./heldSlots.ts";
import type { Purchase, StoredBudget } from "./PaymentStore.ts";

/**
 * Seconds after their time for which the entries of another account are kept: its chain may be another one, whose clock
 * lags behind.
 */
const OTHERS_STAND = 86_400;

/** All that a store remembers, in memory. */
export type RememberedPayments = {
  slotsOf(budget: StoredBudget): HeldSlots;
  purchasesOf(account: string, name: string): readonly Purchase[];
  setPurchases(account: string, name: string, purchases: readonly Purchase[]): void;
  /** Forgets what is over, by the clock of an account's chain. */
  dropBefore(account: string, now: number): void;
  /** All that is left, for a store that writes it down. */
  entries(): {
    budgets: readonly (StoredBudget & { held: readonly HeldSlot[] })[];
    purchases: readonly { account: string; name: string; purchases: readonly Purchase[] }[];
  };
};

type KnownOfAccount = {
  budgets: Map<string, HeldSlots>;
  purchases: Map<string, readonly Purchase[]>;
  /** The end of the purchase that ends first, or an earlier one. */
  earliest: number;
  /** The latest time of the chain that is known. */
  now: number;
};

/** An empty one. */
export function rememberedPayments(): RememberedPayments {
  const accounts = new Map<string, KnownOfAccount>();
  const accountOf = (account: string) => {
    const known: KnownOfAccount = accounts.get(account) ?? {
      budgets: new Map(),
      purchases: new Map(),
      earliest: Infinity,
      now: 0,
    };
    accounts.set(account, known);
    return known;
  };
  const dropIn = (account: string, now: number) => {
    const known = accountOf(account);
    const { budgets, purchases, earliest } = known;
    known.now = Math.max(known.now, now);
    for (const [budget, held] of budgets) {
      held.dropBefore(now);
      if (held.all().length === 0) budgets.delete(budget);
    }
    // All are looked at only once a minute, however many there are.
    if (now > earliest + 60) {
      let next = Infinity;
      for (const [name, each] of purchases) {
        const left = each.filter(({ until }) => until >= now);
        if (left.length === 0) purchases.delete(name);
        else if (left.length < each.length) purchases.set(name, left);
        for (const { until } of left) next = Math.min(next, until);
      }
      known.earliest = next;
    }
    if (budgets.size === 0 && purchases.size === 0) accounts.delete(account);
  };
  return {
    slotsOf({ account, budget }) {
      const { budgets } = accountOf(account);
      const held = budgets.get(budget) ?? heldSlots();
      budgets.set(budget, held);
      return held;
    },
    purchasesOf(account, name) {
      const { purchases, now } = accountOf(account);
      return (purchases.get(name) ?? []).filter(({ until }) => until >= now);
    },
    setPurchases(account, name, purchases) {
      const known = accountOf(account);
      if (purchases.length > 0) known.purchases.set(name, purchases);
      else known.purchases.delete(name);
      for (const { until } of purchases) known.earliest = Math.min(known.earliest, until);
    },
    dropBefore(account, now) {
      dropIn(account, now);
      for (const other of [...accounts.keys()]) if (other !== account) dropIn(other, now - OTHERS_STAND);
    },
    entries: () => ({
      budgets: [...accounts].flatMap(([account, { budgets }]) =>
        [...budgets].map(([budget, held]) => ({ account, budget, held: held.all() })),
      ),
      purchases: [...accounts].flatMap(([account, known]) =>
        [...known.purchases].map(([name, purchases]) => ({ account, name, purchases })),
      ),
    }),
  };
}
