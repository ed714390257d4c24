import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * The refusal of a request that cannot be read or cannot become a session.
 *
 * @param shortMessage What is wrong; never the request's own words, which are a stranger's.
 * @param faults Where and what, if there is more to say.
 */
export const invalidRequest = (shortMessage: string, faults: readonly string[] = []) =>
  new InvalidInput({
    code: "INVALID_REQUEST",
    shortMessage,
    metaMessages: ["Allow nothing. Ask the agent for a new link.", ...faults],
    details: { faults },
  });
