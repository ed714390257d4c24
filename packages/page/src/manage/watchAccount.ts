import {
  enabledGrant,
  GRANT_VERSION,
  type Grant,
  hashSession,
  isRefusal,
  Refusal,
  type SessionStatus,
  sessionStatus,
  verifyGrant,
} from "@latchkey/sdk";
import { type SessionEvent, sessionHistory } from "@latchkey/sdk/history";
import type { Hash, Hex } from "viem";
import { getBlock, getChainId } from "viem/actions";
import type { AskedChain } from "../chain/PageChains.ts";
import { isOver } from "./CardState.ts";
import type { ManagedAccount } from "./ManagedAccount.ts";
import { readSafe, type SafeStanding } from "./readSafe.ts";

/** What the chain said of one session. */
export type SessionAnswer = {
  status: SessionStatus;
  /** This device's clock when the question was asked, milliseconds. */
  askedAt: number;
  /** Whether the account stands by the grant; only asked while no use has put the session on the chain. */
  granted: boolean;
};

/** A session that the page knows: by its grant, or because the chain saw it enabled. */
export type KnownSession = {
  id: Hex;
  grant: Grant;
  /** What its agent called itself; undefined where only the chain knows the session. */
  name: string | undefined;
};

/** What a watch has found out so far. */
export type AccountNews = {
  /** This device's clock when the watch began, milliseconds. */
  begunAt: number;
  sessions: readonly KnownSession[];
  answers: ReadonlyMap<Hex, SessionAnswer>;
  /** When the last question was asked that the chain answered, by this device's clock; undefined before. */
  answeredAt: number | undefined;
  /** Why the last question failed; undefined where it did not. */
  failure: unknown;
  /** Whether the latest block is so old that the node seems to have stopped following its chain. */
  lagging: boolean;
  /** The latest block. */
  head: { number: bigint; hash: Hash; timestamp: number } | undefined;
  /** Where the Safe itself stands, for changes of its sessions; undefined until it is read, and where the page knows no passkey of it. */
  safe: SafeStanding | undefined;
  /** Oldest first; undefined until they are read. */
  events: readonly SessionEvent[] | undefined;
  /** Why the events could not be read the last time. */
  eventsFailure: unknown;
  /** The first block whose events are read. */
  eventsFrom: bigint | undefined;
};

/** How often the chain is asked, in milliseconds. */
const ASK_EVERY = 3000;
/** Events cost more to read: at least so long between two readings, unless a budget changed. */
const EVENTS_EVERY = 12_000;
/** Blocks that are read again each time, as a chain may replace its last ones. */
const READ_AGAIN = 32n;
/** Of an account without a known grant on a public chain: how many blocks are searched for its sessions. */
const SEARCHED_BLOCKS = 50_000n;
/** Seconds after which a public chain's latest block counts as old. */
const OLD_BLOCK = 600;

/** What a watch knows before it has asked anything. */
export const noNews = (managed: ManagedAccount, now: number): AccountNews => ({
  begunAt: now,
  sessions: managed.grants.map(({ grant, name }) => ({ id: hashSession(grant.session), grant, name })),
  answers: new Map(),
  answeredAt: undefined,
  failure: undefined,
  lagging: false,
  head: undefined,
  safe: undefined,
  events: undefined,
  eventsFailure: undefined,
  eventsFrom: undefined,
});

/**
 * Asks the chain about an account's sessions again and again, and tells what it said. It never tells an older answer after
 * a newer one, and never that a session is alive which was seen to be over.
 *
 * @param parameters.tell Gets everything known so far after each change.
 * @returns `end` ends it; `askNow` asks at once, for after something was sent.
 */
export function watchAccount(parameters: {
  asked: AskedChain;
  managed: ManagedAccount;
  tell: (news: AccountNews) => void;
}): { end: () => void; askNow: () => void } {
  const { managed } = parameters;
  const { client, settings } = parameters.asked;
  const { isLocal } = settings;
  let news = noNews(managed, Date.now());
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;
  let readingEvents = false;
  let eventsReadAt = 0;
  let eventsReadTo = -1n;
  let checkedChain = false;

  const tell = (change: Partial<AccountNews>) => {
    if (ended) return;
    news = { ...news, ...change };
    parameters.tell(news);
  };

  const ask = async () => {
    clearTimeout(timer);
    if (ended || asking) return;
    asking = true;
    try {
      // A page behind others need not ask: when it comes to the front its answers are old, and say so.
      if (!document.hidden) await askOnce();
    } catch (failure) {
      tell({ failure });
    }
    asking = false;
    if (!ended) timer = setTimeout(ask, ASK_EVERY);
  };

  const askOnce = async () => {
    const askedAt = Date.now();
    if (!checkedChain) {
      const chainId = await getChainId(client);
      if (chainId !== managed.chainId)
        throw new Refusal({
          code: "WRONG_CHAIN",
          shortMessage: `The node serves chain ${chainId}, not ${managed.chainId}.`,
          metaMessages: ["Set an RPC URL for the right chain."],
        });
      checkedChain = true;
    }
    const { number, hash, timestamp } = await getBlock(client, { blockTag: "latest" });
    // One of several nodes behind an address may be late: its answers are older than what is known.
    if (news.head && number < news.head.number) return;
    const head = { number, hash, timestamp: Number(timestamp) };
    const lagging = !isLocal && askedAt / 1000 - head.timestamp > OLD_BLOCK;
    const isNewBlock = news.head?.hash !== hash;
    let changed = false;
    const answers = new Map(news.answers);
    const { owner } = managed;
    const readsSafe = owner && managed.accountKind === "safe" && (isNewBlock || !news.safe);
    const [safe] = await Promise.all([
      readsSafe ? readSafe(client, managed, settings.sharedSigner) : news.safe,
      ...news.sessions.map(async ({ id, grant }) => {
        const before = answers.get(id);
        if (before && isOver(before.status)) return;
        if (before && !isNewBlock) {
          answers.set(id, { ...before, askedAt });
          return;
        }
        const status = await sessionStatus(client, grant);
        if (status.asOf < head.timestamp) return;
        const needsProof = status.active && status.state === "UNKNOWN";
        const granted = !needsProof || before?.granted || (await verifyGrant(client, grant)).valid;
        changed ||= standing(before?.status) !== standing(status);
        answers.set(id, { status, askedAt, granted });
      }),
    ]);
    tell({ head, lagging, answers, safe, answeredAt: askedAt, failure: undefined });
    if (isNewBlock || !news.events) void readEvents(changed);
  };

  const readEvents = async (changed: boolean) => {
    const head = news.head;
    const isEarly = Date.now() - eventsReadAt < (isLocal ? 0 : EVENTS_EVERY);
    if (readingEvents || !head || (isEarly && !changed)) return;
    readingEvents = true;
    eventsReadAt = Date.now();
    try {
      const lookBack = head.number > SEARCHED_BLOCKS && !isLocal ? head.number - SEARCHED_BLOCKS : 0n;
      const begin = news.eventsFrom ?? managed.fromBlock ?? lookBack;
      const again = eventsReadTo + 1n > READ_AGAIN ? eventsReadTo + 1n - READ_AGAIN : 0n;
      const fromBlock = again > begin ? again : begin;
      const part = await sessionHistory(client, {
        account: managed.account,
        module: managed.module,
        grants: news.sessions.map(({ grant }) => grant),
        fromBlock: fromBlock < head.number ? fromBlock : head.number,
        toBlock: head.number,
      });
      const kept = (news.events ?? []).filter(({ blockNumber }) => blockNumber < fromBlock);
      const events = [...kept, ...part.events];
      const found = discovered(managed, news.sessions, events);
      eventsReadTo = head.number;
      tell({
        events,
        eventsFailure: undefined,
        eventsFrom: begin,
        sessions: [...news.sessions, ...found],
      });
      if (found.length > 0) void ask();
    } catch (eventsFailure) {
      tell({ eventsFailure });
    }
    readingEvents = false;
  };

  const askNow = () => void ask();
  document.addEventListener("visibilitychange", askNow);
  askNow();
  return {
    end: () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", askNow);
    },
    askNow,
  };
}

/** Whether the failure is that the node is of another chain. */
export const isWrongChain = (failure: unknown): boolean => isRefusal(failure, "WRONG_CHAIN");

/** What a payment or the owner may change. */
const standing = (status: SessionStatus | undefined): string =>
  status === undefined
    ? ""
    : [
        status.state,
        ...status.reasons,
        ...status.budgets.map(({ period, spent, opened }) => `${period}/${spent}/${opened}`),
      ].join(" ");

/** Sessions that the chain saw enabled and no grant tells of. */
function discovered(
  { chainId, module, accountKind }: ManagedAccount,
  known: readonly KnownSession[],
  events: readonly SessionEvent[],
): KnownSession[] {
  const found = new Map<Hex, KnownSession>();
  for (const event of events) {
    if (event.type !== "enabled" || known.some(({ id }) => id === event.id)) continue;
    const { session } = event;
    const grant = enabledGrant({
      version: GRANT_VERSION,
      chainId,
      module,
      accountKind,
      session,
      signature: "0x",
    });
    found.set(event.id, { id: event.id, grant, name: undefined });
  }
  return [...found.values()];
}
