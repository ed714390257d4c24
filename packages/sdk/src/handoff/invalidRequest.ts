import { InvalidInput } from "../errors/InvalidInput.ts";

/** For the reader of someone else's request. */
const READ = "Do not sign it. The agent must create a new request.";

/**
 * The refusal of a request that cannot be read or cannot become a session.
 *
 * @param shortMessage What is wrong; never the request's own words, which are untrusted.
 * @param faults The path and the fault of each, if there are several.
 * @param advice What the developer can do about it. Default: for the reader of someone else's request.
 */
export const invalidRequest = (shortMessage: string, faults: readonly string[] = [], advice = READ) =>
  new InvalidInput({
    code: "INVALID_REQUEST",
    shortMessage,
    metaMessages: [advice, ...faults],
    details: { faults },
  });
