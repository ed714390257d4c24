import fc from "fast-check";
import { type Address, type Hex, isAddressEqual, maxUint128, numberToHex, zeroAddress } from "viem";
import { type Action, ANYONE, type Budget, type Session } from "#sdk/session/Session.ts";
import type { ModuleType } from "../model/ERC7579Model.ts";
import type { LeftOut } from "../model/LeftOut.ts";
import { agents, outsider, payees } from "./actors.ts";
import { EXCHANGE, exchange, TAKE_OFFSET } from "./exchange.ts";
import { PAYMENT_FORMS, type PaymentForm, USER_OP_FORMS, type UserOpForm } from "./userOpForms.ts";

/** A budget as a scenario draws it; shares are of 1000. */
export type BudgetPlan = {
  perTransaction: bigint;
  lots: number;
  restShare: number;
  sizes: number;
  /** By which signed payments, if it has sizes. */
  signs: "eip3009" | "exact" | "upto" | "exact and upto";
  period: number;
  stream: { initialShare: number; perSecondShare: number } | undefined;
  recipients: "one" | "two" | "the exchange too" | "anyone";
};

/** A session as a scenario draws it. Times are relative to when it is made. */
export type SessionPlan = {
  agent: 0 | 1;
  starts: number;
  periods: number;
  restSeconds: number;
  salt: bigint;
  usdc: BudgetPlan;
  native: BudgetPlan | undefined;
  nativeFirst: boolean;
  actions: "none" | "exchange" | "exchange a little" | "exchange and the handler";
  /** In wei; what no userOp can spend: not counted. */
  gasAllowance: bigint;
  paymaster: "none" | "the sponsor" | "another" | "anyone";
};

/** An amount, relative to where the budget stands. */
export type AmountPlan =
  | "zero"
  | "one"
  | "perTransaction"
  | "perTransaction + 1"
  | "just past what is left"
  | "the most allowed"
  | { share: number };

export type PartyPlan = "first payee" | "second payee" | "outsider" | "exchange" | "account";

/** One or two calls of an execution. */
export type CallPlan =
  | { call: "pay"; to: PartyPlan; amount: AmountPlan }
  | { call: "pay native"; to: PartyPlan; amount: AmountPlan }
  | { call: "approve"; to: PartyPlan; amount: AmountPlan }
  | { call: "approve and use"; amount: AmountPlan }
  | { call: "approve and clear"; to: PartyPlan; amount: AmountPlan }
  | {
      call: "exchange";
      to: PartyPlan;
      take: AmountPlan;
      give: AmountPlan;
      value: AmountPlan;
      selector: boolean;
    }
  | { call: "touch"; value: AmountPlan }
  | { call: "forbidden"; form: (typeof FORBIDDEN)[number] };

/** Calls that no session may make, or hardly any. */
export const FORBIDDEN = [
  "to nobody",
  "to the account",
  "to the module",
  "to the handler",
  "transferFrom",
  "increaseAllowance",
  "transfer with a dirty address",
  "transfer with a byte too many",
  "transfer with value",
  "three bytes",
  "value to the exchange, no calldata",
  "value to USDC, no calldata",
  "transfer of a token without a budget",
  "to Permit2",
  "approve Permit2",
] as const;

/**
 * Which parts of a session stand in its bytes as hashes, if it has them.
 * A sound step leaves out what it does not need; what it needs as well, where `needed`.
 */
export type LeftOutPlan = { usdc: boolean; native: boolean; actions: boolean; needed: boolean };

export type GrantPlan = "none" | "good" | "of a stranger" | "for another session" | "by a weak validator";

export type DoorPlan =
  | { door: "execute"; by: "key" | "other key" | "stranger" | "owner" | "account" | "account, oddly" }
  | { door: "redeem"; by: "key" | "other key" | "stranger" | "owner" | "account" }
  | {
      /** The same signed execution, submitted by itself or redeemed by its context. */
      door: "executeSigned" | "redeemSigned";
      caller: "anyone" | "relayer" | "stranger" | "nobody";
      nonce: bigint;
      deadline: "far" | "now" | "a second ago";
      signature: "good" | "of a stranger" | "over another nonce" | "with high s" | "compact";
    };

export type SlotPlan =
  | { slot: "good"; size: number; skip: number; from: "the bottom" | "the top" }
  | { slot: "any"; lot: number; size: number; index: number }
  | { slot: "contested"; size: number }
  | { slot: "past the lots" | "past the sizes" | "past the indices" | "past all numbers"; size: number };

/** How a signed payment moves the money. */
export type PaymentMethod = "eip3009" | "exact" | "upto";

export type AuthorizationPlan = {
  by: PaymentMethod;
  /** What is settled of a payment by upto. */
  settles: "all" | "half" | "nothing" | "too much";
  facilitator: "relayer" | "stranger";
  slot: SlotPlan;
  value: "worth" | "worth + 1" | "half" | "zero";
  to: "first payee" | "second payee" | "outsider";
  period: -1 | 0 | 1;
  validAfter: "always" | "a second ago" | "now";
  validBefore: "later" | "in a second" | "now";
  /** In the other form: of the digest itself by Permit2, in which the account is not named, or with its name by EIP-3009. */
  signature: "good" | "of a stranger" | "in the other form";
  carries: "nothing" | GrantPlan;
  leftOut: LeftOutPlan;
  /** Whether it is signed now and left for a later replay. */
  held: boolean;
  /** How the payload is spoilt on the way, to see that nobody believes it then. */
  corruption: Corruption;
  /** Another session in the payload than the granted one. */
  lie: "none" | "perTransaction" | "perPeriod" | "period" | "validUntil" | "recipients" | "salt";
};

/** A payment that the account makes itself. */
export type OpPaymentPlan = {
  token: "usdc" | "the native coin" | "one without a budget";
  to: PartyPlan;
  amount: AmountPlan;
  /** The present one, the one before or behind, the session's last, or an invalid one. */
  period: "now" | "before" | "behind" | "the last" | "past the last" | "the greatest number";
  form: "canonical" | PaymentForm;
  /** What the key signs. */
  signs: "this" | "the bare hash" | "another period" | "another session";
  /** What of a sound payment is left as it was drawn. */
  spoilt: "nothing" | "token" | "to" | "period" | "form" | "signs";
};

/** A userOp of a session. */
export type OpPlan = {
  calls: CallPlan[];
  /** In place of the calls, and of their form. */
  payment: OpPaymentPlan | undefined;
  leftOut: LeftOutPlan;
  grant: GrantPlan;
  gas: GasPlan;
  payer: "the account" | "the sponsor" | "another" | "nobody" | "too short";
  form: "canonical" | UserOpForm;
  signature: "good" | "of a stranger" | "with high s" | "compact";
  lie: AuthorizationPlan["lie"] | "gasAllowance" | "paymaster";
  /** What of a sound userOp is left as it was drawn. */
  spoilt: "nothing" | "grant" | "gas" | "payer" | "form" | "signature" | "lie";
};

/** What a userOp may cost at most: plainly, to the wei, or so much that nobody could pay it. */
export type GasPlan =
  | "free"
  | "plain"
  | "dear"
  | "all that is left"
  | "a wei more than is left"
  | "a fee past all bounds"
  | "the greatest fee within bounds"
  | "verification past all bounds"
  | "execution past all bounds"
  | "preVerification past all bounds"
  | "a product that wraps around";

/** Whose signatures may grant after an installation. */
export type GranterPlan =
  | "left as it is"
  | "the owner"
  | "a part of the owner"
  | "the weak"
  | "nobody's"
  | "too long";

/** Which of the two sessions an installation enables. */
export type InstalledSessions = "none" | "this" | "both";

/** One byte changed (`at` is a share of 1000 of the length), the last byte lost, or one too many. */
export type Corruption = { at: number; by: number } | "truncated" | "extended";

/** When a step happens: some seconds after the last one, or at an edge of the session, if that is to come. */
export type WhenPlan =
  | { seconds: number }
  | { edge: "validAfter" | "the period's end" | "validUntil"; offset: -1 | 0 };

export type StepPlan = {
  when: WhenPlan;
  session: 0 | 1;
  /** Whether an execution or an authorization is made one that should go through: see {@link soundStep}. */
  sound: boolean;
  /** Whether a sound step gets a new session where the old one is over. Else that is all that is wrong with it. */
  revives: boolean;
} & (
  | { step: "execute"; calls: CallPlan[]; grant: GrantPlan; door: DoorPlan; leftOut: LeftOutPlan }
  | {
      step: "pay";
      token: OpPaymentPlan["token"];
      to: PartyPlan;
      amount: AmountPlan;
      grant: GrantPlan;
      by: "key" | "other key" | "stranger" | "account";
      leftOut: LeftOutPlan;
    }
  | ({ step: "authorize" } & AuthorizationPlan)
  /** Of an authorization that was held back, if there is one; else of another, `which` counted from the latest. */
  | { step: "replay"; which: number }
  | { step: "burn"; slot: SlotPlan; by: "cancellation" | "payment"; nonceOf: "the token" | "Permit2" }
  | { step: "enable"; by: "account" | "key" | "stranger"; leftOut: LeftOutPlan }
  | { step: "revoke" }
  | { step: "renounce"; by: "key" | "stranger"; leftOut: LeftOutPlan }
  | { step: "pause" | "resume"; by: "account" | "key" | "stranger" }
  | { step: "revokeAll" }
  /** On ERC-7579 accounts only: one or two userOps handed in together. */
  | { step: "userOp"; ops: [OpPlan, ...OpPlan[]] }
  /** On ERC-7579 accounts only, as the next two: `types` that are there already are left out, if `missing`. */
  | {
      step: "install";
      types: ModuleType[];
      missing: boolean;
      granter: GranterPlan;
      sessions: InstalledSessions;
      /** Of each of these sessions. */
      leftOut: LeftOutPlan;
      /** Whether the same batch revokes the step's session before. */
      revokes: boolean;
    }
  | { step: "uninstall"; types: ModuleType[] }
  | { step: "renew"; plan: SessionPlan; enable: boolean }
  | { step: "fund"; usdc: "much" | "little" | "nothing"; native: "much" | "little" | "nothing" }
);

export type Scenario = {
  /** Which of the playground's accounts it is about. */
  account: number;
  sessions: [SessionPlan, SessionPlan];
  enabled: [boolean, boolean];
  /** Who may grant from the beginning; on ERC-7579 accounts only. */
  granter: Exclude<GranterPlan, "too long">;
  /** A step that shrinking took away is undefined. */
  steps: (StepPlan | undefined)[];
};

/* ARBITRARIES */

const among = <const T>(...values: T[]) => fc.constantFrom(...values);

/** Values with how often each is drawn. */
const weighted = <const T extends string>(weights: Record<T, number>): fc.Arbitrary<T> =>
  fc.oneof(
    ...(Object.entries(weights) as [T, number][]).map(([value, weight]) => ({
      arbitrary: fc.constant(value),
      weight,
    })),
  );

const share = fc.integer({ min: 0, max: 1000 });

const budgetPlan: fc.Arbitrary<BudgetPlan> = fc.record({
  perTransaction: among(1n, 3n, 4n, 16n, 100n, 1_000_000n, 2_500_001n),
  lots: fc.integer({ min: 1, max: 6 }),
  restShare: fc.oneof(fc.constant(0), share),
  sizes: among(0, 0, 0, 1, 2, 3, 4),
  signs: weighted({ eip3009: 3, exact: 1, upto: 1, "exact and upto": 2 }),
  period: among(50, 300, 3600),
  stream: fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 4 },
    fc.record({ initialShare: share, perSecondShare: fc.integer({ min: 1, max: 60 }) }),
  ),
  recipients: among("one", "two", "the exchange too", "anyone"),
});

const sessionPlan: fc.Arbitrary<SessionPlan> = fc.record({
  agent: among(0, 1),
  starts: fc.oneof(fc.constant(0), fc.integer({ min: -200, max: 30 })),
  periods: fc.integer({ min: 2, max: 12 }),
  restSeconds: fc.integer({ min: 0, max: 49 }),
  salt: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 48n }), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n })),
  usdc: budgetPlan,
  native: fc.oneof(fc.constant(undefined), budgetPlan),
  nativeFirst: fc.boolean(),
  actions: among("none", "exchange", "exchange a little", "exchange and the handler"),
  gasAllowance: fc.oneof(
    { arbitrary: fc.constant(maxUint128), weight: 2 },
    { arbitrary: fc.bigInt({ min: 0n, max: 60_000_000n }), weight: 4 },
    { arbitrary: among(0n, maxUint128 - 1n), weight: 1 },
  ),
  paymaster: among("none", "the sponsor", "another", "anyone"),
});

const amount: fc.Arbitrary<AmountPlan> = fc.oneof(
  {
    arbitrary: weighted({
      zero: 1,
      one: 2,
      perTransaction: 2,
      "perTransaction + 1": 1,
      "just past what is left": 2,
      "the most allowed": 3,
    }),
    weight: 3,
  },
  { arbitrary: fc.record({ share: fc.integer({ min: 0, max: 400 }) }), weight: 2 },
);

const party = weighted<PartyPlan>({
  "first payee": 12,
  "second payee": 2,
  outsider: 1,
  exchange: 2,
  account: 1,
});

const oneCall: fc.Arbitrary<CallPlan> = fc.oneof(
  { arbitrary: fc.record({ call: fc.constant("pay" as const), to: party, amount }), weight: 10 },
  { arbitrary: fc.record({ call: fc.constant("pay native" as const), to: party, amount }), weight: 3 },
  { arbitrary: fc.record({ call: fc.constant("approve" as const), to: party, amount }), weight: 1 },
  { arbitrary: fc.record({ call: fc.constant("approve and use" as const), amount }), weight: 3 },
  { arbitrary: fc.record({ call: fc.constant("approve and clear" as const), to: party, amount }), weight: 2 },
  {
    arbitrary: fc.record({
      call: fc.constant("exchange" as const),
      to: party,
      take: amount,
      give: fc.oneof({ arbitrary: fc.constant("zero" as const), weight: 2 }, amount),
      value: fc.oneof({ arbitrary: fc.constant("zero" as const), weight: 4 }, amount),
      selector: fc.oneof({ arbitrary: fc.constant(true), weight: 12 }, fc.constant(false)),
    }),
    weight: 6,
  },
  { arbitrary: fc.record({ call: fc.constant("touch" as const), value: amount }), weight: 1 },
  { arbitrary: fc.record({ call: fc.constant("forbidden" as const), form: among(...FORBIDDEN) }), weight: 1 },
);

const calls = fc.oneof(
  { arbitrary: fc.array(oneCall, { minLength: 1, maxLength: 1 }), weight: 24 },
  { arbitrary: fc.array(oneCall, { minLength: 2, maxLength: 3 }), weight: 12 },
  // Payments only, which are charged before they run.
  {
    arbitrary: fc.array(
      fc.record({
        call: fc.constant("pay" as const),
        to: party,
        amount: fc.record({ share: fc.integer({ min: 0, max: 400 }) }),
      }),
      {
        minLength: 2,
        maxLength: 4,
      },
    ),
    weight: 8,
  },
  { arbitrary: fc.constant([]), weight: 1 },
);

const grant = weighted<GrantPlan>({
  none: 5,
  good: 6,
  "of a stranger": 1,
  "for another session": 1,
  "by a weak validator": 1,
});

const leftOut: fc.Arbitrary<LeftOutPlan> = fc.oneof(
  {
    arbitrary: fc.record({
      usdc: fc.boolean(),
      native: fc.boolean(),
      actions: fc.boolean(),
      needed: among(false, false, false, true),
    }),
    weight: 2,
  },
  fc.constant({ usdc: false, native: false, actions: false, needed: false }),
);

/** Where everything is needed. */
const seldomLeftOut: fc.Arbitrary<LeftOutPlan> = fc.oneof(
  { arbitrary: fc.constant({ usdc: false, native: false, actions: false, needed: false }), weight: 2 },
  leftOut,
);

const door: fc.Arbitrary<DoorPlan> = fc.oneof(
  {
    arbitrary: fc.record({
      door: fc.constant("execute" as const),
      by: weighted({ key: 20, "other key": 1, stranger: 1, owner: 1, account: 3, "account, oddly": 1 }),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      door: fc.constant("redeem" as const),
      by: weighted({ key: 20, "other key": 1, stranger: 1, owner: 1, account: 2 }),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      door: among("executeSigned" as const, "redeemSigned" as const),
      caller: weighted({ anyone: 8, relayer: 6, stranger: 1, nobody: 1 }),
      nonce: fc.oneof(
        { arbitrary: among(0n, 1n, 255n, 256n, 2n ** 256n - 1n), weight: 2 },
        fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
      ),
      deadline: weighted({ far: 8, now: 4, "a second ago": 1 }),
      signature: weighted({
        good: 20,
        "of a stranger": 1,
        "over another nonce": 1,
        "with high s": 1,
        compact: 1,
      }),
    }),
    weight: 4,
  },
);

const size = fc.integer({ min: 0, max: 4 });

const slotPlan: fc.Arbitrary<SlotPlan> = fc.oneof(
  {
    arbitrary: fc.record({
      slot: fc.constant("good" as const),
      size,
      skip: among(0, 0, 0, 0, 1, 2),
      from: among("the bottom", "the bottom", "the top"),
    }),
    weight: 10,
  },
  { arbitrary: fc.record({ slot: fc.constant("contested" as const), size }), weight: 4 },
  {
    arbitrary: fc.record({
      slot: fc.constant("any" as const),
      lot: fc.integer({ min: 0, max: 6 }),
      size,
      index: among(0, 0, 0, 1, 2, 3, 4, 15, 16),
    }),
    weight: 5,
  },
  {
    arbitrary: fc.record({
      slot: among("past the lots", "past the sizes", "past the indices", "past all numbers"),
      size,
    }),
    weight: 1,
  },
);

const authorization = fc.record({
  by: among("eip3009", "eip3009", "exact", "upto"),
  settles: weighted({ all: 4, half: 3, nothing: 1, "too much": 1 }),
  facilitator: weighted({ relayer: 12, stranger: 1 }),
  slot: slotPlan,
  value: weighted({ worth: 8, "worth + 1": 1, half: 4, zero: 1 }),
  to: weighted({ "first payee": 14, "second payee": 2, outsider: 1 }),
  period: among(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 1),
  validAfter: weighted({ always: 8, "a second ago": 8, now: 1 }),
  validBefore: weighted({ later: 10, "in a second": 5, now: 1 }),
  signature: weighted({ good: 20, "of a stranger": 1, "in the other form": 1 }),
  carries: weighted({
    nothing: 8,
    none: 1,
    good: 6,
    "of a stranger": 1,
    "for another session": 1,
    "by a weak validator": 1,
  }),
  leftOut,
  held: among(false, false, false, false, true),
  corruption: fc.oneof(
    {
      arbitrary: fc.record({ at: fc.integer({ min: 0, max: 999 }), by: fc.integer({ min: 1, max: 255 }) }),
      weight: 8,
    },
    among("truncated", "extended"),
  ),
  lie: weighted({
    none: 60,
    perTransaction: 1,
    perPeriod: 1,
    period: 1,
    validUntil: 1,
    recipients: 1,
    salt: 1,
  }),
}) as fc.Arbitrary<AuthorizationPlan>;

const when: fc.Arbitrary<WhenPlan> = fc.oneof(
  { arbitrary: fc.record({ seconds: fc.integer({ min: 1, max: 4 }) }), weight: 52 },
  { arbitrary: fc.record({ seconds: fc.integer({ min: 5, max: 60 }) }), weight: 4 },
  { arbitrary: fc.record({ edge: fc.constant("validAfter" as const), offset: among(-1, 0) }), weight: 2 },
  {
    arbitrary: fc.record({ edge: fc.constant("the period's end" as const), offset: among(-1, 0) }),
    weight: 6,
  },
  { arbitrary: fc.record({ edge: fc.constant("validUntil" as const), offset: among(-1, -1, 0) }), weight: 1 },
) as fc.Arbitrary<WhenPlan>;

const opPayment = fc.record({
  token: weighted({ usdc: 12, "the native coin": 1, "one without a budget": 1 }),
  to: party,
  // More often than elsewhere at the edge of what the period has left, which few payments come near.
  amount: fc.oneof(
    { arbitrary: among("the most allowed", "just past what is left", "perTransaction + 1"), weight: 2 },
    amount,
  ),
  period: weighted({
    now: 10,
    before: 1,
    behind: 2,
    "the last": 1,
    "past the last": 2,
    "the greatest number": 1,
  }),
  form: fc.oneof(
    { arbitrary: fc.constant("canonical" as const), weight: 3 },
    { arbitrary: among(...PAYMENT_FORMS), weight: 1 },
  ),
  signs: weighted({ this: 9, "the bare hash": 1, "another period": 1, "another session": 1 }),
  spoilt: weighted({ nothing: 10, token: 2, to: 2, period: 5, form: 1, signs: 1 }),
}) as fc.Arbitrary<OpPaymentPlan>;

const opPlan = fc.record({
  calls,
  payment: fc.option(opPayment, { nil: undefined, freq: 2 }),
  leftOut,
  grant,
  gas: weighted<GasPlan>({
    free: 1,
    plain: 12,
    dear: 4,
    "all that is left": 4,
    "a wei more than is left": 2,
    "a fee past all bounds": 1,
    "the greatest fee within bounds": 1,
    "verification past all bounds": 1,
    "execution past all bounds": 1,
    "preVerification past all bounds": 1,
    "a product that wraps around": 1,
  }),
  payer: weighted({ "the account": 6, "the sponsor": 6, another: 1, nobody: 1, "too short": 1 }),
  form: fc.oneof(
    { arbitrary: fc.constant("canonical" as const), weight: 3 },
    { arbitrary: among(...USER_OP_FORMS), weight: 1 },
  ),
  signature: weighted({ good: 4, "of a stranger": 1, "with high s": 1, compact: 1 }),
  lie: weighted({
    none: 16,
    perTransaction: 1,
    perPeriod: 1,
    period: 1,
    validUntil: 1,
    recipients: 1,
    salt: 1,
    gasAllowance: 1,
    paymaster: 1,
  }),
  spoilt: weighted({ nothing: 12, grant: 1, gas: 2, payer: 1, form: 2, signature: 1, lie: 1 }),
}) as fc.Arbitrary<OpPlan>;

const someTypes: fc.Arbitrary<ModuleType[]> = among(
  ["validator"],
  ["executor"],
  ["validator", "executor"],
).map((types) => [...types]);

/** The steps that only an ERC-7579 account has. */
const modularSteps = [
  {
    arbitrary: fc.record({
      step: fc.constant("userOp"),
      ops: fc.oneof(
        { arbitrary: opPlan.map((op) => [op]), weight: 5 },
        { arbitrary: fc.tuple(opPlan, opPlan), weight: 1 },
      ),
    }),
    weight: 70,
  },
  {
    arbitrary: fc.record({
      step: fc.constant("install"),
      types: someTypes,
      missing: fc.boolean(),
      granter: weighted<GranterPlan>({
        "left as it is": 2,
        "the owner": 4,
        "a part of the owner": 1,
        "the weak": 1,
        "nobody's": 1,
        "too long": 1,
      }),
      sessions: among("none", "this", "both"),
      leftOut: seldomLeftOut,
      revokes: among(false, false, false, true),
    }),
    weight: 8,
  },
  { arbitrary: fc.record({ step: fc.constant("uninstall"), types: someTypes }), weight: 4 },
  // As often as on a Safe, beside so many userOps.
  { arbitrary: fc.constant({ step: "revoke" }), weight: 2 },
  {
    arbitrary: fc.record({ step: among("pause", "pause", "resume"), by: fc.constant("account") }),
    weight: 8,
  },
];

const stepPlan = (modular: boolean): fc.Arbitrary<StepPlan> =>
  fc
    .tuple(
      fc.record({
        when,
        session: among(0, 0, 1),
        sound: among(true, true, false),
        revives: among(true, true, false),
      }),
      fc.oneof(
        { arbitrary: fc.record({ step: fc.constant("execute"), calls, grant, door, leftOut }), weight: 48 },
        {
          arbitrary: fc.record({
            step: fc.constant("pay"),
            token: weighted({ usdc: 12, "the native coin": 1, "one without a budget": 1 }),
            to: party,
            amount,
            grant,
            by: weighted({ key: 12, "other key": 1, stranger: 1, account: 1 }),
            leftOut,
          }),
          weight: 14,
        },
        { arbitrary: authorization.map((plan) => ({ step: "authorize" as const, ...plan })), weight: 50 },
        { arbitrary: fc.record({ step: fc.constant("replay"), which: fc.nat({ max: 8 }) }), weight: 12 },
        {
          arbitrary: fc.record({
            step: fc.constant("burn"),
            slot: slotPlan,
            by: among("cancellation", "payment"),
            nonceOf: among("the token", "the token", "Permit2"),
          }),
          weight: 8,
        },
        {
          arbitrary: fc.record({
            step: fc.constant("enable"),
            by: weighted({ account: 8, key: 1, stranger: 1 }),
            leftOut: seldomLeftOut,
          }),
          weight: 4,
        },
        {
          arbitrary: fc.record({
            // A sound step of a paused session may be a resume besides.
            step: among("pause", "pause", "resume"),
            by: weighted({ account: 8, key: 1, stranger: 1 }),
          }),
          weight: 8,
        },
        { arbitrary: fc.constant({ step: "revoke" }), weight: 2 },
        {
          arbitrary: fc.record({ step: fc.constant("renounce"), by: among("key", "stranger"), leftOut }),
          weight: 2,
        },
        { arbitrary: fc.constant({ step: "revokeAll" }), weight: 2 },
        {
          arbitrary: fc.record({ step: fc.constant("renew"), plan: sessionPlan, enable: fc.boolean() }),
          weight: 6,
        },
        {
          arbitrary: fc.record({
            step: fc.constant("fund"),
            usdc: weighted({ much: 6, little: 2, nothing: 1 }),
            native: weighted({ much: 6, little: 2, nothing: 1 }),
          }),
          weight: 2,
        },
        ...(modular ? modularSteps : []),
      ),
    )
    .map(([common, step]) => ({ ...common, ...step }) as StepPlan);

/** Scenarios of so many steps, about one of so many accounts: of ERC-7579 accounts, if `modular`. */
export const scenarios = (
  { accounts, modular }: { accounts: number; modular: boolean },
  minLength: number,
  maxLength: number,
): fc.Arbitrary<Scenario> =>
  fc.record({
    account: fc.nat(accounts - 1),
    sessions: fc.tuple(sessionPlan, sessionPlan),
    enabled: fc.tuple(fc.boolean(), fc.boolean()),
    granter: weighted({
      "left as it is": 1,
      "the owner": 20,
      "a part of the owner": 2,
      "the weak": 2,
      "nobody's": 1,
    }),
    steps: fc.array(fc.option(stepPlan(modular), { nil: undefined, freq: 10 ** 9 }), {
      minLength,
      maxLength,
      size: "max",
    }),
  }) as fc.Arbitrary<Scenario>;

/* PLANS TO SESSIONS */

/** Where and when a session is made. */
export type Making = {
  account: Address;
  handler: Address;
  /** The paymaster that there is. */
  sponsor: Address;
  usdc: Address;
  epoch: bigint;
  now: bigint;
};

/** The session that a plan describes. Always well formed. */
export function sessionOf(plan: SessionPlan, making: Making): Session {
  const { account, handler, sponsor, usdc, epoch, now } = making;
  const budgets = [budgetOf(plan.usdc, usdc)];
  if (plan.native) budgets.push(budgetOf({ ...plan.native, sizes: 0 }, zeroAddress));
  if (plan.nativeFirst) budgets.reverse();
  const validAfter = Number(now) + plan.starts;
  const seconds = Math.max(...budgets.map(({ period }) => period));
  return {
    account,
    key: agents[plan.agent].address,
    validAfter,
    validUntil: Number(now) + seconds * plan.periods + plan.restSeconds,
    epoch,
    salt: plan.salt,
    gasAllowance: plan.gasAllowance,
    paymaster: { none: zeroAddress, "the sponsor": sponsor, another: outsider, anyone: ANYONE }[
      plan.paymaster
    ],
    budgets,
    actions: actionsOf(plan, handler),
  };
}

function budgetOf(plan: BudgetPlan, token: Address): Budget {
  const { perTransaction, lots, restShare, period, stream } = plan;
  const perPeriod = perTransaction * BigInt(lots) + ((perTransaction - 1n) * BigInt(restShare)) / 1000n;
  const signatures = { eip3009: 1, exact: 2, upto: 4, "exact and upto": 6 }[plan.signs];
  let sizes = stream ? 0 : plan.sizes;
  while (sizes > 0 && perTransaction >> BigInt((signatures === 1 ? 2 : 1) * (sizes - 1)) === 0n) sizes--;
  const recipients: Record<BudgetPlan["recipients"], Address[]> = {
    one: [payees[0]],
    two: [payees[1], payees[0]],
    "the exchange too": [payees[0], exchange],
    anyone: [ANYONE],
  };
  return {
    token,
    perTransaction,
    perPeriod,
    period,
    initial: stream ? (perPeriod * BigInt(stream.initialShare)) / 1000n : 0n,
    perSecond: stream ? (perPeriod * BigInt(stream.perSecondShare)) / 1000n + 1n : 0n,
    signatures: sizes > 0 ? signatures : 0,
    sizes,
    recipients: recipients[plan.recipients],
  };
}

/** A function that a session may call on the handler by its own words, and still may not. */
export const HANDLER_SELECTOR: Hex = "0x11111111";

function actionsOf({ actions, usdc }: SessionPlan, handler: Address): Action[] {
  const trade: Action = { target: exchange, selector: EXCHANGE, rules: [] };
  const most = numberToHex(usdc.perTransaction / 2n, { size: 32 });
  switch (actions) {
    case "none":
      return [];
    case "exchange":
      return [trade];
    case "exchange a little":
      return [
        { ...trade, rules: [{ offset: TAKE_OFFSET, op: 3, value: most }] },
        { ...trade, rules: [{ offset: TAKE_OFFSET + 200, op: 0, value: most }] },
      ];
    case "exchange and the handler":
      return [trade, { target: handler, selector: HANDLER_SELECTOR, rules: [] }];
  }
}

/* SOUND STEPS */

/** What a sound step may rest on. */
export type Soundness = {
  /** Whether the session needs no grant. */
  isEnabled: boolean;
  /** The grant that counts here. */
  grant: GrantPlan;
  /** Whether the account itself may execute. */
  accountSpeaks: boolean;
};

function soundDoor(door: DoorPlan, accountSpeaks: boolean): DoorPlan {
  switch (door.door) {
    case "execute":
      return { ...door, by: door.by === "account" && accountSpeaks ? "account" : "key" };
    case "redeem":
      return { ...door, by: "key" };
    default:
      return { ...door, caller: "anyone", deadline: "far", signature: "good" };
  }
}

/**
 * The step with everything put right that can be put right without a look at the limits: who sends and signs, whom
 * it pays, what it carries. Random steps alone are refused for one reason or another nearly always.
 */
export function soundStep(
  step: StepPlan,
  session: Session,
  { isEnabled, grant, accountSpeaks }: Soundness,
): StepPlan {
  if (step.step === "execute") {
    return {
      ...step,
      calls: step.calls.map((call) => soundCall(call, session)),
      grant: isEnabled ? step.grant : grant,
      leftOut: soundLeftOut(step.leftOut, isEnabled, neededBy(step.calls)),
      door: soundDoor(step.door, accountSpeaks),
    };
  }
  if (step.step === "pay") {
    return {
      ...step,
      token: "usdc",
      to: "first payee",
      grant: isEnabled ? step.grant : grant,
      by: "key",
      leftOut: soundLeftOut(step.leftOut, isEnabled, { native: false, actions: false }),
    };
  }
  if (step.step === "enable" || step.step === "install") {
    return {
      ...step,
      ...(step.step === "install" ? { missing: true } : {}),
      leftOut: soundLeftOut(step.leftOut, false, { native: true, actions: true }),
    };
  }
  if (step.step === "userOp") {
    const sound = (op: OpPlan): OpPlan => ({
      ...op,
      payment: op.payment && soundPayment(op.payment, session),
      leftOut: soundLeftOut(op.leftOut, isEnabled, neededBy(op.calls)),
      calls: op.calls.map((call) => soundCall(call, session)),
      grant: isEnabled ? op.grant : grant,
      gas: op.gas === "dear" || op.gas === "free" || op.gas === "all that is left" ? op.gas : "plain",
      payer: op.payer === "the sponsor" && mayPay(session) ? op.payer : "the account",
      form: "canonical",
      signature: "good",
      lie: "none",
      ...(op.spoilt === "nothing" ? {} : { [op.spoilt]: op[op.spoilt] }),
    });
    const [first, ...others] = step.ops;
    return { ...step, ops: [sound(first), ...others.map(sound)] };
  }
  if (step.step !== "authorize") return step;
  const { size } = step.slot;
  return {
    ...step,
    by: soundMethod(step.by, session),
    settles: step.settles === "half" ? "half" : "all",
    facilitator: "relayer",
    slot:
      step.slot.slot === "good" || step.slot.slot === "contested"
        ? step.slot
        : { slot: "good", size, skip: 0, from: "the bottom" },
    value: step.value === "half" ? "half" : "worth",
    to: "first payee",
    period: 0,
    validAfter: step.validAfter === "now" ? "always" : step.validAfter,
    validBefore: step.held || step.validBefore === "now" ? "later" : step.validBefore,
    signature: "good",
    carries: isEnabled && step.carries !== "good" ? "nothing" : grant,
    leftOut: soundLeftOut(step.leftOut, isEnabled, { native: false, actions: false }),
    lie: "none",
  };
}

/** A method that the budget of USDC allows, the plan's if it does. */
function soundMethod(by: PaymentMethod, { budgets }: Session): PaymentMethod {
  const { signatures } = budgets.find(({ token }) => token !== zeroAddress) as Budget;
  if (signatures <= 1) return "eip3009";
  if (signatures === 6) return by === "eip3009" ? "exact" : by;
  return signatures === 2 ? "exact" : "upto";
}

/** What calls need beside the budget of USDC. More than plain payments of it may move the token of any budget. */
const neededBy = (calls: readonly CallPlan[]): { native: boolean; actions: boolean } => ({
  native: calls.some(({ call }) => call !== "pay"),
  actions: calls.some(({ call }) => call !== "pay" && call !== "pay native"),
});

/** Without what the use needs, unless the plan is to see it missed; without anything, where a grant is needed. */
function soundLeftOut(
  plan: LeftOutPlan,
  isEnabled: boolean,
  needs: { native: boolean; actions: boolean },
): LeftOutPlan {
  if (plan.needed) return plan;
  return {
    ...plan,
    usdc: false,
    native: isEnabled && plan.native && !needs.native,
    actions: isEnabled && plan.actions && !needs.actions,
  };
}

/** In the present period, to a payee; undefined where the budget is not for such payments: the calls are made instead. */
function soundPayment(payment: OpPaymentPlan, { budgets }: Session): OpPaymentPlan | undefined {
  const usdc = budgets.find(({ token }) => token !== zeroAddress) as Budget;
  if (usdc.signatures > 0 || usdc.perSecond > 0n) return undefined;
  return {
    ...payment,
    token: "usdc",
    to: "first payee",
    period: "now",
    form: "canonical",
    signs: "this",
    ...(payment.spoilt === "nothing" ? {} : { [payment.spoilt]: payment[payment.spoilt] }),
  };
}

const mayPay = ({ paymaster }: Session): boolean => paymaster !== zeroAddress && paymaster !== outsider;

function soundCall(call: CallPlan, { budgets, actions }: Session): CallPlan {
  const usdc = budgets.find(({ token }) => token !== zeroAddress) as Budget;
  const native = budgets.find(({ token }) => token === zeroAddress);
  const exchangeMayPull = usdc.recipients.some((who) => who === ANYONE || who === exchange);
  const pay = { call: "pay", to: "first payee", amount: "amount" in call ? call.amount : "one" } as const;
  switch (call.call) {
    case "pay":
      return { ...call, to: "first payee" };
    case "pay native":
      return native ? { ...call, to: "first payee" } : pay;
    case "approve":
    case "approve and clear":
      return { ...call, to: "first payee" };
    case "approve and use":
      return exchangeMayPull && actions.length > 0 ? call : pay;
    case "exchange":
      return actions.length > 0 ? { ...call, selector: true, value: native ? call.value : "zero" } : pay;
    case "touch":
      return actions.length > 0 ? { ...call, value: native ? call.value : "zero" } : pay;
    default:
      return pay;
  }
}

/** The place of the token's budget in the session; -1 where it has none. */
export const budgetIndexOf = ({ budgets }: Session, token: Address): number =>
  budgets.findIndex((budget) => isAddressEqual(budget.token, token));

/** What a plan leaves out of the session's bytes. A list of actions that is empty may stand there as its hash, too. */
export const leftOutOf = ({ budgets }: Session, { usdc, native, actions }: LeftOutPlan): LeftOut => ({
  budgets: [...budgets.keys()].filter((index) => (budgets[index]?.token === zeroAddress ? native : usdc)),
  actions,
});
