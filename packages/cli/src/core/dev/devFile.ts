import { link, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "@latchkey/sdk/node";
import { isAddress } from "viem";
import { z } from "zod";
import { CommandError } from "../CommandError.ts";
import { EXIT } from "../exitCodes.ts";

const address = z.custom<`0x${string}`>((value) => typeof value === "string" && isAddress(value));

const devSchema = z.object({
  rpc: z.string(),
  page: z.string(),
  chainId: z.number().int().positive(),
  usdc: address.optional(),
  module: address,
  shop: z
    .object({
      address,
      /** By what is sold. */
      urls: z.record(z.string(), z.string()),
      /** In dollars, by what is sold. */
      prices: z.record(z.string(), z.string()),
    })
    .optional(),
  /** Gives test money: see `askFaucet`. Its path is random: who cannot read this file cannot ask it. */
  faucet: z.string().optional(),
  /** The process that serves all of it. */
  pid: z.number().int().positive(),
});

/** What `latchkey dev` serves, as the other commands find it in `dev.json`. */
export type Dev = z.infer<typeof devSchema>;

/** How long the page may take to answer, in milliseconds. */
const PATIENCE = 2_000;

const fileIn = (home: string) => join(home, "dev.json");

/** What `dev.json` says; undefined where it is missing or unreadable: it is only a default for what users can pass. */
async function readFileIn(home: string): Promise<Dev | undefined> {
  try {
    return devSchema.safeParse(JSON.parse(await readFile(fileIn(home), "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** Whether what the file names is still there: after a restart of the machine another program may have the pid. */
async function isServed({ pid, page, chainId }: Dev): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  try {
    const answer = await fetch(new URL("config.json", page), { signal: AbortSignal.timeout(PATIENCE) });
    const { chains } = (await answer.json()) as { chains?: { id?: number }[] };
    return chains?.some(({ id }) => id === chainId) === true;
  } catch {
    return false;
  }
}

/** What `latchkey dev` serves at the moment; undefined if it does not run. */
export async function readDev(home: string): Promise<Dev | undefined> {
  const dev = await readFileIn(home);
  return dev && (await isServed(dev)) ? dev : undefined;
}

/**
 * `latchkey dev`, where it is what a command uses.
 *
 * @param rpc The node that the command was told; undefined: none.
 */
export async function readDevOf(home: string, rpc: string | undefined): Promise<Dev | undefined> {
  const dev = await readDev(home);
  return rpc === undefined || rpc === dev?.rpc ? dev : undefined;
}

/** @throws {CommandError} DEV_RUNS: another `latchkey dev` runs with the same folder. */
export async function requireNoDev(home: string): Promise<void> {
  const other = await readDev(home);
  if (other === undefined) return;
  const { pid, page, rpc } = other;
  throw new CommandError({
    code: "DEV_RUNS",
    exitCode: EXIT.folder,
    message: `latchkey dev runs already: process ${pid}, page ${page}.`,
    whatToDo: ["Use that one, or end it by Ctrl-C. For a second one set LATCHKEY_HOME to another folder."],
    details: { pid, page, rpc },
  });
}

/**
 * Writes `dev.json`, in place of one whose process has ended.
 *
 * @throws {CommandError} DEV_RUNS: another `latchkey dev` was faster.
 */
export async function writeDev(home: string, dev: Dev): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const own = join(home, `dev.${dev.pid}.json`);
  await writePrivateFile(own, `${JSON.stringify(dev, undefined, 2)}\n`, { replace: true });
  // Unlike a rename, a link does not replace the file of one that was started at the same time.
  const take = () => link(own, fileIn(home));
  try {
    await take().catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      await requireNoDev(home);
      await rm(fileIn(home), { force: true });
      await take();
    });
  } finally {
    await rm(own, { force: true });
  }
}

/** Removes `dev.json`, unless it is another process's. */
export async function removeDev(home: string, pid: number): Promise<void> {
  if ((await readFileIn(home))?.pid === pid) await rm(fileIn(home), { force: true });
}
