import type { AgentToolsOptions } from "@latchkey/agent-tools";
import { readDev } from "../dev/devFile.ts";
import { readSettings } from "../settings.ts";

/** What was given for the server as a whole. */
export type ToolSourceParameters = {
  home: string;
  /** Of the session. */
  folder: string;
  rpc?: string | undefined;
  page?: string | undefined;
  name?: string | undefined;
};

/**
 * What the tools work with, read at each call: so `latchkey request` may set a session up, or `latchkey dev` start, while a host
 * is already running the server. As for the other commands, the chain of `latchkey dev` is for those who name no other.
 */
export async function toolSource(parameters: ToolSourceParameters): Promise<AgentToolsOptions> {
  const { home, folder } = parameters;
  const settings = await readSettings(folder);
  const running = await readDev(home);
  const known = parameters.rpc ?? settings.rpc;
  const dev = running && (known === undefined || known === running.rpc) ? running : undefined;
  const rpc = known ?? dev?.rpc;
  const page = parameters.page ?? settings.page ?? dev?.page;
  const name = parameters.name ?? settings.name;
  return {
    dir: folder,
    ...(rpc !== undefined && { rpc }),
    ...(page !== undefined && { page }),
    ...(name !== undefined && { name }),
  };
}
