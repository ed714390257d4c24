import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * What is wrong with a key file. It never contains the file's contents, as errors are logged.
 *
 * @param cause Must not quote the contents.
 */
export const keyFileError = (path: string, what: string, metaMessage: string, cause?: unknown) =>
  new InvalidInput({
    code: "KEY_FILE",
    shortMessage: `The key file ${path} ${what}.`,
    metaMessages: [metaMessage],
    details: { path },
    cause,
  });
