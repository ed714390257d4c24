import type { Command } from "commander";
import { askMore } from "../core/askMore.ts";
import { UsageError } from "../core/UsageError.ts";
import { action, type NodeOptions, notes, withRpc } from "../invocation.ts";
import { linkFacts, linkText } from "../linkText.ts";

const NOTES = notes(
  `After latchkey pay or latchkey send was refused for a limit: prints a link with which the owner can
allow that one payment, or with --for session a wider session in place of the present one. The owner
sees old beside new. Afterwards the same command pays.

The owner is asked at most three times an hour, and not again for a day for what was declined.`,
  [
    "latchkey more",
    'latchkey more --why "The study answers the question"',
    "latchkey more --for session --until 7d",
  ],
);

type Options = NodeOptions & {
  for: string;
  until?: string;
  why?: string;
  page?: string;
  askAgain?: boolean;
};

/** `latchkey more` */
export function more(command: Command): void {
  withRpc(
    command
      .option("--for <what>", "payment: the refused one alone; session: a wider session", "payment")
      .option("--until <end>", "a duration from now, or a date; default: an hour, or the session's end")
      .option("--why <reason>", "the agent's reason, for the owner to read; default: what was refused")
      .option("--page <url>", "the owner's page; default: the session's, or that of latchkey dev")
      .option("--ask-again", "ask although the owner has declined it: only if a person wants it"),
  )
    .addHelpText("after", NOTES)
    .action(
      action<Options>(async ({ options, output, home, folder, signal }) => {
        const { for: scope, rpc, page, until, why, askAgain = false } = options;
        if (scope !== "payment" && scope !== "session")
          throw new UsageError(`--for ${scope}: use payment or session`);
        const { session } = await askMore({
          ...{ home, folder, rpc, page, scope, until, why, askAgain, signal },
          show(handoff, { message }) {
            output.note(message);
            output.print(linkFacts(handoff), linkText(handoff, output.columns));
            output.note("Waiting for the owner …");
          },
        });
        const expiresAt = new Date(session.validUntil * 1000).toISOString();
        output.print(
          { status: "granted", for: scope, expiresAt },
          `Allowed until ${expiresAt}. The same command now pays.`,
        );
      }),
    );
}
