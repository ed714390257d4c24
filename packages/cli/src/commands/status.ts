import type { Command } from "commander";
import { connect } from "../core/connection.ts";
import { describeGrant } from "../core/describeGrant.ts";
import { sessionGrant } from "../core/sessionGrant.ts";
import { grantText } from "../grantText.ts";
import { action, type NodeOptions, notes, withRpc } from "../invocation.ts";

const NOTES = notes(
  `Reads from the chain whether the session can be used, and what is left of each limit. Ends with 4
where there is no session; one that cannot be used now is printed, and ends with 0: see latchkey
grant check.`,
  ["latchkey status", "latchkey status --session research --json"],
);

/** `latchkey status` */
export function status(command: Command): void {
  withRpc(command)
    .addHelpText("after", NOTES)
    .action(
      action<NodeOptions>(async ({ options: { rpc }, output, home, folder }) => {
        const { grant } = await sessionGrant(folder);
        const { client } = await connect({ home, folder, rpc });
        const state = await describeGrant(client, grant);
        output.print(state, grantText(state));
      }),
    );
}
