import { Refusal } from "../errors/Refusal.ts";

/** The owner's no. */
export const declined = () =>
  new Refusal({
    code: "DECLINED",
    shortMessage: "The owner declined the request.",
    metaMessages: ["Do not ask again unbidden."],
  });
