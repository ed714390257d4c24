import type { Address, Chain, Client, Hex, Transport } from "viem";
import type { Budget } from "../session/Session.ts";
import { slotNonce } from "../session/slotNonce.ts";
import { authorizationStates } from "./x402/authorizationStates.ts";

/** How many lots are queried at once. */
const AT_ONCE = 32;
/** Beyond this many lots, only those without a gap of AT_ONCE in between are counted. */
const ALL = 128;

/**
 * How many lots of a period signed payments have opened, according to the token: lots in which the opener of some size is
 * used. If a period has more than 128 lots, counting stops at 32 unopened ones in a row: payments open lots from 0
 * up.
 */
export async function openedLots(
  client: Client<Transport, Chain | undefined>,
  parameters: { account: Address; id: Hex; budget: Budget; budgetIndex: number; period: bigint },
): Promise<bigint> {
  const { account, id, budget, budgetIndex, period } = parameters;
  const lots = Number(budget.perPeriod / budget.perTransaction);
  const sizes = Array.from({ length: budget.sizes }, (_, size) => size);
  let opened = 0n;
  for (let first = 0; first < lots; first += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, lots - first) }, (_, offset) =>
      BigInt(first + offset),
    );
    const nonces = batch.flatMap((lot) =>
      sizes.map((size) => slotNonce({ id, budgetIndex, period, lot, size, index: 0n })),
    );
    const used = await authorizationStates(client, { token: budget.token, account, nonces });
    const here = batch.filter((_, lot) => sizes.some((size) => used[lot * sizes.length + size])).length;
    opened += BigInt(here);
    if (here === 0 && lots > ALL) break;
  }
  return opened;
}
