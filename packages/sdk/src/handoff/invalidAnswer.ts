import { InvalidGrant } from "../errors/InvalidGrant.ts";

/**
 * The refusal of an answer that does not match the request.
 *
 * @param shortMessage What is wrong.
 * @param faults The path and the fault of each, if there are several.
 */
export const invalidAnswer = (shortMessage: string, faults: readonly string[] = [], cause?: unknown) =>
  new InvalidGrant({
    code: "INVALID_ANSWER",
    shortMessage,
    metaMessages: ["Discard it. Copy the whole answer from the page, or create a new request.", ...faults],
    details: { faults },
    cause,
  });
