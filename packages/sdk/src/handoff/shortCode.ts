import { type Hex, hexToBigInt, slice } from "viem";

/** Crockford's base 32: no I, L, O, U, which are easily confused. */
const SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The first 60 bits of a hash as twelve characters in three groups, for people to compare: `"7K3M-Q9TD-V2XN"`. */
export function shortCode(hash: Hex): string {
  const bits = hexToBigInt(slice(hash, 0, 8)) >> 4n;
  const signs = Array.from(
    { length: 12 },
    (_, place) => SIGNS[Number((bits >> BigInt(55 - 5 * place)) & 31n)],
  );
  return [0, 4, 8].map((from) => signs.slice(from, from + 4).join("")).join("-");
}
