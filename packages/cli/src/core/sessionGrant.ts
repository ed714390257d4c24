import { pathExists } from "@latchkey/agent-tools";
import { type Grant, isRefusal, type Refusal } from "@latchkey/sdk";
import { type AgentFolder, agentFolder, type StoredRequest } from "@latchkey/sdk/node";
import { CommandError } from "./CommandError.ts";
import { EXIT } from "./exitCodes.ts";

/** What to type for a session. */
export const HOW_TO_ASK = "Ask for one: latchkey request --allow usdc:1:20/day@0xShop --until 7d";

/** A session of which there is a grant, whether it can be used or not. */
export type GrantedFolder = { folder: AgentFolder; grant: Grant };

/**
 * The grant of a session, also of one that is over. Creates nothing.
 *
 * @throws {CommandError} NOT_GRANTED: there is none.
 */
export async function sessionGrant(path: string): Promise<GrantedFolder> {
  const { folder, grant, pending } = await look(path);
  if (!folder || !grant) throw noSession(path, pending);
  return { folder, grant };
}

/**
 * Creates nothing.
 *
 * @throws {CommandError} NOT_GRANTED: there is neither a grant, nor an answer that could become one.
 */
export async function requireSession(path: string): Promise<void> {
  const { grant, pending } = await look(path);
  if (!grant && pending?.answer === undefined) throw noSession(path, pending);
}

async function look(
  path: string,
): Promise<{ folder?: AgentFolder; grant?: Grant | undefined; pending?: StoredRequest | undefined }> {
  // agentFolder would create it.
  if (!(await pathExists(path))) return {};
  const folder = await agentFolder(path);
  return { folder, grant: await folder.grant(), pending: await folder.pending.read() };
}

function noSession(path: string, pending: StoredRequest | undefined): CommandError {
  const [message, advice] = !pending
    ? ["There is no session.", HOW_TO_ASK]
    : pending.answer === undefined
      ? [
          "There is no session: its owner has not answered yet.",
          "See the link, and wait for the answer: latchkey request --resume",
        ]
      : [
          "There is no session: the owner's answer is not settled yet.",
          "Try again to settle it: latchkey request --resume",
        ];
  return new CommandError({
    code: "NOT_GRANTED",
    exitCode: EXIT.noSession,
    message,
    whatToDo: [advice],
    details: { folder: path },
  });
}

/** The refusals with which a session is over. */
const OVER = ["EXPIRED", "REVOKED", "WRONG_EPOCH", "NOT_GRANTED"] as const;

/** What was thrown, with the command that helps where a session is over. */
export function withAdvice(error: unknown): unknown {
  if (!OVER.some((code) => isRefusal(error, code))) return error;
  const { code, shortMessage, details } = error as Refusal;
  return new CommandError({
    code,
    exitCode: EXIT.noSession,
    message: shortMessage,
    whatToDo: [HOW_TO_ASK],
    details,
    cause: error,
  });
}
