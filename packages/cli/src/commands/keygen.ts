import type { Command } from "commander";
import { createKey } from "../core/createKey.ts";
import { action, notes } from "../invocation.ts";

const NOTES = notes(
  `Prints the key's address. The key itself stays in its file, which only you can read.
A key that is there already is kept.`,
  ["latchkey keygen", "latchkey keygen --session research --json"],
);

/** `latchkey keygen` */
export function keygen(command: Command): void {
  command.addHelpText("after", NOTES).action(
    action(async ({ output, home, session }) => {
      const key = await createKey(home, session);
      output.print(key, `${key.address}\n${key.created ? "New key" : "Key"} in ${key.file}`);
    }),
  );
}
