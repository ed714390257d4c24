import type { Hash } from "viem";
import { Refusal, type RefusalDetails } from "./Refusal.ts";

/** The refusal for a transaction that may or may not have been sent, as the connection failed in between. */
export const outcomeUnknown = (details: RefusalDetails & { hash?: Hash }, cause: unknown): Refusal =>
  new Refusal({
    code: "OUTCOME_UNKNOWN",
    shortMessage: "The connection failed while the transaction was being sent, so it may have been sent.",
    metaMessages: [
      details.hash
        ? `Look for the transaction ${details.hash} before you send another, or it may happen twice.`
        : "Check the sender's latest transactions before you send another, or it may happen twice.",
    ],
    details,
    cause,
  });
