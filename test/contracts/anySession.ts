import fc from "fast-check";
import { type Address, getAddress, type Hex, numberToHex } from "viem";
import type { Budget, Session } from "#sdk/session/Session.ts";
import type { LeftOut } from "./sessionBytes.ts";

const ANYONE: Address = getAddress(`0x${"ff".repeat(20)}`);
/** Numbers of so many bits: small ones, any, and the largest. */
export const bits = (count: bigint) =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: 300n }),
    fc.bigInt({ min: 0n, max: 2n ** count - 1n }),
    fc.constant(2n ** count - 1n),
  );
const addressOf = (value: bigint): Address => getAddress(numberToHex(value, { size: 20 }));
/** Any address but ANYONE. */
export const address = fc
  .oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 160n - 2n }))
  .map(addressOf);
const word = bits(256n).map((value): Hex => numberToHex(value, { size: 32 }));

/** Any budget that the form can say, be it well-formed or not. */
const budget: fc.Arbitrary<Budget> = fc
  .record({
    token: address,
    perTransaction: bits(128n),
    perPeriod: bits(128n),
    period: bits(32n).map(Number),
    initial: bits(128n),
    perSecond: fc.oneof(fc.constant(0n), bits(128n)),
    signatures: fc.integer({ min: 0, max: 7 }),
    sizes: fc.integer({ min: 0, max: 15 }),
    recipients: fc.oneof(fc.constant([ANYONE]), fc.array(address, { maxLength: 32, minLength: 1 })),
  })
  .map((one) => (one.perSecond === 0n ? { ...one, initial: 0n } : one))
  .filter(({ perSecond, signatures, sizes }) => perSecond === 0n || signatures !== 7 || sizes !== 15);
const action = fc.record({
  target: fc.oneof(address, fc.constant(ANYONE)),
  selector: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value): Hex => numberToHex(value, { size: 4 })),
  rules: fc.array(
    fc.record({
      offset: fc.integer({ min: 0, max: 65_535 }),
      op: fc.integer({ min: 0, max: 255 }),
      value: word,
    }),
    { maxLength: 8 },
  ),
});
/** Any session that the packed form can say, be it well-formed or not. */
export const anySession: fc.Arbitrary<Session> = fc.record({
  account: fc.oneof(address, fc.constant(ANYONE)),
  key: fc.oneof(address, fc.constant(ANYONE)),
  validAfter: bits(48n).map(Number),
  validUntil: bits(48n).map(Number),
  epoch: bits(64n),
  salt: bits(256n),
  gasAllowance: bits(128n),
  paymaster: fc.oneof(address, fc.constant(ANYONE)),
  budgets: fc.oneof(
    { arbitrary: fc.array(budget, { maxLength: 3 }), weight: 3 },
    { arbitrary: fc.array(budget, { maxLength: 8 }), weight: 1 },
  ),
  actions: fc.oneof(
    { arbitrary: fc.array(action, { maxLength: 3 }), weight: 5 },
    { arbitrary: fc.array(action, { maxLength: 32 }), weight: 1 },
  ),
});
/** A session, and what is to be left out of its bytes. */
export const anyCarried = fc
  .record({ of: anySession, budgets: fc.nat(255), actions: fc.boolean(), whole: fc.boolean() })
  .map(({ of, budgets, actions, whole }) => ({
    of,
    leftOut: whole
      ? {}
      : { budgets: of.budgets.map((_, i) => i).filter((i) => (budgets >> i) % 2 === 1), actions },
  }));

/** What is left out, as the contracts say it: a bit each. */
export const bitsOf = ({ budgets = [], actions = false }: LeftOut): bigint =>
  budgets.reduce((all, i) => all | (1n << BigInt(i)), actions ? 256n : 0n);
