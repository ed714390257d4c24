import { type Hex, hexToBigInt, slice } from "viem";

/** Crockford's base 32: no I, L, O, U, which people take for others. */
const SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The first 40 bits of a hash as eight signs in two groups, for people to compare: `"7K3M-Q9TD"`. */
export function shortCode(hash: Hex): string {
  const bits = hexToBigInt(slice(hash, 0, 5));
  const signs = Array.from(
    { length: 8 },
    (_, place) => SIGNS[Number((bits >> BigInt(35 - 5 * place)) & 31n)],
  );
  return `${signs.slice(0, 4).join("")}-${signs.slice(4).join("")}`;
}
