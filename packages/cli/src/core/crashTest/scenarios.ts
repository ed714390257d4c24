import { FUNDS, PER_DAY, PRICE, REPLICAS, TRIES } from "./allowance.ts";
import type { CrashScenario } from "./CrashReport.ts";
import type { CrashWorld, HeldKey } from "./CrashWorld.ts";
import type { Guard, LimitedAgent, Pay } from "./Guard.ts";
import { guardrails } from "./guardrails.ts";
import { latchkeySession } from "./latchkeySession.ts";
import { spendControls } from "./spendControls.ts";
import { startingTogether } from "./startingTogether.ts";

/** What happens to one agent. */
type Happening = {
  world: CrashWorld;
  agent: LimitedAgent;
  /** A process of the agent that runs from the beginning. */
  pay: Pay;
  thief: HeldKey;
  /** Buys TRIES times, and notes why a purchase is refused. */
  buyTill(pay: Pay, url?: string): Promise<void>;
};

/** One part of the crash test. */
export type Scenario = {
  name: CrashScenario;
  /** What happens, in a sentence. */
  story: string;
  /** What is tried, in base units. */
  asked: bigint;
  /** The guards that it says something about, with the reason for what they do. */
  guards: readonly { guard: Guard; why: string }[];
  /** What happens, in parts: the chain's time passes between them, for all guards at once. */
  parts: readonly ((happening: Happening) => Promise<void>)[];
  /** Seconds between the parts. */
  pause?: number;
};

/** Seconds from the beginning of the scenario to the edge of the session's day: enough to buy before it. */
const UNTIL_EDGE = 120;

const dollars = (amount: bigint) => `$${(amount / 1_000_000n).toLocaleString("en-US")}`;

const NO_LIMIT_OVER_TIME =
  "They bound the amount of one payment and the token. They have no limit over time, so each payment is allowed again.";

/** The crash test's parts, in order. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "replicas",
    story: `${REPLICAS} processes of the agent read the price of a ${dollars(PRICE)} report at the same moment, then each tries to buy it ${TRIES} times.`,
    asked: PRICE * BigInt(REPLICAS * TRIES),
    guards: [
      { guard: spendControls, why: NO_LIMIT_OVER_TIME },
      { guard: guardrails(), why: "Each process counts what it has paid itself." },
      {
        guard: guardrails({ ledger: true }),
        why: "A process reads the ledger, adds the payment to what it has read, then writes. The store's interface has no operation that does both, so processes that read at the same moment all see room, unless the store has a limit of its own.",
      },
      {
        guard: latchkeySession(),
        why: "The chain counts. Processes that choose the same slot collide: one payment settles, the others are refused or signed again for another slot.",
      },
      {
        guard: latchkeySession({ sharedStore: true }),
        why: "The chain counts. With a shared store the processes do not collide.",
      },
    ],
    parts: [
      async ({ agent, buyTill }) => {
        const processes = startingTogether(REPLICAS).map((fetch) => agent.start({ fetch }));
        await Promise.all(processes.map((pay) => buyTill(pay)));
      },
    ],
  },
  {
    name: "restart",
    story: `The agent tries to buy ${TRIES} reports. Its process ends and is started again, and tries ${TRIES} more.`,
    asked: PRICE * BigInt(2 * TRIES),
    guards: [
      { guard: spendControls, why: NO_LIMIT_OVER_TIME },
      { guard: guardrails(), why: "What was spent is in the memory of the process that ended." },
      { guard: guardrails({ ledger: true }), why: "The ledger outlives the process." },
      {
        guard: latchkeySession(),
        why: "The chain has counted. The new process needs the key and the grant, and nothing that the old one knew.",
      },
    ],
    parts: [
      async ({ agent, pay, buyTill }) => {
        await buyTill(pay);
        await buyTill(agent.start());
      },
    ],
  },
  {
    name: "other token",
    story: `The shop asks for another token, of which the account holds ${dollars(FUNDS)} as well. The agent tries to buy ${TRIES} reports. The owner has allowed USDC only.`,
    asked: PRICE * BigInt(TRIES),
    guards: [
      {
        guard: spendControls,
        why: "By default they refuse tokens that x402 does not know as dollars of that network.",
      },
      {
        guard: guardrails(),
        why: "Both limits name USDC, as in Coinbase's example. Payments in another token are neither limited nor counted unless allowedAssets is set.",
      },
      {
        guard: guardrails({ usdcOnly: true }),
        why: "allowedAssets refuses the token.",
      },
      { guard: latchkeySession(), why: "A token without a budget does not move." },
    ],
    parts: [({ world, pay, buyTill }) => buyTill(pay, world.report.forOther)],
  },
  {
    name: "stolen key",
    story: `The agent has bought one report. Somebody copies its disk and runs a program of their own, for everything that the account holds.`,
    asked: 2n * FUNDS,
    guards: [
      {
        guard: spendControls,
        why: "The limit is code in the agent's process. The thief does not run it, and the key is the wallet's.",
      },
      {
        guard: guardrails({ usdcOnly: true, ledger: true }),
        why: "The limit is code in the agent's process. The thief does not run it, and the key is the wallet's.",
      },
      {
        guard: latchkeySession(),
        why: "The key is the session's. It moves what is left of the day's limit, to the recipients that the owner named.",
      },
    ],
    parts: [
      async ({ world, agent, pay, thief }) => {
        await pay(world.report.forUsdc);
        await agent.rob(thief);
      },
    ],
  },
  {
    name: "period edge",
    story: `Shortly before the session's day ends the agent tries to buy ${TRIES} reports, shortly after it ${TRIES} more.`,
    asked: PRICE * BigInt(2 * TRIES),
    guards: [
      { guard: spendControls, why: NO_LIMIT_OVER_TIME },
      { guard: guardrails(), why: "The window rolls: what was spent counts for 24 hours." },
      {
        guard: latchkeySession(),
        why: `A known limit: days are fixed windows that begin with the session, so around the edge of two days ${dollars(2n * PER_DAY)} can be spent within minutes.`,
      },
    ],
    parts: [({ pay, buyTill }) => buyTill(pay), ({ pay, buyTill }) => buyTill(pay)],
    pause: UNTIL_EDGE,
  },
];
