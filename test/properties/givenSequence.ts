import { maxUint128 } from "viem";
import type {
  BudgetPlan,
  CallPlan,
  LeftOutPlan,
  OpPaymentPlan,
  OpPlan,
  Scenario,
  SessionPlan,
  StepPlan,
} from "./scenario.ts";

/** 100 a time and 600 in 50 seconds, to anyone. */
const budget: BudgetPlan = {
  perTransaction: 100n,
  lots: 6,
  restShare: 0,
  sizes: 0,
  signs: "eip3009",
  period: 50,
  stream: undefined,
  recipients: "anyone",
};

const session: SessionPlan = {
  agent: 0,
  starts: 0,
  periods: 3,
  restSeconds: 0,
  salt: 0n,
  usdc: budget,
  native: budget,
  nativeFirst: false,
  actions: "none",
  gasAllowance: maxUint128,
  paymaster: "none",
};

const nothing: LeftOutPlan = { usdc: false, native: false, actions: false, needed: false };

/** These steps of an enabled session with a budget of USDC and one of native coin, on the first account. */
export const sequence = (...steps: StepPlan[]): Scenario => ({
  account: 0,
  sessions: [session, { ...session, agent: 1 }],
  enabled: [true, false],
  granter: "the owner",
  steps,
});

/** A second later, just as it stands here. */
const asGiven = { when: { seconds: 1 }, session: 0, sound: false, revives: false } as const;

/** The account pauses or resumes a session: the one that is enabled, or the other. */
export const pausing = (step: "pause" | "resume", session: 0 | 1): StepPlan => ({
  ...asGiven,
  session,
  step,
  by: "account",
});

/** The account enables a session. */
export const enabling = (session: 0 | 1): StepPlan => ({
  ...asGiven,
  session,
  step: "enable",
  by: "account",
  leftOut: nothing,
});

/** The key of a session pays a payee, and carries the owner's grant. */
export const paying = (session: 0 | 1): StepPlan => ({
  ...asGiven,
  session,
  step: "pay",
  token: "usdc",
  to: "first payee",
  amount: "one",
  grant: "good",
  by: "key",
  leftOut: nothing,
});

/** The module goes, and comes back with a new session, of which the actions are left out at first. */
export const installingAgain: StepPlan[] = [
  { ...asGiven, step: "uninstall", types: ["validator", "executor"] },
  { ...asGiven, step: "renew", plan: session, enable: false },
  ...[true, false].map(
    (actions): StepPlan => ({
      ...asGiven,
      step: "install",
      types: ["validator", "executor"],
      missing: true,
      granter: "the owner",
      sessions: "this",
      leftOut: { ...nothing, actions },
      revokes: false,
    }),
  ),
];

/** The key has these calls executed. */
export const executing = (...calls: CallPlan[]): StepPlan => ({
  ...asGiven,
  step: "execute",
  calls,
  grant: "none",
  door: { door: "execute", by: "key" },
  leftOut: nothing,
});

/** The account pays a payee by a userOp of its own, in the present period or the one before. */
export const payingItself = (payment: Pick<OpPaymentPlan, "amount" | "period">): StepPlan => {
  const op: OpPlan = {
    calls: [],
    payment: {
      token: "usdc",
      to: "first payee",
      form: "canonical",
      signs: "this",
      spoilt: "nothing",
      ...payment,
    },
    leftOut: nothing,
    grant: "none",
    gas: "plain",
    payer: "the account",
    form: "canonical",
    signature: "good",
    lie: "none",
    spoilt: "nothing",
  };
  return { ...asGiven, step: "userOp", ops: [op] };
};

/** The step in the first second of the next period. */
export const inTheNextPeriod = (step: StepPlan): StepPlan => ({
  ...step,
  when: { edge: "the period's end", offset: 0 },
});
