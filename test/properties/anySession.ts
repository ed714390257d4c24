import fc from "fast-check";
import { type Address, type Hex, numberToHex, zeroAddress } from "viem";
import { type Action, ANYONE, type Budget, type Rule, type Session } from "#sdk/session/Session.ts";

const uint = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });

const hex = (bytes: number): fc.Arbitrary<Hex> => uint(8 * bytes).map((n) => numberToHex(n, { size: bytes }));

/** Addresses that nobody else has: not 0, not ANYONE. */
const address: fc.Arbitrary<Address> = fc
  .bigInt({ min: 2n ** 100n, max: 2n ** 159n })
  .map((n) => numberToHex(n, { size: 20 }));

const positive = (bits: number) => fc.bigInt({ min: 1n, max: 2n ** BigInt(bits) - 1n });

const rule: fc.Arbitrary<Rule> = fc.record({
  offset: fc.nat({ max: 2 ** 16 - 1 }),
  op: fc.nat({ max: 5 }),
  value: hex(32),
});

const action: fc.Arbitrary<Action> = fc.record({
  target: address,
  selector: hex(4),
  rules: fc.array(rule, { maxLength: 8 }),
});

const budget = (token: Address): fc.Arbitrary<Budget> =>
  fc
    .record({
      limits: fc.tuple(positive(128), positive(128)),
      period: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      stream: fc.oneof(fc.constant(undefined), fc.tuple(uint(128), positive(128))),
      sizes: fc.nat({ max: 8 }),
      recipients: fc.oneof(
        fc.constant([ANYONE]),
        fc.array(address, { minLength: 1, maxLength: 4 }),
        fc.array(address, { minLength: 32, maxLength: 32 }),
      ),
    })
    .map(({ limits: [one, other], period, stream, sizes, recipients }) => {
      const [perTransaction, perPeriod] = one < other ? [one, other] : [other, one];
      const mayHaveSlots =
        !stream &&
        token !== zeroAddress &&
        sizes > 0 &&
        perTransaction >> BigInt(2 * (sizes - 1)) > 0n &&
        perPeriod / perTransaction < 2n ** 32n;
      return {
        token,
        perTransaction,
        perPeriod,
        period,
        initial: stream?.[0] ?? 0n,
        perSecond: stream?.[1] ?? 0n,
        signatures: mayHaveSlots ? 1 : 0,
        sizes: mayHaveSlots ? sizes : 0,
        recipients,
      };
    });

/** Well-formed sessions of the account in epoch 0 that end after `now`, with every field at any value. */
export const wellFormedSession = (account: Address, now: bigint): fc.Arbitrary<Session> =>
  fc
    .record({
      tokens: fc.uniqueArray(fc.oneof({ arbitrary: address, weight: 4 }, fc.constant(zeroAddress)), {
        maxLength: 8,
      }),
      validAfter: fc.oneof(fc.constant(0), fc.nat({ max: 2 ** 31 })),
      validUntil: fc.integer({ min: Number(now) + 2 ** 31, max: 2 ** 47 - 1 }),
      key: address,
      salt: uint(256),
      gasAllowance: uint(128),
      paymaster: fc.oneof(fc.constant(zeroAddress), fc.constant(ANYONE), address),
      actions: fc.array(action, { maxLength: 32 }),
    })
    .chain(({ tokens, ...session }) =>
      fc
        .tuple(...tokens.map(budget))
        .map((budgets): Session => ({ ...session, account, epoch: 0n, budgets })),
    );

/** Something that breaks a session, or seems to; it needs a budget and an action to work on. */
export type Spoiling = (session: Session, module: Address) => Session;

const ofBudget =
  (change: (budget: Budget, account: Address, module: Address) => Partial<Budget>): Spoiling =>
  (session, module) => ({
    ...session,
    budgets: session.budgets.map((one, index) =>
      index === session.budgets.length - 1 ? { ...one, ...change(one, session.account, module) } : one,
    ),
  });

const ofAction =
  (change: (action: Action, session: Session, module: Address) => Partial<Action>): Spoiling =>
  (session, module) => ({
    ...session,
    actions: session.actions.map((one, index) =>
      index === session.actions.length - 1 ? { ...one, ...change(one, session, module) } : one,
    ),
  });

/** As many as `length`, over and over; none of none. */
const filled = <T>(some: readonly T[], length: number): T[] =>
  some.length === 0 ? [] : Array.from({ length }, (_, index) => some[index % some.length] as T);

/** By name, one for each bound of the design, and its neighbour that is still within. */
export const spoilings: Record<string, Spoiling> = {
  "key 0": (session) => ({ ...session, key: zeroAddress }),
  "key the account": (session) => ({ ...session, key: session.account }),
  "validUntil at validAfter": (session) => ({ ...session, validAfter: session.validUntil }),
  "validUntil after validAfter by one": (session) => ({ ...session, validAfter: session.validUntil - 1 }),
  "validUntil 2**47": (session) => ({ ...session, validUntil: 2 ** 47 }),
  "validUntil 2**47 - 1": (session) => ({ ...session, validUntil: 2 ** 47 - 1 }),
  "nine budgets": ({ budgets, ...session }) => ({
    ...session,
    budgets: filled(budgets, 9),
  }),
  "33 actions": ({ actions, ...session }) => ({ ...session, actions: filled(actions, 33) }),
  "32 actions": ({ actions, ...session }) => ({ ...session, actions: filled(actions, 32) }),
  "nine rules": ofAction(({ rules }) => ({ rules: filled(rules, 9) })),
  "eight rules": ofAction(({ rules }) => ({ rules: filled(rules, 8) })),
  "a token twice": ({ budgets, ...session }) => ({
    ...session,
    budgets: [...budgets, ...budgets.slice(0, 1)],
  }),
  "the account as token": ofBudget((_, account) => ({ token: account })),
  "the module as token": ofBudget((_, __, module) => ({ token: module })),
  "the native coin as token": ofBudget(() => ({ token: zeroAddress })),
  "perTransaction 0": ofBudget(() => ({ perTransaction: 0n })),
  "perTransaction above perPeriod": ofBudget(({ perTransaction }) => ({
    perPeriod: perTransaction > 0n ? perTransaction - 1n : 0n,
  })),
  "perTransaction at perPeriod": ofBudget(({ perTransaction }) => ({ perPeriod: perTransaction })),
  "period 0": ofBudget(() => ({ period: 0 })),
  "initial without perSecond": ofBudget(() => ({ initial: 1n, perSecond: 0n })),
  "perSecond without initial": ofBudget(() => ({ initial: 0n, perSecond: 1n })),
  "slots and a stream": ofBudget(() => ({ perSecond: 1n, signatures: 1, sizes: 1 })),
  "slots and no stream": ofBudget(() => ({ initial: 0n, perSecond: 0n, signatures: 1, sizes: 1 })),
  "nine slot sizes": ofBudget(() => ({ signatures: 1, sizes: 9 })),
  "as many slot sizes as can be said": ofBudget(() => ({ signatures: 1, sizes: 15 })),
  "Permit2 as token": ofBudget(() => ({ token: "0x000000000022D473030F116dDEE9F6B43aC78BA3" })),
  "signatures of no kind": ofBudget(() => ({ signatures: 3, sizes: 1 })),
  "signatures of EIP-3009 and Permit2": ofBudget(() => ({ signatures: 5, sizes: 1 })),
  "signatures by Permit2": ofBudget(() => ({ initial: 0n, perSecond: 0n, signatures: 6, sizes: 1 })),
  "nodes worth nothing": ofBudget(() => ({
    perTransaction: 2n ** 7n - 1n,
    perPeriod: 2n ** 15n,
    signatures: 2,
    sizes: 8,
  })),
  "nodes worth one": ofBudget(() => ({
    initial: 0n,
    perSecond: 0n,
    perTransaction: 2n ** 7n,
    perPeriod: 2n ** 15n,
    signatures: 4,
    sizes: 8,
  })),
  "as many signatures as can be said": ofBudget(() => ({ signatures: 7, sizes: 1 })),
  "signatures without sizes": ofBudget(() => ({ signatures: 1, sizes: 0 })),
  "sizes without signatures": ofBudget(() => ({ signatures: 0, sizes: 1 })),
  "slots worth nothing": ofBudget(() => ({
    perTransaction: 2n ** 14n - 1n,
    perPeriod: 2n ** 15n,
    signatures: 1,
    sizes: 8,
  })),
  "slots worth one": ofBudget(() => ({
    perTransaction: 2n ** 14n,
    perPeriod: 2n ** 15n,
    signatures: 1,
    sizes: 8,
  })),
  "2**32 lots": ofBudget(() => ({ perTransaction: 5n, perPeriod: 5n * 2n ** 32n, signatures: 1, sizes: 1 })),
  "2**32 - 1 lots and a rest": ofBudget(() => ({
    perTransaction: 5n,
    perPeriod: 5n * 2n ** 32n - 1n,
    signatures: 1,
    sizes: 1,
  })),
  "2**32 lots and no slots": ofBudget(() => ({
    perTransaction: 5n,
    perPeriod: 5n * 2n ** 32n,
    signatures: 0,
    sizes: 0,
  })),
  "an epoch of nine bytes": (session) => ({ ...session, epoch: 2n ** 64n }),
  "a salt of 33 bytes": (session) => ({ ...session, salt: 2n ** 256n }),
  "a salt of 32 bytes": (session) => ({ ...session, salt: 2n ** 256n - 1n }),
  "a gas allowance of 17 bytes": (session) => ({ ...session, gasAllowance: 2n ** 128n }),
  "a paymaster of 21 bytes": (session) => ({ ...session, paymaster: `0x01${"00".repeat(20)}` }),
  "perTransaction of 17 bytes": ofBudget(() => ({ perTransaction: 2n ** 128n })),
  "perPeriod of 17 bytes": ofBudget(() => ({ perPeriod: 2n ** 128n })),
  "perPeriod of 16 bytes": ofBudget(() => ({ perPeriod: 2n ** 128n - 1n })),
  "a period of five bytes": ofBudget(() => ({ period: 2 ** 32 })),
  "a period of four bytes": ofBudget(() => ({ period: 2 ** 32 - 1 })),
  "initial of 17 bytes": ofBudget(() => ({ initial: 2n ** 128n, perSecond: 1n })),
  "perSecond of 17 bytes": ofBudget(() => ({ perSecond: 2n ** 128n })),
  "a rule's value of 33 bytes": ofAction(({ rules }) => ({
    rules: rules.map((one) => ({ ...one, value: `0x01${"00".repeat(32)}` })),
  })),
  "no recipients": ofBudget(() => ({ recipients: [] })),
  "33 recipients": ofBudget(({ recipients }) => ({ recipients: filled(recipients, 33) })),
  "recipient 0": ofBudget(({ recipients }) => ({ recipients: [...recipients.slice(0, 31), zeroAddress] })),
  "only recipient 0": ofBudget(() => ({ recipients: [zeroAddress] })),
  "ANYONE last of all": ofBudget(({ recipients }) => ({ recipients: [...recipients.slice(0, 31), ANYONE] })),
  "ANYONE before another": ofBudget(({ recipients }) => ({
    recipients: [ANYONE, ...recipients.slice(0, 31)],
  })),
  "target 0": ofAction(() => ({ target: zeroAddress })),
  "target the account": ofAction((_, { account }) => ({ target: account })),
  "target the module": ofAction((_, __, module) => ({ target: module })),
  "target a token": ofAction(({ target }, { budgets }) => ({ target: budgets.at(-1)?.token ?? target })),
  "op 6": ofAction(({ rules }) => ({ rules: rules.map((one) => ({ ...one, op: 6 })) })),
  "op 255": ofAction(({ rules }) => ({ rules: rules.map((one) => ({ ...one, op: 255 })) })),
};
