import type { Address } from "viem";

/** An address split into `0x` and ten groups of four, each with its position. Joined, they form the address. */
export function addressGroups(address: Address): { at: number; signs: string }[] {
  const groups = [{ at: 0, signs: address.slice(0, 2) }];
  for (let at = 2; at < address.length; at += 4) groups.push({ at, signs: address.slice(at, at + 4) });
  return groups;
}
