import { Refusal } from "../errors/Refusal.ts";

/** The owner declined. */
export const declined = () =>
  new Refusal({
    code: "DECLINED",
    shortMessage: "The owner declined the request.",
    metaMessages: ["Do not ask again unless the owner wants you to."],
  });
