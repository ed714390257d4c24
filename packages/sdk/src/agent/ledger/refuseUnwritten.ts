import { isRefusal } from "../../errors/isRefusal.ts";
import { Refusal } from "../../errors/Refusal.ts";

/** Why a movement is not sent: its first line cannot be written. */
export const refuseUnwritten = (cause: unknown) =>
  isRefusal(cause)
    ? cause
    : new Refusal({
        code: "STORE",
        shortMessage: "The ledger cannot be written.",
        metaMessages: ["Nothing was sent. Repeat the request once the ledger works."],
        cause,
      });
