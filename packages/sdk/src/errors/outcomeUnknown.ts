import type { Hash } from "viem";
import { Refusal, type RefusalDetails } from "./Refusal.ts";

/** The refusal for a transaction of which it is not known whether it was sent: the connection failed in between. */
export const outcomeUnknown = (details: RefusalDetails & { hash?: Hash }, cause: unknown): Refusal =>
  new Refusal({
    code: "OUTCOME_UNKNOWN",
    shortMessage: "The connection failed while the transaction was on its way: it may have been sent.",
    metaMessages: [
      details.hash
        ? `Look for the transaction ${details.hash} before doing it again, or it may happen twice.`
        : "Look at the sender's latest transactions before doing it again, or it may happen twice.",
    ],
    details,
    cause,
  });
