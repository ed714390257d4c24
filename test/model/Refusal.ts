import { type Address, type Hex, isHex } from "viem";

/**
 * One reason to refuse: the name of an error of ISessionErrors and its arguments. Arguments that the design
 * leaves open are left out: `args` may be shorter than the error's own, and `undefined` stands for any value.
 */
export type Refusal = { name: string; args?: readonly (bigint | number | Address | Hex | undefined)[] };

/** Whether the chain's error is this refusal. */
export function isRefusal(refusal: Refusal, name: string, args: readonly unknown[]): boolean {
  return (
    refusal.name === name &&
    (refusal.args ?? []).every((expected, place) => expected === undefined || same(expected, args[place]))
  );
}

const same = (expected: bigint | number | Hex, given: unknown): boolean =>
  isHex(expected)
    ? typeof given === "string" && expected.toLowerCase() === given.toLowerCase()
    : (typeof given === "bigint" || typeof given === "number") && BigInt(expected) === BigInt(given);
