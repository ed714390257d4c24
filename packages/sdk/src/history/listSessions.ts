import { type Address, type Chain, type Client, type Hex, isAddressEqual, type Transport } from "viem";
import { loggable } from "../errors/json.ts";
import { sessionModuleAbi } from "../generated/abis/sessionModuleAbi.ts";
import type { SessionCarrier } from "../grant/SessionCarrier.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { sharedAggregatingClient } from "../internal/aggregatingClient.ts";
import { readContract } from "../internal/chainActions.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseList } from "../internal/parseList.ts";
import { type BlockRange, resolveBlockRange } from "../internal/readLogs.ts";
import { hashSession } from "../session/hashSession.ts";
import type { Session } from "../session/Session.ts";
import { readStateAndPause, type SessionState } from "../session/sessionState.ts";
import { accountLogs } from "./accountLogs.ts";
import { enabledSession } from "./enabledSession.ts";

/** A session of an account, and its status. */
export type ListedSession = {
  id: Hex;
  session: Session;
  state: SessionState;
  /** Whether the account has paused it. */
  paused: boolean;
  /** Whether the account still has the session's epoch. */
  epochCurrent: boolean;
  /**
   * Whether it may still be used, now or later: not revoked, not expired, of the current epoch. A paused one may be
   * resumed. A session that is UNKNOWN
   * also needs its grant, which {@link verifyGrant} checks.
   */
  alive: boolean;
  /** Where it was enabled; undefined for one that is only known from its grant file. */
  enabled: { blockNumber: bigint; transactionHash: Hex } | undefined;
};

/**
 * Lists the sessions of an account: those that the chain saw enabled within the range, and those whose grant files are
 * given.
 *
 * The chain alone cannot list them all. A session whose grant was never used, or was used by signature alone (x402),
 * leaves no event of the module: keep the grant files. {@link encodeRevokeAll} also revokes forgotten ones.
 *
 * @param client Any viem client of the chain.
 * @param parameters.grants Grants or proposals that are known; those of other accounts or modules are left out.
 * @returns Oldest first, those that only a grant file knows at the end.
 * @throws {InvalidInput} INVALID_RANGE; INVALID_ADDRESS; INVALID_INPUT; INVALID_GRANT; MALFORMED_SESSION.
 * @throws {Refusal} NETWORK
 */
export async function listSessions(
  client: Client<Transport, Chain | undefined>,
  parameters: { account: Address; module: Address; grants?: readonly SessionCarrier[] } & BlockRange,
): Promise<ListedSession[]> {
  const account = parseAddress(parameters.account, "account");
  const module = parseAddress(parameters.module, "module");
  const grants = parseList(parameters.grants ?? [], "grants", (grant) => ({
    session: sessionIn(grant),
    module: parseAddress(grant.module, "module"),
  }));
  const range = await resolveBlockRange(client, parameters);
  const { events: logs } = await accountLogs(client, range, {
    account,
    module,
    eventNames: ["SessionEnabled"],
  });
  const found = new Map<Hex, Pick<ListedSession, "session" | "enabled">>();
  for (const { eventName, args, blockNumber, transactionHash } of logs)
    if (eventName === "SessionEnabled" && !found.has(args.id))
      found.set(args.id, { session: enabledSession(args), enabled: { blockNumber, transactionHash } });
  for (const grant of grants) {
    const { session } = grant;
    const id = hashSession(session);
    if (!isAddressEqual(session.account, account) || !isAddressEqual(grant.module, module)) continue;
    if (!found.has(id)) found.set(id, { session, enabled: undefined });
  }
  const together = sharedAggregatingClient(client);
  const [now, epoch, ...standings] = await Promise.all([
    together.chainTime(),
    readContract(together, {
      address: module,
      abi: sessionModuleAbi,
      functionName: "epochOf",
      args: [account],
    }),
    ...[...found.keys()].map((id) => readStateAndPause(together, { module, id, account })),
  ]);
  return [...found].map(([id, { session, enabled }], place): ListedSession => {
    const { state, paused } = standings[place] as (typeof standings)[number];
    const epochCurrent = epoch === session.epoch;
    const isOver = now >= session.validUntil;
    return loggable({
      id,
      session,
      state,
      paused,
      epochCurrent,
      alive: state !== "REVOKED" && epochCurrent && !isOver,
      enabled,
    });
  });
}
