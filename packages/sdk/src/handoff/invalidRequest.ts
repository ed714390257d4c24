import { InvalidInput } from "../errors/InvalidInput.ts";

/** For whoever reads a request that somebody else made. */
const READ = "Have nothing signed for it: the agent has to make another request.";

/**
 * The refusal of a request that cannot be read or cannot become a session.
 *
 * @param shortMessage What is wrong; never the request's own words, which are a stranger's.
 * @param faults Where and what, if there is more to say.
 * @param advice What the developer can do about it. Default: for whoever reads a request, and did not make it.
 */
export const invalidRequest = (shortMessage: string, faults: readonly string[] = [], advice = READ) =>
  new InvalidInput({
    code: "INVALID_REQUEST",
    shortMessage,
    metaMessages: [advice, ...faults],
    details: { faults },
  });
