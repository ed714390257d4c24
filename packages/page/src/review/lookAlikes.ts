import { type Address, isAddressEqual } from "viem";

/** Signs that are compared at each end, behind `0x`: those that people look at. */
const ENDS = 4;

/**
 * Pairs of different addresses that begin and end alike: such addresses are cheap to make, and one of the two may be there
 * to be taken for the other.
 *
 * @param addresses All that the reader sees or knows.
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
