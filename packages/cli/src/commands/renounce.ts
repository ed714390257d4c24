import type { Command } from "commander";
import { renounce as renounceIt } from "../core/renounce.ts";
import { action, type NodeOptions, notes, withRpc } from "../invocation.ts";

const NOTES = notes(
  `Ends the session for good: when the work is done, or when the key may have leaked. It is a
transaction of the session's key, which needs gas. Nothing can bring the session back; the owner
can allow another.`,
  ["latchkey renounce", "latchkey renounce --session research"],
);

/** `latchkey renounce` */
export function renounce(command: Command): void {
  withRpc(command)
    .addHelpText("after", NOTES)
    .action(
      action<NodeOptions>(async ({ options: { rpc }, output, home, folder }) => {
        const ended = await renounceIt({ home, folder, rpc });
        output.print(ended, `The session is over for good.\n${ended.transaction}`);
      }),
    );
}
