import { InvalidGrant } from "../errors/InvalidGrant.ts";

/**
 * The refusal of an answer that is not what was asked for.
 *
 * @param shortMessage What is wrong.
 * @param faults Where and what, if there is more to say.
 */
export const invalidAnswer = (shortMessage: string, faults: readonly string[] = [], cause?: unknown) =>
  new InvalidGrant({
    code: "INVALID_ANSWER",
    shortMessage,
    metaMessages: ["Use nothing of it. Copy the whole answer from the page, or ask anew.", ...faults],
    details: { faults },
    cause,
  });
