import { join } from "node:path";
import { isRefusal, verifyGrant } from "@latchkey/sdk";
import {
  type HandoffRequest,
  handoffCode,
  handoffLink,
  keyFingerprint,
  parseHandoffAnswer,
  serializeHandoffAnswer,
} from "@latchkey/sdk/handoff";
import {
  type AgentFolder,
  requestSession,
  type SessionHandoff,
  type SessionHandoffParameters,
  settlePending,
  writePrivateFile,
} from "@latchkey/sdk/node";
import type { Address, Chain, Client, Transport } from "viem";
import * as z from "zod";
import type { AgentToolsOptions } from "./AgentSource.ts";
import { linkOf, noPage, type OwnersLink } from "./ownersLink.ts";
import { readPrivate } from "./privateFile.ts";
import { ToolFailure } from "./ToolRefusal.ts";

/** Most requests of an hour. */
const MOST_ASKED = 3;
const HOUR = 3_600_000;
/** Milliseconds for which an owner who declined is left alone. */
const REST = 24 * HOUR;
/** Milliseconds for the process that waits for an answer to show that it does. */
const PATIENCE = 2000;

/** What the owner is asked for. */
export type Wanted = Pick<SessionHandoffParameters, "budgets" | "until"> & { justification?: string };

/** Requests to the owner: one at a time, few an hour, and none for a day after one was declined. */
export type SessionRequests = {
  /**
   * Asks the owner, and returns at once: the answer is awaited in the background.
   * @throws {ToolFailure} NO_PAGE, REQUEST_OPEN, ASKED_TOO_OFTEN, DECLINED, SESSION_ACTIVE
   */
  ask(wanted: Wanted): Promise<OwnersLink & { isNew: boolean }>;
  /** Takes an answer that the owner has copied from the page. */
  receive(text: string): Promise<void>;
  /** Why there is no session, and what is under way. */
  noSession(): Promise<ToolFailure>;
  /** Waits for an answer that has arrived and is being settled. */
  settling(): Promise<void>;
  /** Stops waiting for answers. */
  close(): Promise<void>;
};

const memorySchema = z.object({
  version: z.literal(1),
  /** Unix time in milliseconds. */
  asked: z.array(z.number()),
  declinedAt: z.number().optional(),
});
type Memory = z.infer<typeof memorySchema>;

export function sessionRequests(source: {
  options(): Promise<AgentToolsOptions>;
  client(): Promise<Client<Transport, Chain | undefined>>;
  folder(): Promise<AgentFolder>;
  existingFolder(): Promise<AgentFolder | undefined>;
}): SessionRequests {
  let open: { wanted: string; handoff: SessionHandoff; kept: Promise<void> } | undefined;
  let settling: Promise<void> = Promise.resolve();
  let queue: Promise<unknown> = Promise.resolve();
  /** One after another: two at once would both find that nothing is open. */
  const inTurn = <result>(work: () => Promise<result>): Promise<result> => {
    const turn = queue.then(work);
    queue = turn.catch(() => {});
    return turn;
  };

  async function ask(wanted: Wanted): Promise<OwnersLink & { isNew: boolean }> {
    const { page, name = "Agent", account, callback } = await source.options();
    if (!page) throw noPage();
    const client = await source.client();
    const folder = await source.folder();
    await settling;
    const text = JSON.stringify(wanted, (_, value) => (typeof value === "bigint" ? `${value}` : value));
    if (open) {
      if (open.wanted === text) return { ...linkOf(open.handoff), isNew: false };
      throw requestOpen(linkOf(open.handoff));
    }
    const stored = await folder.pending.read();
    if (stored && stored.answer === undefined && (await isAwaited(stored.request)))
      throw requestOpen(storedLink(stored));
    await requireOver(folder, client);
    const memory = await readMemory(folder);
    requirePatience(memory);
    const key = await folder.key();
    let saved = Promise.resolve();
    const handoff = await requestSession({
      ...wanted,
      client,
      key,
      page,
      name,
      ...(account !== undefined && { account }),
      ...(callback !== undefined && { callback }),
      async keepAnswer(answer, request) {
        await saved;
        await folder.pending.save({ request, page, answer: serializeHandoffAnswer(answer, request) });
      },
    });
    saved = Promise.all([
      folder.pending.save({ request: handoff.request, page }),
      writeMemory(folder, { ...memory, asked: [...memory.asked, Date.now()] }),
    ]).then(() => {});
    await saved.catch(async (error: unknown) => {
      await handoff.close();
      throw error;
    });
    const kept = handoff.answer
      .then(
        async (grant) => {
          await folder.saveGrant(grant);
          await folder.pending.clear();
        },
        async (error: unknown) => {
          // Any other answer waits in the folder: the next call tries to settle it.
          if (isRefusal(error, "DECLINED")) await noteDecline(folder);
        },
      )
      .catch((error: unknown) => console.error("The owner's answer could not be stored.", error))
      .finally(() => {
        if (open === own) open = undefined;
      });
    const own = { wanted: text, handoff, kept };
    open = own;
    const isAnswered = () => {
      settling = kept;
    };
    handoff.received.then(isAnswered, isAnswered);
    return { ...linkOf(handoff), isNew: true };
  }

  async function receive(text: string): Promise<void> {
    const folder = await source.folder();
    const client = await source.client();
    if (open) {
      const { handoff, kept } = open;
      await handoff.receive(text);
      await handoff.answer.finally(() => kept);
      return;
    }
    const stored = await folder.pending.read();
    if (!stored)
      throw new ToolFailure({
        code: "INVALID_ANSWER",
        message: "No request is open, so there is nothing to answer.",
        whatToDo: ["Call request_session without `answer` first."],
        retryable: false,
      });
    const answer = parseHandoffAnswer(text, stored.request);
    if (answer.status === "declined") {
      await noteDecline(folder);
      return;
    }
    await folder.pending.save({ ...stored, answer: serializeHandoffAnswer(answer, stored.request) });
    await settlePending(folder, client);
  }

  async function noSession(): Promise<ToolFailure> {
    await settling;
    const folder = await source.existingFolder();
    const stored = await folder?.pending.read();
    const declinedAt = folder && (await readMemory(folder)).declinedAt;
    if (stored && stored.answer === undefined) {
      const isHeard = open !== undefined || (await isAwaited(stored.request));
      return new ToolFailure({
        code: "NO_SESSION",
        message: isHeard
          ? "There is no session yet: the owner has not answered the request."
          : "There is no session, and the request from before the restart is no longer listened to.",
        whatToDo: isHeard
          ? ["Show the user `link`, and call again once the owner has answered."]
          : [
              "Call request_session for a new link. If the owner has already answered, pass the text that the page shows as `answer`.",
            ],
        retryable: isHeard,
        ...storedLink(stored),
      });
    }
    return new ToolFailure({
      code: "NO_SESSION",
      message:
        declinedAt && declinedAt + REST > Date.now()
          ? "There is no session: the owner declined the request."
          : "There is no session: the owner has not allowed this agent to spend.",
      whatToDo: declinedAt
        ? ["Go on without paying, or tell the user."]
        : ["Call request_session: it makes a link with which the owner can allow one."],
      retryable: false,
    });
  }

  return {
    ask: (wanted) => inTurn(() => ask(wanted)),
    receive: (text) => inTurn(() => receive(text)),
    noSession,
    settling: () => settling,
    async close() {
      await open?.handoff.close();
    },
  };
}

const storedLink = ({ request, page }: { request: HandoffRequest; page: string }): OwnersLink => ({
  link: handoffLink(page, request),
  confirmationCode: handoffCode(request),
  fingerprint: keyFingerprint(request.permissions[0]?.to as Address),
});

const requestOpen = (link: OwnersLink) =>
  new ToolFailure({
    code: "REQUEST_OPEN",
    message: "The owner has a request that is not answered yet; there is only one at a time.",
    whatToDo: ["Show the user `link`, and wait for the answer."],
    retryable: true,
    ...link,
  });

/** Whether a process still waits for the answer to a request: it rejects others than its page, at the right path. */
async function isAwaited({ callback }: HandoffRequest): Promise<boolean> {
  if (!callback) return false;
  try {
    const answer = await fetch(callback, { signal: AbortSignal.timeout(PATIENCE) });
    return answer.status === 403;
  } catch {
    return false;
  }
}

/** @throws {ToolFailure} SESSION_ACTIVE: a second session would add its limits to those of the first. */
async function requireOver(folder: AgentFolder, client: Client<Transport, Chain | undefined>): Promise<void> {
  const grant = await folder.grant();
  if (!grant) return;
  const verdict = await verifyGrant(client, grant);
  const code = verdict.valid ? "NOT_YET_VALID" : verdict.reason.code;
  if (["EXPIRED", "REVOKED", "WRONG_EPOCH", "NOT_GRANTED", "MODULE_NOT_ENABLED"].includes(code)) return;
  if (!verdict.valid && !["NOT_YET_VALID", "PAUSED", "APPROVAL"].includes(code)) throw verdict.reason;
  throw new ToolFailure({
    code: "SESSION_ACTIVE",
    message:
      code === "PAUSED"
        ? "There is a session, which its owner has paused."
        : "There is a session. Its limits are in get_limits.",
    whatToDo:
      code === "PAUSED"
        ? ["Wait until the owner resumes it at the page."]
        : ["If a payment was refused for its limits, request_more can ask the owner about it."],
    retryable: false,
  });
}

/** @throws {ToolFailure} */
function requirePatience({ asked, declinedAt }: Memory): void {
  const now = Date.now();
  if (declinedAt !== undefined && declinedAt + REST > now)
    throw new ToolFailure({
      code: "DECLINED",
      message: "The owner declined the last request, so none is made for a day.",
      whatToDo: ["Go on without paying. A person can ask again with `latchkey request`."],
      retryable: false,
      retryAt: new Date(declinedAt + REST).toISOString(),
    });
  const recent = asked.filter((at) => at > now - HOUR);
  if (recent.length >= MOST_ASKED)
    throw new ToolFailure({
      code: "ASKED_TOO_OFTEN",
      message: `The owner was asked ${MOST_ASKED} times in the last hour.`,
      whatToDo: ["Wait until `retryAt`, and ask only if the user wants it."],
      retryable: true,
      retryAt: new Date(Math.min(...recent) + HOUR).toISOString(),
    });
}

const memoryPath = (folder: AgentFolder) => join(folder.dir, "asked.json");

async function readMemory(folder: AgentFolder): Promise<Memory> {
  const text = await readPrivate(memoryPath(folder));
  if (text === undefined) return { version: 1, asked: [] };
  try {
    return memorySchema.parse(JSON.parse(text));
  } catch {
    // Damaged: as if the owner had just been asked as often as is allowed.
    const memory: Memory = { version: 1, asked: Array.from({ length: MOST_ASKED }, () => Date.now()) };
    await writeMemory(folder, memory);
    return memory;
  }
}

async function writeMemory(folder: AgentFolder, memory: Memory): Promise<void> {
  const asked = memory.asked.filter((at) => at > Date.now() - HOUR);
  await writePrivateFile(memoryPath(folder), `${JSON.stringify({ ...memory, asked })}\n`, { replace: true });
}

async function noteDecline(folder: AgentFolder): Promise<void> {
  await writeMemory(folder, { ...(await readMemory(folder)), declinedAt: Date.now() });
  await folder.pending.clear();
}
