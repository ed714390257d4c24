import { InvalidInput } from "../errors/InvalidInput.ts";

/** What is wrong with an agent's folder. */
export const folderError = (path: string, what: string, metaMessage: string, cause?: unknown) =>
  new InvalidInput({
    code: "FOLDER",
    shortMessage: `The agent's folder ${path} ${what}.`,
    metaMessages: [metaMessage],
    details: { path },
    cause,
  });
