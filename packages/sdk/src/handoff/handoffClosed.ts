import { Refusal } from "../errors/Refusal.ts";

/** The refusal of an answer that nobody waits for. */
export const handoffClosed = (shortMessage: string, cause?: unknown) =>
  new Refusal({
    code: "HANDOFF_CLOSED",
    shortMessage,
    metaMessages: ["Ask anew by requestSession: every request is answered once."],
    cause,
  });
