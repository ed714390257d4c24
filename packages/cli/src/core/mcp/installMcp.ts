import { randomUUID } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { CommandError } from "../CommandError.ts";
import { EXIT } from "../exitCodes.ts";
import { putJsonMember } from "./jsonMember.ts";
import type { McpEntry, McpHost } from "./mcpHosts.ts";

/** The server's name in hosts' configurations. */
const NAME = "latchkey";

/** What was done. */
export type Installed = {
  path: string;
  /** Whether the file had the entry already. */
  unchanged: boolean;
  /** The copy of the file as it was; undefined if there was none. */
  backup: string | undefined;
};

/** The entry as a person would paste it. */
export const entryText = (host: McpHost, entry: McpEntry): string =>
  host.format === "toml"
    ? tomlOf(host, entry)
    : `${JSON.stringify({ [host.servers]: { [NAME]: { ...host.extra, ...entry } } }, undefined, 2)}\n`;

/**
 * Writes the entry into a host's configuration. Everything else in the file stays, character for character, and a copy
 * of the file is kept beside it.
 *
 * @param options.force Replaces an entry that differs.
 * @throws {CommandError} MCP_ENTRY: there is another entry of that name. MCP_FILE: the file has comments, or is not what it
 * should be, so that it has to be edited by hand.
 */
export async function installMcp(
  host: McpHost,
  { path, entry, force }: { path: string; entry: McpEntry; force: boolean },
): Promise<Installed> {
  // A link is followed, so that it stays one.
  const target = await realpath(path).catch(() => path);
  const before = await readFile(target, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const wanted = { ...host.extra, ...entry };
  const text = before ?? "";
  const after =
    host.format === "toml"
      ? withToml(host, { text, entry, path, force })
      : withJson(host, { text, entry, wanted, path, force });
  if (after === before) return { path, unchanged: true, backup: undefined };
  await mkdir(dirname(target), { recursive: true });
  const backup = before === undefined ? undefined : `${target}.before-latchkey-${Date.now()}`;
  if (backup) await copyFile(target, backup);
  const draft = `${target}.${randomUUID()}.draft`;
  try {
    const mode = before === undefined ? 0o600 : (await stat(target)).mode & 0o777;
    await writeFile(draft, after, { flag: "wx", mode });
    await chmod(draft, mode);
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
  return { path, unchanged: false, backup };
}

type Change = { text: string; entry: McpEntry; path: string; force: boolean };

function withJson(host: McpHost, { text, entry, wanted, path, force }: Change & { wanted: object }): string {
  if (text.trim() === "") return entryText(host, entry);
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch {
    throw byHand(host, { entry, path }, "has comments, or is not JSON");
  }
  const servers = Object(value)[host.servers] ?? {};
  const old = Object(servers)[NAME];
  if (isDeepStrictEqual(old, wanted)) return text;
  if (old !== undefined && !force) throw taken({ old: JSON.stringify(old, undefined, 2), path, host, entry });
  const after = putJsonMember(text, [host.servers, NAME], wanted);
  // Whatever the file looks like, nothing but the entry may have changed.
  const expected = { ...Object(value), [host.servers]: { ...Object(servers), [NAME]: wanted } };
  try {
    if (after !== undefined && isDeepStrictEqual(JSON.parse(after.replace(/^\ufeff/, "")), expected))
      return after;
  } catch {
    // As below.
  }
  throw byHand(host, { entry, path }, "is not what this host's configuration should be");
}

function withToml(host: McpHost, { text, entry, path, force }: Change): string {
  const block = tomlOf(host, entry);
  const line = text.includes("\r\n") ? "\r\n" : "\n";
  const header = new RegExp(
    `^[ \\t]*\\[[ \\t]*${host.servers}[ \\t]*\\.[ \\t]*["']?${NAME}["']?[ \\t]*[\\].]`,
    "m",
  );
  const at = header.exec(text)?.index;
  if (at === undefined) {
    // As an inline table or a dotted key, which a line at the end would contradict.
    if (new RegExp(`^[ \\t]*${host.servers}[ \\t]*[.=]`, "m").test(text))
      throw byHand(host, { entry, path }, "has its servers in a form that is not changed here");
    const gap = text === "" ? "" : text.endsWith("\n") ? line : line + line;
    return text + gap + block.replaceAll("\n", line);
  }
  const [, ...lines] = text.slice(at).split(/(?<=\n)/);
  const others = lines.findIndex(
    (each) =>
      /^[ \t]*\[/.test(each) &&
      !new RegExp(`^[ \\t]*\\[[ \\t]*${host.servers}[ \\t]*\\.[ \\t]*["']?${NAME}\\b`).test(each),
  );
  const length = (text.slice(at).split(/(?<=\n)/)[0] ?? "").length;
  const end =
    others < 0
      ? text.length
      : at + length + lines.slice(0, others).reduce((sum, each) => sum + each.length, 0);
  const old = text.slice(at, end);
  if (old.trim().replaceAll("\r\n", "\n") === block.trim()) return text;
  if (/#/.test(old.replaceAll(/"[^"\n]*"|'[^'\n]*'/g, "")))
    throw byHand(host, { entry, path }, "has comments in its entry");
  if (!force) throw taken({ old: old.trim(), path, host, entry });
  return `${text.slice(0, at)}${block.replaceAll("\n", line)}${end < text.length ? line : ""}${text.slice(end)}`;
}

const tomlOf = ({ servers }: McpHost, { command, args, env }: McpEntry): string =>
  [
    `[${servers}.${NAME}]`,
    `command = ${JSON.stringify(command)}`,
    `args = ${JSON.stringify(args)}`,
    ...(env
      ? [
          `env = { ${Object.entries(env)
            .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
            .join(", ")} }`,
        ]
      : []),
    "",
  ].join("\n");

const taken = ({ old, path, host, entry }: { old: string; path: string; host: McpHost; entry: McpEntry }) =>
  new CommandError({
    code: "MCP_ENTRY",
    exitCode: EXIT.refused,
    message: `${path} has another entry named ${NAME}.`,
    whatToDo: ["It was left as it is:", old, "With --force it becomes:", entryText(host, entry).trim()],
    details: { path },
  });

const byHand = (host: McpHost, { entry, path }: { entry: McpEntry; path: string }, what: string) =>
  new CommandError({
    code: "MCP_FILE",
    exitCode: EXIT.refused,
    message: `${path} ${what}, so it was left as it is.`,
    whatToDo: ["Add this yourself:", entryText(host, entry).trim()],
    details: { path, entry: entryText(host, entry) },
  });

/** Why nothing is written where the host's file is not documented. */
export const unknownFile = (host: McpHost, entry: McpEntry) =>
  new CommandError({
    code: "MCP_FILE",
    exitCode: EXIT.refused,
    message: `${host.title} documents no configuration file for this system, so nothing was written.`,
    whatToDo: ["Open the file from its settings, and add this:", entryText(host, entry).trim()],
    details: { entry: entryText(host, entry) },
  });
