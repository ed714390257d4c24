import { Writable } from "node:stream";
import type { Grant } from "@latchkey/sdk";
import type { SessionHandoff } from "@latchkey/sdk/node";
import { CommandError } from "./CommandError.ts";
import type { ConnectParameters } from "./connection.ts";
import { EXIT } from "./exitCodes.ts";
import { type KeptRefusal, lastRefusal } from "./lastRefusal.ts";
import { openSession } from "./openSession.ts";
import { parseEnd } from "./parseLimit.ts";
import { UsageError } from "./UsageError.ts";

/** What {@link askMore} takes. */
export type AskMoreParameters = ConnectParameters & {
  /** `payment`: for the refused payment alone. `session`: a wider session in place of the present one. */
  scope: "payment" | "session";
  until?: string | undefined;
  why?: string | undefined;
  /** Whether a person wants it although the owner has declined the same. */
  askAgain: boolean;
  /** Shows the request to the owner. */
  show(handoff: SessionHandoff, refusal: KeptRefusal): void;
  signal: AbortSignal;
};

/**
 * Asks the owner for what the session has refused last, and waits for the answer.
 *
 * @throws {CommandError} NOTHING_REFUSED, INTERRUPTED; as openSession.
 * @throws {UsageError} No page is known.
 * @throws {Refusal} As requestMore of an agent: DECLINED, ASKED_TOO_OFTEN…
 */
export async function askMore(parameters: AskMoreParameters): Promise<Grant> {
  const { folder, scope, until, why, askAgain, show, signal } = parameters;
  const end = until === undefined ? {} : { until: parseEnd(until) };
  const { agent, page, settings } = await openSession(parameters);
  const refusal = await lastRefusal(folder);
  if (page === undefined)
    throw new UsageError("no page is known on which the owner could answer: pass --page <url>");
  try {
    const handoff = await agent.requestMore(refusal, {
      for: scope,
      ...end,
      page,
      name: settings.name ?? "Agent",
      ...(why === undefined ? {} : { justification: why }),
      askAgain,
      signal,
      output: nowhere(),
    });
    try {
      show(handoff, refusal);
      return await handoff.answer;
    } finally {
      await handoff.close();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CommandError({
      code: "INTERRUPTED",
      exitCode: EXIT.interrupted,
      message: "Interrupted. Nobody waits for the owner's answer any more.",
      whatToDo: ["Ask again: latchkey more"],
    });
  }
}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
