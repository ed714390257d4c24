import { InvalidInput } from "../errors/InvalidInput.ts";

/** What is wrong with a grant file. */
export const grantFileError = (path: string, what: string, metaMessage: string, cause?: unknown) =>
  new InvalidInput({
    code: "GRANT_FILE",
    shortMessage: `The grant file ${path} ${what}.`,
    metaMessages: [metaMessage],
    details: { path },
    cause,
  });
