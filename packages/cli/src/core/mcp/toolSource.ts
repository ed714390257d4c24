import type { AgentToolsOptions } from "@latchkey/agent-tools";
import { agentFolder } from "@latchkey/sdk/node";
import { readDevOf } from "../dev/devFile.ts";
import { fundAgent } from "../dev/fundAgent.ts";
import { readSettings } from "../settings.ts";

/** What was given for the server as a whole. */
export type ToolSourceParameters = {
  /** Where `latchkey dev` says what it serves. */
  home: string;
  /** Of the session. */
  folder: string;
  rpc?: string | undefined;
  page?: string | undefined;
  name?: string | undefined;
};

/**
 * What the tools work with, read at each call: so `latchkey request` may set a session up while a host is already running the
 * server. While `latchkey dev` runs, its chain, page and test money are the default. Damaged settings are left out here, and the tools say what is missing.
 */
export async function toolSource({
  home,
  folder,
  rpc,
  page,
  name,
}: ToolSourceParameters): Promise<AgentToolsOptions> {
  const settings = await readSettings(folder);
  const dev = await readDevOf(home, rpc ?? settings.rpc);
  const found = {
    rpc: rpc ?? settings.rpc ?? dev?.rpc,
    page: page ?? settings.page ?? dev?.page,
    name: name ?? settings.name,
  };
  // Without test money, the tools say what is missing.
  if (dev) await fundAgent(dev, await agentFolder(folder)).catch(() => {});
  return {
    dir: folder,
    ...(dev?.usdc !== undefined && { usdc: dev.usdc }),
    ...(found.rpc !== undefined && { rpc: found.rpc }),
    ...(found.page !== undefined && { page: found.page }),
    ...(found.name !== undefined && { name: found.name }),
  };
}
