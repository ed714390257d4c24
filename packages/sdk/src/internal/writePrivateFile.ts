/**
 * Writes a file that only its user can read (mode 0600), completely or not at all: the text is complete on disk, under
 * another name beside it, before it takes the name. For what belongs beside an agent's key. Node only, so it has its own entry
 * point: `import { writePrivateFile } from "@latchkey/sdk/node"`.
 *
 * @param options.replace Whether a file of that name is replaced. If not, the name is taken only where it is free, also
 * when two processes try at once.
 * @throws What the file system says; `EEXIST` where the name is taken.
 */
export async function writePrivateFile(
  path: string,
  text: string,
  { replace }: { replace: boolean },
): Promise<void> {
  const { link, open, rename, rm } = await import("node:fs/promises");
  const { dirname } = await import("node:path");
  const draft = `${path}.${globalThis.crypto.randomUUID()}.draft`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (replace) await rename(draft, path);
    // Unlike a rename, a link fails where the name is taken.
    else await link(draft, path);
    // The name itself must be on disk too; not every system lets a folder be opened for that.
    const folder = await open(dirname(path), "r").catch(() => undefined);
    await folder?.sync().catch(() => {});
    await folder?.close();
  } finally {
    await rm(draft, { force: true });
  }
}
