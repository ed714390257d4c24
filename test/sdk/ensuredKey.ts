/** An agent that starts, in a process of its own, for keyFile.test.ts: prints the address of its key. */
import { ensureKey } from "@latchkey/sdk/node";

const [path = ""] = process.argv.slice(2);
process.stdout.write((await ensureKey(path)).address);
