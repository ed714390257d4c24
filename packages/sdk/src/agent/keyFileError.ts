import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * What is wrong with a key file. Its contents never stand in it: errors are logged.
 *
 * @param cause Only an error that cannot quote the contents.
 */
export const keyFileError = (path: string, what: string, metaMessage: string, cause?: unknown) =>
  new InvalidInput({
    code: "KEY_FILE",
    shortMessage: `The key file ${path} ${what}.`,
    metaMessages: [metaMessage],
    details: { path },
    cause,
  });
