import { type Grant, hashSession } from "@latchkey/sdk";
import {
  type AgentRequest,
  agentFolder,
  openAgent,
  type SessionHandoff,
  type StoredRequest,
} from "@latchkey/sdk/node";
import { CommandError } from "./CommandError.ts";
import { type Connection, type ConnectParameters, connect } from "./connection.ts";
import { askFaucet } from "./dev/askFaucet.ts";
import { EXIT } from "./exitCodes.ts";
import { makeSessionFolder } from "./home.ts";
import { parseEnd, parseLimits } from "./parseLimit.ts";
import { writeSettings } from "./settings.ts";
import { UsageError } from "./UsageError.ts";

/** What the owner is asked for, as it was typed. */
export type TypedRequest = {
  /** Each as for `parseLimit`. */
  allow: readonly string[];
  until: string;
  name?: string | undefined;
  why?: string | undefined;
  account?: string | undefined;
};

/** What {@link requestGrant} takes. */
export type RequestGrantParameters = Omit<ConnectParameters, "folder"> & {
  session: string;
  /** Undefined: goes on with the request that the folder remembers. */
  asked: TypedRequest | undefined;
  /** An answer that the owner has copied from the page, to the request that the folder remembers. */
  answer?: string | undefined;
  /** Whether to wait for the answer. */
  wait: boolean;
  /** Shows the request to the owner. Not called with an answer. */
  show(handoff: SessionHandoff): void;
  signal: AbortSignal;
};

/** A session, and whether it is new. */
export type RequestedGrant = { grant: Grant; created: boolean; connection: Connection };

/**
 * Asks the owner for a session, unless there is one that can be used. On the chain of `latchkey dev`, key and account get test
 * money.
 *
 * @returns Undefined if it does not wait.
 * @throws {UsageError} A value is wrong, or there is no page.
 * @throws {CommandError} NO_REQUEST: there is nothing to go on with. INTERRUPTED
 * @throws {Refusal} DECLINED; INVALID_ANSWER; as openAgent.
 */
export async function requestGrant(parameters: RequestGrantParameters): Promise<RequestedGrant | undefined> {
  const { home, session, asked, answer, wait, show, signal } = parameters;
  if (asked) {
    // Also without a node, a wrong value is what to say first.
    parseLimits(asked.allow);
    parseEnd(asked.until);
  }
  const dir = await makeSessionFolder(home, session);
  const connection = await connect({ ...parameters, folder: dir });
  const { client, dev } = connection;
  const request = asked && requestOf(asked, connection);
  const folder = await agentFolder(dir);
  const before = await folder.grant();
  const pending = await folder.pending.read();
  if (!asked) requirePending(pending, before, answer);
  if (asked) await keepSettings(dir, parameters, connection);
  if (dev) await askFaucet(dev, (await folder.key()).address, "ether");

  const stop = new AbortController();
  const abort = () => stop.abort();
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  let isShown = false;
  let refused: unknown;
  try {
    const { grant } = await openAgent({
      dir,
      client,
      ...(request && { request }),
      resume: !asked,
      signal: stop.signal,
      onRequest(handoff) {
        if (answer !== undefined)
          return void handoff.receive(answer).catch((error: unknown) => {
            refused = error;
            abort();
          });
        show(handoff);
        isShown = true;
        if (!wait) abort();
      },
    });
    const created = !before || hashSession(before.session) !== hashSession(grant.session);
    // The session is there, with or without test money.
    if (dev && created) await askFaucet(dev, grant.session.account, "usdc").catch(() => false);
    return { grant, created, connection };
  } catch (error) {
    if (refused !== undefined) throw refused;
    if (signal.aborted)
      throw new CommandError({
        code: "INTERRUPTED",
        exitCode: EXIT.interrupted,
        message: "Interrupted.",
        whatToDo: isShown ? ["The request is kept. Go on waiting: latchkey request --resume"] : [],
      });
    if (isShown && !wait) return undefined;
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function requestOf(
  { allow, until, name, why, account }: TypedRequest,
  { settings, page, dev }: Connection,
): AgentRequest {
  if (page === undefined)
    throw new UsageError("no page is known on which the owner could answer: pass --page <url>");
  return {
    page,
    name: name ?? settings.name ?? "Agent",
    budgets: parseLimits(allow, dev?.usdc),
    until: parseEnd(until),
    ...(why === undefined ? {} : { justification: why }),
    ...(account === undefined ? {} : { account: account as `0x${string}` }),
  };
}

function requirePending(
  pending: StoredRequest | undefined,
  grant: Grant | undefined,
  answer: string | undefined,
): void {
  if (pending || (grant && answer === undefined)) return;
  throw new CommandError({
    code: "NO_REQUEST",
    exitCode: EXIT.noSession,
    message: "There is no request that waits for an answer.",
    whatToDo: ["Make one: latchkey request --allow usdc:1:20/day@0xShop --until 7d"],
  });
}

/** Keeps what was passed, so that the other commands need not be told. What `latchkey dev` has, changes with each of its runs. */
async function keepSettings(
  dir: string,
  { rpc, page, asked }: RequestGrantParameters,
  { settings }: Connection,
): Promise<void> {
  const { name } = asked ?? {};
  const passed = {
    ...(rpc === undefined ? {} : { rpc }),
    ...(page === undefined ? {} : { page }),
    ...(name === undefined ? {} : { name }),
  };
  if (Object.keys(passed).length > 0) await writeSettings(dir, { ...settings, ...passed });
}
