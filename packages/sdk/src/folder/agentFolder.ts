import type { PrivateKeyAccount } from "viem/accounts";
import { ensureKey } from "../agent/ensureKey.ts";
import { fileLedger } from "../agent/ledger/fileLedger.ts";
import type { Ledger } from "../agent/ledger/Ledger.ts";
import { readGrantFile } from "../agent/readGrantFile.ts";
import { writeGrantFile } from "../agent/writeGrantFile.ts";
import { filePaymentStore } from "../agent/x402/filePaymentStore.ts";
import type { PaymentStore } from "../agent/x402/PaymentStore.ts";
import { hasCause } from "../errors/causes.ts";
import type { Grant } from "../grant/Grant.ts";
import { folderError } from "./folderError.ts";
import { type MoreRequests, moreRequests } from "./moreRequests.ts";
import { type PendingRequest, pendingRequest } from "./pendingRequest.ts";
import { prepareFolder } from "./prepareFolder.ts";

/** What one agent keeps: one folder for one key and its session. Several processes on one machine may share it. */
export type AgentFolder = {
  /** Its path. */
  dir: string;
  /** The key, in `key.json`; created at the first call. @throws {InvalidInput} KEY_FILE */
  key(): Promise<PrivateKeyAccount>;
  /** The grant, in `grant.json`; undefined if there is none. @throws {Refusal} GRANT_FILE, INVALID_GRANT */
  grant(): Promise<Grant | undefined>;
  /** Replaces the grant. @throws {InvalidInput} GRANT_FILE */
  saveGrant(grant: Grant): Promise<void>;
  /** The slots in flight and the payments of purchases, in `payments.jsonl`. */
  store: PaymentStore;
  /** What the agent moved, in `ledger.jsonl`. */
  ledger: Ledger;
  /** The request that its owner has not answered, or whose answer is not settled yet, in `request.json`. */
  pending: PendingRequest;
  /** What its owner was asked for beyond the session, and has allowed, in `more.json`. */
  more: MoreRequests;
};

/**
 * Opens the folder of one agent, and creates it if it is missing: mode 0700, its files 0600. A folder that other users can
 * enter, or that a later version has written, is refused, so that two versions side by side lose nothing.
 *
 * Node only, so it has its own entry point: `import { agentFolder } from "@latchkey/sdk/node"`.
 *
 * @param dir Its path, on a local disk.
 * @throws {InvalidInput} FOLDER
 *
 * @example
 * const folder = await agentFolder("agent");
 * const key = await folder.key();
 */
export async function agentFolder(dir: string): Promise<AgentFolder> {
  const { resolve, join } = await import("node:path");
  if (typeof dir !== "string" || dir === "")
    throw folderError(String(dir), "has no name", "Pass the path of a folder, which may be missing.");
  const path = resolve(dir);
  await prepareFolder(path);
  const grantPath = join(path, "grant.json");
  return {
    dir: path,
    key: () => ensureKey(join(path, "key.json")),
    async grant() {
      try {
        return await readGrantFile(grantPath);
      } catch (error) {
        if (hasCause(error, (cause) => (cause as NodeJS.ErrnoException).code === "ENOENT")) return undefined;
        throw error;
      }
    },
    saveGrant: (grant) => writeGrantFile(grantPath, grant),
    store: filePaymentStore(join(path, "payments.jsonl")),
    ledger: fileLedger(join(path, "ledger.jsonl")),
    pending: pendingRequest(path),
    more: moreRequests(path),
  };
}
