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

/** A session's on-chain state. */
export type SessionAnswer = {
  status: SessionStatus;
  /** This device's clock when the request was sent, in milliseconds. */
  askedAt: number;
  /** Whether the account accepts the grant; only checked until first use enables the session on chain. */
  granted: boolean;
};

/** A known session: from its grant, or from its event on chain. */
export type KnownSession = {
  id: Hex;
  grant: Grant;
  /** The agent's claimed name; undefined if the session is only known from the chain. */
  name: string | undefined;
};

/** What a watch has read so far. */
export type AccountNews = {
  /** This device's clock when the watch started, in milliseconds. */
  begunAt: number;
  sessions: readonly KnownSession[];
  answers: ReadonlyMap<Hex, SessionAnswer>;
  /** When the last successful request was sent, by this device's clock; undefined before the first. */
  answeredAt: number | undefined;
  /** Why the last request failed; undefined if it succeeded. */
  failure: unknown;
  /** Whether the latest block is so old that the node appears to have stopped syncing. */
  lagging: boolean;
  /** The latest block. */
  head: { number: bigint; hash: Hash; timestamp: number } | undefined;
  /** The Safe's state, for changes to its sessions; undefined until read, or if the page knows no passkey for it. */
  safe: SafeStanding | undefined;
  /** Oldest first; undefined until they are read. */
  events: readonly SessionEvent[] | undefined;
  /** Why the last read of events failed. */
  eventsFailure: unknown;
  /** The first block whose events are read. */
  eventsFrom: bigint | undefined;
};

/** Polling interval in milliseconds. */
const ASK_EVERY = 3000;
/** Events cost more to read: the minimum interval, unless a budget changed. */
const EVENTS_EVERY = 12_000;
/** Blocks read again each time, since a chain may reorganise. */
const READ_AGAIN = 32n;
/** Blocks searched for sessions of an account without a known grant, on a public chain. */
const SEARCHED_BLOCKS = 50_000n;
/** Seconds after which a public chain's latest block counts as stale. */
const OLD_BLOCK = 600;

/** Whether a session can be used with nothing but its grant, so that it matters whether the account accepts that. */
const needsProof = ({ active, state }: SessionStatus): boolean => active && state === "UNKNOWN";

/** A watch's initial state. */
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
 * Polls the chain for an account's sessions and reports changes. It never reports an older response after a newer one,
 * and never reports a session as usable after it was seen to have ended.
 *
 * @param parameters.tell Called with everything known so far, after each change.
 * @returns `end` stops it; `askNow` polls immediately, for use after sending something.
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
  let rechecks = 0;

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
      // A hidden page need not poll: when it becomes visible, its data is stale and shown as such.
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
    // One of several nodes behind a URL may lag: its responses are older than what is known.
    if (news.head && number < news.head.number) return;
    const head = { number, hash, timestamp: Number(timestamp) };
    const lagging = !isLocal && askedAt / 1000 - head.timestamp > OLD_BLOCK;
    const isNewBlock = news.head?.hash !== hash;
    let changed = false;
    const answers = new Map(news.answers);
    const { owner } = managed;
    // Of the grants that the account rejected, one is checked again each time: it costs several requests.
    const rejected = news.sessions.filter(({ id }) => answers.get(id)?.granted === false);
    const recheck = isNewBlock ? rejected[rechecks++ % rejected.length] : undefined;
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
        // What was not usable yet was not proven either.
        const isProven = before?.granted && needsProof(before.status);
        const isTurn = before?.granted !== false || recheck?.id === id;
        const granted =
          !needsProof(status) || isProven || (isTurn && (await verifyGrant(client, grant)).valid);
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

/** Whether the node serves another chain. */
export const isWrongChain = (failure: unknown): boolean => isRefusal(failure, "WRONG_CHAIN");

/** The parts that a payment or the owner may change. */
const standing = (status: SessionStatus | undefined): string =>
  status === undefined
    ? ""
    : [
        status.state,
        ...status.reasons,
        ...status.budgets.map(({ period, spent, opened }) => `${period}/${spent}/${opened}`),
      ].join(" ");

/** Sessions enabled on chain for which this browser has no grant. */
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
