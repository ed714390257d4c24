import { Refusal } from "../errors/Refusal.ts";

/** The refusal of an answer that is no longer awaited. */
export const handoffClosed = (shortMessage: string, cause?: unknown) =>
  new Refusal({
    code: "HANDOFF_CLOSED",
    shortMessage,
    metaMessages: ["Create a new request with requestSession: each request is answered once."],
    cause,
  });
