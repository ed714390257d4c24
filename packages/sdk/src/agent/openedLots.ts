import type { Address, Hex } from "viem";
import type { AggregatingClient } from "../internal/aggregatingClient.ts";
import { isPaidByPermit2 } from "../session/paymentMethods.ts";
import type { Budget } from "../session/Session.ts";
import { slotNonceAfter } from "../session/slotNonce.ts";
import { slotPrefix } from "../session/slotPrefix.ts";
import { usedNodes } from "../session/usedNodes.ts";
import { statesTogether } from "./x402/statesTogether.ts";

/** Up to so many lots are all read. */
const ALL = 128n;
/** So many are read from the bottom at first; and after so many unopened ones in a row no opened one is expected. */
const QUIET_LOTS = 64n;
/** About so many are read at once between an opened and an unopened one. */
const SEARCH_WIDTH = 32n;
/** How often the search moves on, because opened lots follow where it would have ended. */
const MOST_STEPS = 8;

/**
 * How many lots of a period signed payments have opened, according to the token: lots in which the opener of some size is
 * used; according to Permit2, lots in which a node is used. If a period has more than 128 lots, a search finds where the opened ones end, as payments open lots from 0 up:
 * it reads ever higher lots, then some between the last opened and the first unopened of these.
 *
 * @returns `exact`: whether every lot was read. If not, and the opened ones end above 128, all below count.
 */
export async function openedLots(
  client: AggregatingClient,
  parameters: { account: Address; id: Hex; budget: Budget; budgetIndex: number; period: bigint },
): Promise<{ lots: bigint; exact: boolean }> {
  const { account, budget } = parameters;
  const lots = budget.perPeriod / budget.perTransaction;
  const prefix = slotPrefix(parameters);
  const sizes = Array.from({ length: budget.sizes }, (_, size) => size);
  const areOpened = async (asked: readonly bigint[]): Promise<readonly boolean[]> => {
    if (asked.length === 0) return [];
    if (isPaidByPermit2(budget))
      return (await usedNodes(client, { account, prefix, lots: asked })).map((nodes) => nodes !== 0n);
    const nonces = asked.flatMap((lot) =>
      sizes.map((size) => slotNonceAfter(prefix, { lot, size, index: 0n })),
    );
    const used = await statesTogether(client, { token: budget.token, account, nonces });
    return asked.map((_, place) => sizes.some((size) => used[place * sizes.length + size]));
  };
  const known = new Map<bigint, boolean>();
  const read = async (asked: readonly bigint[]): Promise<readonly boolean[]> => {
    const unread = asked.filter((lot) => !known.has(lot));
    const opened = await areOpened(unread);
    unread.forEach((lot, place) => {
      known.set(lot, opened[place] === true);
    });
    return asked.map((lot) => known.get(lot) === true);
  };
  const between = (first: bigint, end: bigint, step = 1n): bigint[] => {
    const found: bigint[] = [];
    for (let lot = first; lot < end && lot < lots; lot += step) found.push(lot);
    return found;
  };
  const count = async (end: bigint) => BigInt((await read(between(0n, end))).filter(Boolean).length);
  if (lots <= ALL) return { lots: await count(lots), exact: true };

  /** The highest lot that was found opened, and one above it that is not. */
  let last = -1n;
  let free = 0n;
  const look = async (asked: readonly bigint[], end: bigint): Promise<void> => {
    const opened = await read(asked);
    const place = opened.lastIndexOf(true);
    if (place >= 0) last = asked[place] as bigint;
    free = asked[place + 1] ?? end;
  };
  const ahead: bigint[] = [];
  for (let lot = QUIET_LOTS; lot < lots; lot *= 2n) ahead.push(lot);
  await look([...between(0n, QUIET_LOTS), ...ahead], lots);
  for (let step = 0; step < MOST_STEPS; step++) {
    while (free - last > 1n) {
      const width = (free - last - 1n) / SEARCH_WIDTH + 1n;
      await look(between(last + width, free, width), free);
    }
    // A payment in flight, or one that never settled, leaves a hole.
    const before = last;
    await look(between(free, free + QUIET_LOTS), free + QUIET_LOTS);
    if (last === before) break;
  }
  const end = last + 1n;
  return { lots: end > ALL ? end : await count(end), exact: false };
}
