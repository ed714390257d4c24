import { lotsOf } from "./LotRule.ts";
import { type SlotBudget, type SlotRule, slotRule } from "./SlotRule.ts";
import {
  type LotSearch,
  type LotView,
  type LotWorld,
  type NonceUse,
  type Place,
  searchLots,
} from "./searchLots.ts";

/** Which nonces of a lot are used: its openers, and how many of each size's followers (which of them is all one). */
type LotState = { openers: readonly boolean[]; followers: readonly number[] };

/** What may happen besides executions and authorizations. */
export type SlotWorld = LotWorld & {
  /** Whether the owner, or anyone, may use a slot's nonce without the session. */
  burns?: boolean;
  /** Whether a slot of another period is refused: false only to show what for. */
  currentPeriodOnly?: boolean;
};

/**
 * Walks every interleaving of executions, openers, followers and burns that the slot rule allows.
 *
 * Nothing is left out but what changes nothing: followers of one size are alike, so they are counted, not named; and
 * every payment takes the greatest value that the rule allows.
 */
export function searchSlots(
  budget: SlotBudget,
  rule: SlotRule = slotRule,
  { burns = true, currentPeriodOnly = true, ...world }: SlotWorld = {},
): LotSearch {
  const perPeriod = Number(budget.perPeriod);
  const split = Number(budget.split);
  const lots = Number(lotsOf(budget));
  // One size and one index more than there are: a rule must reject these.
  const sizes = budget.sizes + 1;

  const authorization = Object.values(rule.authorization);
  const charge = Object.values(rule.charge);
  const used = (state: LotState, size: number, opener: boolean): LotState =>
    opener
      ? { ...state, openers: state.openers.with(size, true) }
      : { ...state, followers: state.followers.with(size, (state.followers[size] ?? 0) + 1) };

  const usesOf = (view: LotView<LotState>, place: Place, lot: number): NonceUse<LotState>[] => {
    const state = view.lotOf(place, lot);
    const uses: NonceUse<LotState>[] = [];
    for (let size = 0; size < sizes; size++) {
      for (const opener of [true, false]) {
        const count = state.followers[size] ?? 0;
        if (opener ? state.openers[size] : count >= split ** size) continue;
        const index = opener ? 0 : count + 1;
        const after = used(state, size, opener);
        const slot = `slot (${lot}, ${size}, ${index})`;
        for (let value = perPeriod; value > 0; value--) {
          if (currentPeriodOnly && place.period !== view.period) break;
          const judged = {
            budget,
            slot: { lot: BigInt(lot), size, index: BigInt(index) },
            value: BigInt(value),
            spent: BigInt(view.spentIn(view)),
            opened: (_: bigint, other: number) => state.openers[other] ?? false,
          };
          if (!authorization.every((holds) => holds(judged))) continue;
          uses.push({ after, value, said: `a payment of ${value} settles in ${slot}` });
          break;
        }
        const inRange = lot < lots && size < sizes - 1 && index < split ** size;
        if (burns && inRange) uses.push({ after, value: 0, said: `someone uses the nonce of ${slot}` });
      }
    }
    return uses;
  };

  return searchLots(
    {
      budget,
      untouched: { openers: Array(sizes).fill(false), followers: Array(sizes).fill(0) },
      nameOf: JSON.stringify,
      usesOf,
      mayCharge: (view, amount) => {
        const judged = {
          budget,
          spent: BigInt(view.spentIn(view)),
          amount: BigInt(amount),
          opened: (lot: bigint, size: number) => view.lotOf(view, Number(lot)).openers[size] ?? false,
        };
        return charge.every((holds) => holds(judged));
      },
    },
    world,
  );
}
