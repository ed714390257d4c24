import { type Chain, type Client, createPublicClient, http, type Transport } from "viem";
import { CommandError } from "./CommandError.ts";
import { type Dev, readDevOf } from "./dev/devFile.ts";
import { EXIT } from "./exitCodes.ts";
import { readSettings, type Settings } from "./settings.ts";
import { UsageError } from "./UsageError.ts";

/** Milliseconds between two looks at the chain. */
const POLLING = 1_000;
/** Milliseconds for one answer of the node. */
const PATIENCE = 15_000;

/** The node of a session, and what goes with it. */
export type Connection = {
  client: Client<Transport, Chain | undefined>;
  settings: Settings;
  /** Of the page on which the owner answers, if one is known. */
  page?: string;
  /** `latchkey dev`, if the node is its own. */
  dev?: Dev;
};

/** What {@link connect} takes. */
export type ConnectParameters = {
  home: string;
  /** Of the session. */
  folder: string;
  /** URL of the node. Default: the session's, else that of `latchkey dev` while it runs. */
  rpc?: string | undefined;
  /** URL of the page, by the same rule. */
  page?: string | undefined;
};

/**
 * Finds the session's node. Nothing is asked yet.
 *
 * @throws {CommandError} NO_NODE: none is known. FOLDER: the settings are damaged.
 * @throws {UsageError} A URL is not one.
 */
export async function connect({ home, folder, rpc, page }: ConnectParameters): Promise<Connection> {
  const settings = await readSettings(folder);
  const known = rpc ?? settings.rpc;
  const dev = await readDevOf(home, known);
  const url = known ?? dev?.rpc;
  if (url === undefined)
    throw new CommandError({
      code: "NO_NODE",
      exitCode: EXIT.usage,
      message: "No node of the chain is known.",
      whatToDo: ["Pass --rpc <url>, or start a chain to try it on: latchkey dev"],
    });
  const foundPage = page ?? settings.page ?? dev?.page;
  if (foundPage !== undefined) requireHttp(foundPage, "--page");
  return {
    client: createPublicClient({
      transport: http(requireHttp(url, "--rpc"), { retryCount: 2, timeout: PATIENCE }),
      pollingInterval: POLLING,
    }),
    settings,
    ...(foundPage === undefined ? {} : { page: foundPage }),
    ...(dev && { dev }),
  };
}

/** @throws {UsageError} */
export function requireHttp(url: string, option: string): string {
  // Not repeated: providers put their users' keys into such URLs.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`${option} must be a URL that starts with https:// or http://`);
  return url;
}
