import { PageFailure } from "../wording/PageFailure.ts";

/** Milliseconds: the agent may have to ask the chain before it says yes. */
const PATIENCE = 15_000;

/**
 * Gives an answer to the agent that waits on this machine.
 *
 * @param callback Of the request: this machine only, which the request's parser made sure of.
 * @param text The answer.
 * @throws {PageFailure} HANDBACK_FAILED: nobody answered; ANSWER_REFUSED: the agent said no, with its reason.
 */
export async function sendAnswer(callback: string, text: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch(callback, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: text,
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch (error) {
    throw new PageFailure("HANDBACK_FAILED", {}, error);
  }
  if (response.ok) return;
  const body: unknown = await response.json().catch(() => undefined);
  const message =
    typeof body === "object" && body !== null && "message" in body && typeof body.message === "string"
      ? body.message
      : `it responded with status ${response.status}`;
  throw new PageFailure("ANSWER_REFUSED", { reason: message });
}
