import { type LotBudget, lotsOf } from "./LotRule.ts";

/** Whose nonces of which period: numbers from 0. */
export type Place = { session: number; period: number };

/** A way that a nonce of a lot can be used next. `value` 0: no money of a budget moves. */
export type NonceUse<LotState> = { after: LotState; value: number; said: string };

/** What can be read in one state of the search, as often as its function is called. */
export type LotView<LotState> = {
  /** The session whose step it is. */
  session: number;
  /** The current period. */
  period: number;
  /** What a session's executions have spent in a period: nothing in another than the current one. */
  spentIn: (place: Place) => number;
  /** Which nonces of a lot are used. */
  lotOf: (place: Place, lot: number) => LotState;
};

/**
 * One way of counting with nonces: how the nonces of a lot change, and what the rule allows. Searched are one lot more
 * than there are, which the rule must reject.
 */
export type LotGame<LotState> = {
  budget: LotBudget;
  untouched: LotState;
  /** Lots of one name are alike: whatever can follow one can follow the other. */
  nameOf: (lot: LotState) => string;
  /** How a nonce of this place and lot can be used now. May read this lot only, in any place. */
  usesOf: (view: LotView<LotState>, place: Place, lot: number) => NonceUse<LotState>[];
  mayCharge: (view: LotView<LotState>, amount: number) => boolean;
};

/** What may happen besides executions and signed payments of one session in one period. */
export type LotWorld = {
  /** How many periods follow one another; payments may name nonces of any of them. */
  periods?: number;
  /** How many sessions the account has; payments may name nonces of any of them. */
  sessions?: number;
  /** Stop as soon as a period moved more than it may. */
  stopAtViolation?: boolean;
  /** Tell states apart by what was settled as well: much slower, and finds the same. */
  keepSums?: boolean;
};

/** What a search found. */
export type LotSearch = {
  states: number;
  /** The most that executions and signed payments of a session move in one period. */
  mostMoved: number;
  /** The most that a single one of them moves. */
  mostAtOnce: number;
  /** A shortest way to a period that moved more than it may, a step an entry. */
  story?: string[];
};

/** A state that was reached, and how. */
type Reached = { name: string; settled: number; said: () => string; from: Reached | undefined };

/**
 * Walks every interleaving of executions, signed payments and other uses of nonces that the rule allows, for all
 * sessions and periods, and returns the most that session 0 can move in one period: the sessions are alike.
 *
 * Of two ways into one state only the longer one that moved more is followed as well, since neither the rule nor the
 * nonces remember a value. The walk is by number of steps, so what it meets first is a shortest way there.
 */
export function searchLots<LotState>(game: LotGame<LotState>, world: LotWorld = {}): LotSearch {
  const { periods = 1, sessions = 1, stopAtViolation = false, keepSums = false } = world;
  const perPeriod = Number(game.budget.perPeriod);
  const lots = Number(lotsOf(game.budget)) + 1;
  const places = periods * sessions;

  const lotStates: LotState[] = [];
  const lotIds = new Map<string, number>();
  const idOf = (lot: LotState): number => {
    const name = game.nameOf(lot);
    let id = lotIds.get(name);
    if (id === undefined) {
      id = lotStates.push(lot) - 1;
      lotIds.set(name, id);
    }
    return id;
  };

  // A state, as characters: the period, what each session's executions spent in it, then the lots of each place.
  let current = "";
  const spentAt = (session: number) => 1 + session;
  const lotAt = ({ session, period }: Place, lot: number) =>
    1 + sessions + (period * sessions + session) * lots + lot;
  const views = Array.from({ length: sessions }, (_, session) => ({
    session,
    period: 0,
    spentIn: ({ session, period }: Place) =>
      period === current.charCodeAt(0) ? current.charCodeAt(spentAt(session)) : 0,
    lotOf: (place: Place, lot: number) => lotStates[current.charCodeAt(lotAt(place, lot))] as LotState,
  }));
  const everyPlace = Array.from({ length: places }, (_, place) => ({
    session: place % sessions,
    period: Math.floor(place / sessions),
  }));
  const changed = (place: number, character: number) =>
    current.slice(0, place) + String.fromCharCode(character) + current.slice(place + 1);

  // The rule looks at one lot and at what was spent, so its answers are few: ask once for each.
  const usesBy = new Map<string, { after: number; value: number; said: () => string }[]>();
  const usesOf = (view: LotView<LotState>, place: Place, lot: number) => {
    let name = String.fromCharCode(view.session, place.session, place.period, lot);
    name += current.slice(0, 1 + sessions);
    for (const other of everyPlace) name += current[lotAt(other, lot)];
    let uses = usesBy.get(name);
    if (!uses) {
      uses = game
        .usesOf(view, place, lot)
        .map(({ after, value, said }) => ({ after: idOf(after), value, said: () => said }));
      // Of uses with one outcome, the one that moves most.
      if (!keepSums) {
        uses.sort((one, other) => other.value - one.value);
        uses = uses.filter(({ after }, at, all) => all.findIndex((use) => use.after === after) === at);
      }
      usesBy.set(name, uses);
    }
    return uses;
  };

  const untouched = idOf(game.untouched);
  const first = String.fromCharCode(...Array(1 + sessions).fill(0), ...Array(lots * places).fill(untouched));
  const best = new Map<string, number>();
  let mostMoved = 0;
  let mostAtOnce = 0;
  let violation: Reached | undefined;
  let layer: Reached[] = [];
  let next: Reached[] = [];
  const reach = (
    name: string,
    settled: number,
    moved: number,
    from: Reached | undefined,
    said: () => string,
  ) => {
    const key = keepSums ? name + String.fromCharCode(settled) : name;
    const known = best.get(key);
    if (known !== undefined && known >= settled) return;
    best.set(key, settled);
    const reached = { name, settled, said, from };
    next.push(reached);
    mostAtOnce = Math.max(mostAtOnce, moved);
    mostMoved = Math.max(mostMoved, settled + name.charCodeAt(spentAt(0)));
    if (mostMoved > perPeriod) violation ??= reached;
  };

  reach(first, 0, 0, undefined, () => "");
  while (next.length > 0 && !(violation && stopAtViolation)) {
    layer = next;
    next = [];
    for (const reached of layer) {
      const { name, settled } = reached;
      if (!keepSums && (best.get(name) as number) > settled) continue;
      if (violation && stopAtViolation) break;
      current = name;
      const period = name.charCodeAt(0);
      for (const view of views) {
        view.period = period;
        const own = view.session === 0;
        const by = sessions > 1 ? ` by session ${view.session}` : "";
        const at = spentAt(view.session);
        const spent = name.charCodeAt(at);
        for (let amount = 1; amount <= perPeriod; amount++) {
          if (!game.mayCharge(view, amount)) continue;
          reach(
            changed(at, spent + amount),
            settled,
            own ? amount : 0,
            reached,
            () => `an execution${by} spends ${amount}`,
          );
        }
        for (const place of everyPlace) {
          for (let lot = 0; lot < lots; lot++) {
            for (const { after, value, said } of usesOf(view, place, lot)) {
              const moved = own ? value : 0;
              reach(changed(lotAt(place, lot), after), settled + moved, moved, reached, said);
            }
          }
        }
      }
      if (period + 1 < periods) {
        const turned = String.fromCharCode(period + 1, ...Array(sessions).fill(0)) + name.slice(1 + sessions);
        reach(turned, 0, 0, reached, () => "the next period begins");
      }
    }
  }

  const story: string[] = [];
  for (let step = violation; step?.from; step = step.from) story.unshift(step.said());
  return { states: best.size, mostMoved, mostAtOnce, ...(violation && { story }) };
}
