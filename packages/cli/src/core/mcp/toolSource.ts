import type { AgentToolsOptions } from "@latchkey/agent-tools";
import { readSettings } from "../settings.ts";

/** What was given for the server as a whole. */
export type ToolSourceParameters = {
  /** Of the session. */
  folder: string;
  rpc?: string | undefined;
  page?: string | undefined;
  name?: string | undefined;
};

/**
 * What the tools work with, read at each call: so `latchkey request` may set a session up while a host is already running the
 * server. Damaged settings are left out here, and the tools say what is missing.
 */
export async function toolSource({
  folder,
  rpc,
  page,
  name,
}: ToolSourceParameters): Promise<AgentToolsOptions> {
  const settings = await readSettings(folder);
  const found = { rpc: rpc ?? settings.rpc, page: page ?? settings.page, name: name ?? settings.name };
  return {
    dir: folder,
    ...(found.rpc !== undefined && { rpc: found.rpc }),
    ...(found.page !== undefined && { page: found.page }),
    ...(found.name !== undefined && { name: found.name }),
  };
}
