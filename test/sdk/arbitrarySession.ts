import { ANYONE, type Budget, type Session } from "@latchkey/sdk";
import fc from "fast-check";
import { type Address, getAddress, type Hex } from "viem";

const hexOf = (bytes: number): fc.Arbitrary<Hex> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((array): Hex => `0x${Buffer.from(array).toString("hex")}`);

/** Addresses without meaning: never 0, never ANYONE, hardly ever the same twice. */
export const arbitraryAddress: fc.Arbitrary<Address> = hexOf(20)
  .filter((hex) => BigInt(hex) > 0n && BigInt(hex) < BigInt(ANYONE))
  .map((hex) => getAddress(hex));

/** Numbers of all magnitudes, small ones and the largest as likely as those between. */
export const arbitraryUint = (bits: number, least = 0n): fc.Arbitrary<bigint> =>
  fc
    .tuple(fc.integer({ min: 1, max: bits }), fc.bigInt({ min: 0n, max: (1n << BigInt(bits)) - 1n }))
    .map(([width, value]) => value % (1n << BigInt(width)))
    .map((value) => (value < least ? least : value));

/** A budget that every module takes; if asked for, one that EIP-3009 authorizations pay from. */
const arbitraryBudget = (bySignature: boolean): fc.Arbitrary<Budget> =>
  fc
    .record({
      token: arbitraryAddress,
      limits: fc.tuple(arbitraryUint(128, 1n), arbitraryUint(128, 1n)),
      period: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      stream: fc.option(fc.tuple(arbitraryUint(128), arbitraryUint(128, 1n))),
      sizes: fc.integer({ min: bySignature ? 1 : 0, max: 8 }),
      kind: bySignature ? fc.constant(1) : fc.constantFrom(1, 2, 4, 6),
      recipients: fc.oneof(
        fc.constant([ANYONE]),
        fc.array(arbitraryAddress, { minLength: 1, maxLength: 32 }),
      ),
    })
    .map(({ token, limits: [one, other], period, stream, sizes: mostSizes, kind, recipients }) => {
      const [perTransaction, most] = one < other ? [one, other] : [other, one];
      const streams = stream !== null && !bySignature;
      let sizes = streams ? 0 : mostSizes;
      while (sizes > 1 && perTransaction >> BigInt(2 * (sizes - 1)) === 0n) sizes--;
      const mostLots = (perTransaction << 32n) - 1n;
      const perPeriod = sizes > 0 && most > mostLots ? mostLots : most;
      return {
        token,
        perTransaction,
        perPeriod,
        period,
        initial: streams ? stream[0] % (perPeriod + 1n) : 0n,
        perSecond: streams ? stream[1] : 0n,
        signatures: sizes === 0 ? 0 : kind,
        sizes,
        recipients,
      };
    });

/** Sessions of every shape that a module takes. */
export const arbitrarySession = (
  options: { account?: Address; key?: Address; bySignature?: boolean } = {},
): fc.Arbitrary<Session> =>
  fc
    .record({
      account: options.account ? fc.constant(options.account) : arbitraryAddress,
      key: options.key ? fc.constant(options.key) : arbitraryAddress,
      window: fc.tuple(fc.integer({ min: 0, max: 2 ** 46 }), fc.integer({ min: 2, max: 2 ** 46 - 1 })),
      epoch: arbitraryUint(64),
      salt: arbitraryUint(256),
      gasAllowance: arbitraryUint(128),
      paymaster: fc.oneof(
        fc.constantFrom<Address>("0x0000000000000000000000000000000000000000", ANYONE),
        arbitraryAddress,
      ),
      budgets: fc.array(arbitraryBudget(options.bySignature ?? false), {
        minLength: options.bySignature ? 1 : 0,
        maxLength: 8,
      }),
      actions: fc.array(
        fc.record({
          target: arbitraryAddress,
          selector: hexOf(4),
          rules: fc.array(
            fc.record({
              offset: fc.integer({ min: 0, max: 2 ** 16 - 1 }),
              op: fc.integer({ min: 0, max: 5 }),
              value: hexOf(32),
            }),
            { maxLength: 8 },
          ),
        }),
        { maxLength: 6 },
      ),
    })
    .map(({ window: [validAfter, length], ...session }) => ({
      ...session,
      validAfter,
      validUntil: validAfter + length,
    }));
