import { PageFailure } from "../wording/PageFailure.ts";

/** Milliseconds. The agent may have to query the chain before it accepts. */
const PATIENCE = 15_000;

/**
 * Sends a response to the agent waiting on this machine.
 *
 * @param callback The request's callback, which the parser restricts to this machine.
 * @param text The answer.
 * @throws {PageFailure} HANDBACK_FAILED: no response; ANSWER_REFUSED: the agent rejected it, with its reason.
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
