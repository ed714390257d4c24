import type { Hex } from "viem";
import type { Slot } from "../payload/PayloadParameters.ts";
import { slotNonce } from "../payload/slotNonce.ts";
import type { Budget } from "../Session.ts";

/** Most openers of one period that are computed: some seconds' work. */
export const MOST_OPENERS = 100_000;

/**
 * Finds the slots of one budget and period that nonces belong to. A token settles a slot only when the opener of its size
 * and lot is used, so followers are computed of opened lots only.
 *
 * @param parameters.nonces Those that are looked for, in lower case.
 * @param parameters.isOpened Asked about openers that are not among the nonces: whether they were used before.
 * @returns The slots by nonce. `complete` is false where the period has more lots than are looked through, so that a
 * nonce that was not found may be the session's nevertheless.
 */
export async function findSlots(parameters: {
  id: Hex;
  budget: Budget;
  budgetIndex: number;
  period: bigint;
  nonces: ReadonlySet<Hex>;
  isOpened: (openers: readonly Hex[]) => Promise<readonly boolean[]>;
}): Promise<{ slots: ReadonlyMap<Hex, Slot>; complete: boolean }> {
  const { id, budget, budgetIndex, period, nonces, isOpened } = parameters;
  const found = new Map<Hex, Slot>();
  const lots = budget.perPeriod / budget.perTransaction;
  const most = BigInt(Math.floor(MOST_OPENERS / Math.max(1, budget.sizes)));
  const looked = lots < most ? lots : most;
  const nonceOf = (slot: Slot) => slotNonce({ id, budgetIndex, period, ...slot });
  const followers = (opener: Slot) => {
    for (let index = 1n; index < 4n ** BigInt(opener.size) && found.size < nonces.size; index++) {
      const nonce = nonceOf({ ...opener, index });
      if (nonces.has(nonce)) found.set(nonce, { ...opener, index });
    }
  };

  const unopened: { opener: Slot; nonce: Hex }[] = [];
  for (let lot = 0n; lot < looked && found.size < nonces.size; lot++)
    for (let size = 0; size < budget.sizes && found.size < nonces.size; size++) {
      const opener: Slot = { lot, size, index: 0n };
      const nonce = nonceOf(opener);
      if (nonces.has(nonce)) {
        found.set(nonce, opener);
        followers(opener);
      } else if (size > 0) unopened.push({ opener, nonce });
    }
  // Their openers were used before the range that the nonces come from, or cancelled by the account's owner.
  for (let at = 0; at < unopened.length && found.size < nonces.size; at += AT_ONCE) {
    const batch = unopened.slice(at, at + AT_ONCE);
    const opened = await isOpened(batch.map(({ nonce }) => nonce));
    for (const [place, { opener }] of batch.entries()) if (opened[place]) followers(opener);
  }
  return { slots: found, complete: looked === lots || found.size === nonces.size };
}

/** How many openers are asked about at once. */
const AT_ONCE = 500;
