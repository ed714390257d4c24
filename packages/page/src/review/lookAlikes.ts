import { type Address, isAddressEqual } from "viem";

/** Characters compared at each end, after `0x`: those that people look at. */
const ENDS = 4;

/**
 * Pairs of different addresses with the same beginning and end. Such addresses are cheap to generate, and one may be
 * meant to be mistaken for the other.
 *
 * @param addresses All addresses the user sees or knows.
 */
export function lookAlikes(addresses: readonly Address[]): [Address, Address][] {
  const endsOf = (address: Address) => {
    const signs = address.toLowerCase();
    return signs.slice(2, 2 + ENDS) + signs.slice(-ENDS);
  };
  const different: Address[] = [];
  const pairs: [Address, Address][] = [];
  for (const address of addresses) {
    if (different.some((one) => isAddressEqual(one, address))) continue;
    for (const one of different) if (endsOf(one) === endsOf(address)) pairs.push([one, address]);
    different.push(address);
  }
  return pairs;
}
