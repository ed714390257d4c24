import {
  brokenByAuthorization,
  brokenByCharge,
  lotsOf,
  type SlotBudget,
  type SlotRule,
  slotRule,
} from "./SlotRule.ts";

/** Which nonces of a lot are used: its openers, and how many of each size's followers (which of them is all one). */
type LotState = { openers: readonly boolean[]; followers: readonly number[] };

/** A way that a nonce of a lot can be used next. `value` 0: burnt by somebody, no money of the budget moves. */
type NonceUse = { after: number; value: number };

/** What the search found: how many states there are, and the most that a period can move. */
export type SlotSearch = { states: number; mostMoved: number };

/** What may happen besides executions and authorizations. */
export type SlotWorld = {
  /** How many periods follow one another; authorizations may name slots of any of them. */
  periods?: number;
  /** Whether the owner, or anyone, may use a slot's nonce without the session. */
  burns?: boolean;
  /** Stop as soon as a period moved more than it may. */
  stopAtViolation?: boolean;
  /** Whether a slot of another period is refused: false only to show what for. */
  currentPeriodOnly?: boolean;
};

/**
 * Walks every interleaving of executions, openers, followers and burns that the rule allows, and returns the most
 * that one period can move: executions + settled authorizations.
 *
 * Nothing is left out but what changes nothing: followers of one size are alike, so they are counted, not named;
 * of two ways into one state of the nonces only the one that moved more is followed, and every payment takes the
 * greatest value that the rule allows, since neither the rule nor the nonces remember a value.
 * Every step either spends or uses a nonce, so the states are walked in the order of that sum.
 */
export function searchSlots(
  budget: SlotBudget,
  rule: SlotRule = slotRule,
  world: SlotWorld = {},
): SlotSearch {
  const { periods = 1, burns = true, stopAtViolation = false, currentPeriodOnly = true } = world;
  const perPeriod = Number(budget.perPeriod);
  const split = Number(budget.split);
  // One lot, one size and one index more than there are: a rule must reject these.
  const lots = Number(lotsOf(budget)) + 1;
  const sizes = budget.sizes + 1;

  const lotStates: LotState[] = [];
  const lotStateIds = new Map<string, number>();
  const idOf = (state: LotState): number => {
    const name = JSON.stringify(state);
    let id = lotStateIds.get(name);
    if (id === undefined) {
      id = lotStates.push(state) - 1;
      lotStateIds.set(name, id);
    }
    return id;
  };
  const untouched = idOf({ openers: Array(sizes).fill(false), followers: Array(sizes).fill(0) });
  const stateAt = (id: number): LotState => lotStates[id] as LotState;
  const used = (state: LotState, size: number, opener: boolean): LotState =>
    opener
      ? { ...state, openers: state.openers.with(size, true) }
      : { ...state, followers: state.followers.with(size, (state.followers[size] ?? 0) + 1) };

  // The rule looks at one lot and at `spent` only, so its answers are few: ask once for each.
  const usesBy = new Map<string, NonceUse[]>();
  const usesOf = (lot: number, id: number, spent: number): NonceUse[] => {
    const name = `${lot},${id},${spent}`;
    const known = usesBy.get(name);
    if (known) return known;
    const state = stateAt(id);
    const uses: NonceUse[] = [];
    for (let size = 0; size < sizes; size++) {
      for (const opener of [true, false]) {
        const count = state.followers[size] ?? 0;
        if (opener ? state.openers[size] : count >= split ** size) continue;
        const index = opener ? 0 : count + 1;
        const inRange = lot < lots - 1 && size < sizes - 1 && index < split ** size;
        const after = idOf(used(state, size, opener));
        for (let value = perPeriod; value > 0; value--) {
          const broken = brokenByAuthorization(
            {
              budget,
              slot: { lot: BigInt(lot), size, index: BigInt(index) },
              value: BigInt(value),
              spent: BigInt(spent),
              opened: (_, other) => state.openers[other] ?? false,
            },
            rule,
          );
          if (broken.length > 0) continue;
          uses.push({ after, value });
          break;
        }
        if (burns && inRange) uses.push({ after, value: 0 });
      }
    }
    usesBy.set(name, uses);
    return uses;
  };
  const chargeable = (spent: number, amount: number, current: readonly number[]): boolean =>
    brokenByCharge(
      {
        budget,
        spent: BigInt(spent),
        amount: BigInt(amount),
        opened: (lot, size) => stateAt(current[Number(lot)] ?? untouched).openers[size] ?? false,
      },
      rule,
    ).length === 0;
  const chargesBy = new Map<string, number[]>();
  const chargesOf = (spent: number, current: readonly number[]): number[] => {
    const name = String.fromCharCode(spent, ...current);
    const known = chargesBy.get(name);
    if (known) return known;
    const amounts = Array.from({ length: perPeriod }, (_, less) => less + 1).filter((amount) =>
      chargeable(spent, amount, current),
    );
    chargesBy.set(name, amounts);
    return amounts;
  };

  // A state, as characters: the period, what executions spent in it, then the state of each lot of each period.
  // Beside it the most that authorizations can have moved in this period on the way there.
  let states = 0;
  let mostMoved = 0;
  let layers: Map<string, number>[] = [
    new Map([[String.fromCharCode(0, 0, ...Array<number>(lots * periods).fill(untouched)), 0]]),
  ];
  for (let period = 0; period < periods; period++) {
    const next = new Map<string, number>();
    for (let weight = 0; weight < layers.length; weight++) {
      for (const [name, settled] of layers[weight] ?? []) {
        states++;
        const spent = name.charCodeAt(1);
        mostMoved = Math.max(mostMoved, spent + settled);
        if (stopAtViolation && mostMoved > perPeriod) return { states, mostMoved };
        const reach = (step: number, to: string, moved: number) => {
          layers[weight + step] ??= new Map();
          const layer = layers[weight + step] as Map<string, number>;
          if ((layer.get(to) ?? -1) < moved) layer.set(to, moved);
        };
        const at = (place: number, character: number) =>
          name.slice(0, place) + String.fromCharCode(character) + name.slice(place + 1);
        const current = Array.from({ length: lots }, (_, lot) => name.charCodeAt(2 + period * lots + lot));
        for (const amount of chargesOf(spent, current)) reach(amount, at(1, spent + amount), settled);
        for (let of = 0; of < periods; of++) {
          for (let lot = 0; lot < lots; lot++) {
            const place = 2 + of * lots + lot;
            for (const { after, value } of usesOf(lot, name.charCodeAt(place), spent)) {
              if (value > 0 && of !== period && currentPeriodOnly) continue;
              reach(1, at(place, after), settled + value);
            }
          }
        }
        if (period + 1 < periods) next.set(String.fromCharCode(period + 1, 0) + name.slice(2), 0);
      }
      layers[weight] = new Map();
    }
    layers = [next];
  }
  return { states, mostMoved };
}
