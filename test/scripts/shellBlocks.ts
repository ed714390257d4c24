import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../scripts/deploy/CompiledContract.ts";

/** Commands of a page that stand in one block. */
export type ShellBlock = {
  /** The lines, without the indentation of the list that they may stand in. */
  commands: readonly string[];
  /** The heading above. */
  heading: string;
};

/**
 * The blocks of a page that begin with three backquotes and `sh`, in order.
 *
 * @param page From the root of the repository.
 * @throws If a block does not end, or there is none.
 */
export async function readShellBlocks(page: string): Promise<ShellBlock[]> {
  const lines = (await readFile(join(ROOT, page), "utf8")).split("\n");
  const blocks: ShellBlock[] = [];
  let heading = "";
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    const [, indentation, language] = /^( *)```(\w*)/.exec(line) ?? [];
    if (indentation === undefined) continue;
    const end = lines.indexOf(`${indentation}\`\`\``, at + 1);
    if (end < 0) throw new Error(`${page}:${at + 1}: the block does not end`);
    const commands = lines.slice(at + 1, end).map((command) => command.slice(indentation.length));
    if (language === "sh") blocks.push({ commands, heading });
    at = end;
  }
  if (blocks.length === 0) throw new Error(`${page} has no shell commands`);
  return blocks;
}
