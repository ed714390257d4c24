import { join } from "node:path";
import { pathExists } from "@latchkey/agent-tools";
import { keyFingerprint } from "@latchkey/sdk/handoff";
import { ensureKey } from "@latchkey/sdk/node";
import type { Address } from "viem";
import { makeSessionFolder } from "./home.ts";

/** A session's key, as it may be shown. */
export type ShownKey = {
  address: Address;
  /** What the page shows for comparison. */
  fingerprint: string;
  /** Where the key is kept. */
  file: string;
  /** Whether it is new. */
  created: boolean;
};

/** The key of a session: created if there is none. The key itself is not in the result. */
export async function createKey(home: string, session: string): Promise<ShownKey> {
  const file = join(await makeSessionFolder(home, session), "key.json");
  const created = !(await pathExists(file));
  const { address } = await ensureKey(file);
  return { address, fingerprint: keyFingerprint(address), file, created };
}
