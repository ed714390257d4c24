import * as z from "zod/mini";
import { parseJson } from "../errors/json.ts";
import type { HandoffRequest } from "../handoff/HandoffRequest.ts";
import { parseHandoffRequest } from "../handoff/parseHandoffRequest.ts";
import { writePrivateFile } from "../internal/writePrivateFile.ts";
import { folderError } from "./folderError.ts";

/** A request to the owner, and what has come of it. */
export type StoredRequest = {
  request: HandoffRequest;
  /** Of the page that the link opens. */
  page: string;
  /** The owner's answer as text, while its transactions are not mined: nobody has to be asked again. */
  answer?: string;
};

/** What remembers one request, so that a restart does not lose an owner's answer. */
export type PendingRequest = {
  /** Undefined if there is none. @throws {InvalidInput} FOLDER: the file is damaged. */
  read(): Promise<StoredRequest | undefined>;
  /** Replaces an earlier request. @throws {InvalidInput} FOLDER: it cannot be written. */
  save(stored: StoredRequest): Promise<void>;
  /** Forgets the request. */
  clear(): Promise<void>;
};

const FORMAT = "latchkey-request";
const storedSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  page: z.string(),
  request: z.unknown(),
  answer: z.optional(z.string()),
});

/** The request in the file `request.json` of an agent's folder. */
export function pendingRequest(dir: string): PendingRequest {
  const path = async () => (await import("node:path")).join(dir, "request.json");
  return {
    async read() {
      const { readFile } = await import("node:fs/promises");
      const text = await readFile(await path(), "utf8").catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === "ENOENT") return undefined;
        throw folderError(dir, "has a request.json that cannot be read", "Check its owner and mode.", cause);
      });
      if (text === undefined) return undefined;
      try {
        const { page, request, answer } = storedSchema.parse(parseJson(text));
        return {
          page,
          request: parseHandoffRequest(JSON.stringify(request)),
          ...(answer === undefined ? {} : { answer }),
        };
      } catch (cause) {
        throw folderError(
          dir,
          "has a request.json that is damaged",
          "Remove the file, and ask the owner again.",
          cause,
        );
      }
    },
    async save({ request, page, answer }) {
      const text = JSON.stringify({
        format: FORMAT,
        version: 1,
        page,
        request,
        ...(answer === undefined ? {} : { answer }),
      });
      try {
        await writePrivateFile(await path(), `${text}\n`, { replace: true });
      } catch (cause) {
        throw folderError(dir, "cannot be written", "Check the disk and your permissions.", cause);
      }
    },
    async clear() {
      const { rm } = await import("node:fs/promises");
      await rm(await path(), { force: true }).catch((cause: unknown) => {
        throw folderError(dir, "cannot be written", "Check the disk and your permissions.", cause);
      });
    },
  };
}
