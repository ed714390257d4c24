import { type Address, type Chain, type Client, type Hex, isAddressEqual, type Transport } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { type BlockRange, resolveBlockRange } from "../internal/readLogs.ts";
import { usdcAddress } from "../internal/usdcAddress.ts";
import { hashSession } from "../session/hashSession.ts";
import type { Session } from "../session/Session.ts";
import { accountLogs, type ModuleLog } from "./accountLogs.ts";
import { blockTimestamps } from "./blockTimestamps.ts";
import { enabledSession } from "./enabledSession.ts";
import { permit2Settlements, permit2Transfers } from "./permit2Settlements.ts";
import type { SessionEvent } from "./SessionEvent.ts";
import { settlementEvents, slotUses } from "./settlementEvents.ts";

/** Whose history: one session's, or that of all sessions of an account by a module. */
export type HistorySubject =
  | { grant: SessionCarrier; account?: never; module?: never; grants?: never }
  | {
      grant?: never;
      account: Address;
      module: Address;
      /**
       * Sessions that are known from their grant files: those that were only ever used by signature have no event of the
       * module, and their payments are found by these alone.
       */
      grants?: readonly SessionCarrier[];
    };

/** Result of {@link sessionHistory}. */
export type SessionHistory = {
  /** Oldest first. */
  events: readonly SessionEvent[];
  /** The blocks that were searched. Continue from `toBlock + 1` next time. */
  fromBlock: bigint;
  toBlock: bigint;
};

/**
 * What happened to a session, or to all sessions of an account: enabled, revoked, every execution's spending, every signed
 * payment that settled, and when all sessions were revoked. From events, in one pass over a range of blocks, which is
 * split if the provider limits it, and eight parts of which are asked for at once. What a provider allows is remembered for the
 * client. Tokens other than USDC that only sessions on the chain pay in, not those of `grants`, take a second pass.
 *
 * A payment that an ERC-7579 account makes itself is charged before it is made: a failed one is included.
 *
 * The chain knows signed payments by their nonces only: they are found for the session that is asked about, and of an
 * account for those enabled within the range and those in `grants`. Permit2 logs nothing about them: its nonces are found in
 * the calldata of the transactions that made transfers, one request for each that a session could have signed. A payment
 * whose transaction compresses its calldata is not found; its part of the budget is in {@link sessionStatus} all the same.
 *
 * @param client Any viem client of the chain.
 * @throws {InvalidInput} INVALID_RANGE; INVALID_ADDRESS: neither a grant nor account and module are given, or they
 * are not valid; INVALID_GRANT; MALFORMED_SESSION.
 * @throws {Refusal} NETWORK
 *
 * @example
 * const { events } = await sessionHistory(client, { grant, fromBlock: 23_000_000n });
 */
export async function sessionHistory(
  client: Client<Transport, Chain | undefined>,
  parameters: HistorySubject & BlockRange,
): Promise<SessionHistory> {
  const { grant } = parameters;
  const range = await resolveBlockRange(client, parameters);
  const only = grant && sessionIn(grant);
  const subject = only && grant ? { account: only.account, module: grant.module } : parameters;
  if (!subject.account || !subject.module)
    throw new InvalidInput({
      code: "INVALID_ADDRESS",
      shortMessage: "Neither a grant nor an account was passed.",
      metaMessages: ["Pass a grant, or account and module."],
    });
  const account = parseAddress(subject.account, "account");
  const module = parseAddress(subject.module, "module");
  const id = only && hashSession(only);
  const grants = only ? [only] : grantedSessions(account, module, parameters.grants ?? []);
  const first = signedTokens(grants);
  // The sessions that the chain knows are met on the way; most of them pay in USDC.
  const usdc = client.chain && usdcAddress(client.chain.id);
  if (!only && usdc && !first.some((token) => isAddressEqual(token, usdc))) first.push(usdc);
  const logs = await accountLogs(client, range, { account, module, tokens: first });
  // EpochChanged has no id: it ends every session.
  const meant = logs.events.filter(({ args }) => id === undefined || !("id" in args) || args.id === id);
  const sessions = only ? grants : knownSessions(logs.events, grants);
  const missing = signedTokens(sessions).filter((token) => !first.some((one) => isAddressEqual(one, token)));
  const others = await accountLogs(client, range, { account, tokens: missing });
  const ofTokens = [...logs.tokens, ...others.tokens];
  const times = await blockTimestamps(client, [
    ...meant,
    ...slotUses(ofTokens),
    ...permit2Transfers(sessions, ofTokens),
  ]);
  const events = meant.map((log) => eventOf(log, times.get(log.blockNumber) ?? 0));
  const settlements = [
    ...settlementEvents({ sessions, logs: ofTokens, times }),
    ...(await permit2Settlements(client, { sessions, logs: ofTokens, times })),
  ];
  return loggable({
    events: [...events, ...settlements].sort(
      (a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex,
    ),
    fromBlock: range.fromBlock,
    toBlock: range.toBlock,
  });
}

/** The sessions of grants of this account and module. */
function grantedSessions(account: Address, module: Address, grants: readonly SessionCarrier[]): Session[] {
  return grants.flatMap((grant) => {
    const session = sessionIn(grant);
    return isAddressEqual(session.account, account) && isAddressEqual(grant.module, module) ? [session] : [];
  });
}

/** Every session once: those that were enabled, and those of grants. */
function knownSessions(logs: readonly ModuleLog[], granted: readonly Session[]): Session[] {
  const known = new Map<Hex, Session>();
  for (const { eventName, args } of logs)
    if (eventName === "SessionEnabled") known.set(args.id, enabledSession(args));
  for (const session of granted) known.set(hashSession(session), session);
  return [...known.values()];
}

/** The tokens in which sessions may pay by signature, each once. */
const signedTokens = (sessions: readonly Session[]): Address[] =>
  sessions
    .flatMap(({ budgets }) => budgets)
    .filter(({ signatures }) => signatures > 0)
    .map(({ token }) => token)
    .filter((token, at, all) => all.findIndex((other) => isAddressEqual(other, token)) === at);

function eventOf(log: ModuleLog, timestamp: number): SessionEvent {
  const { blockNumber, transactionHash, logIndex } = log;
  const at = { blockNumber, timestamp, transactionHash, logIndex };
  switch (log.eventName) {
    case "SessionEnabled":
      return {
        ...at,
        type: "enabled",
        id: log.args.id,
        key: log.args.key,
        session: enabledSession(log.args),
      };
    case "SessionRevoked":
      return { ...at, type: "revoked", id: log.args.id };
    case "SessionPaused":
      return { ...at, type: log.args.paused ? "paused" : "resumed", id: log.args.id };
    case "EpochChanged":
      return { ...at, type: "epochChanged", epoch: log.args.epoch };
    case "Spent": {
      const { id, token, period, amount } = log.args;
      return { ...at, type: "executed", id, token, period, amount };
    }
  }
}
