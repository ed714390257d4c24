/**
 * An agent in a process of its own, for fileLedger.test.ts: adds entries to a file ledger, named after it, and writes one line for
 * each.
 *
 * Arguments: path, its name, how many entries, and "hang" to stop in the middle of the last one's line.
 */
import { open } from "node:fs/promises";
import { fileLedger } from "@latchkey/sdk/node";
import { entry } from "./entries.ts";

const [path = "", name = "", count = "0", mode] = process.argv.slice(2);
const ledger = fileLedger(path);
const { prototype } = (await open(process.execPath)).constructor as unknown as {
  prototype: { appendFile(text: string): Promise<void> };
};
for (let place = 0; place < Number(count); place++) {
  if (mode === "hang" && place === Number(count) - 1) {
    const { appendFile } = prototype;
    prototype.appendFile = async function (text) {
      await appendFile.call(this, text.slice(0, text.length / 2));
      process.stdout.write("half\n");
      // Blocks with half of the line on disk and the lock held, until it is killed.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    };
  }
  await ledger.append(entry(`${name}-${place}`, { status: place % 2 === 0 ? "open" : "settled" }));
  process.stdout.write(`${place}\n`);
}
