import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { describeGrant } from "../core/describeGrant.ts";
import { requestGrant } from "../core/requestGrant.ts";
import { UsageError } from "../core/UsageError.ts";
import { grantText } from "../grantText.ts";
import { action, type NodeOptions, notes, withRpc } from "../invocation.ts";
import { linkFacts, linkText } from "../linkText.ts";
import { readStdin } from "../readStdin.ts";

const NOTES = notes(
  `Prints a link for the owner, who reviews and confirms it with a passkey, and waits for the answer.
If there is a session that can be used, nothing is asked.

A limit reads token:most-per-payment:limit/period@recipients
  token       usdc, native, or a token's address
  period      hour, day, week, total (the whole session), or a duration such as 6h
  recipients  one address or several (0xOne+0xOther), or anyone

Where the page cannot reach this machine it shows its answer as text: pass that with --answer,
while this command waits or later. --rpc, --page and --name are kept for the session.`,
  [
    "latchkey request --allow usdc:1:20/day@0xShop --until 7d",
    'latchkey request --allow usdc:1:20/day@anyone --name "Research Bot" --why "Articles on otters"',
    "latchkey request --allow native:0.01:0.1/total@0xShop --no-wait --json",
    "latchkey request --answer answer.json",
  ],
);

type Options = NodeOptions & {
  allow?: string[];
  until: string;
  name?: string;
  why?: string;
  account?: string;
  page?: string;
  wait: boolean;
  resume?: boolean;
  answer?: string;
};

/** `latchkey request` */
export function request(command: Command): void {
  withRpc(
    command
      .option("--allow <limit>", "what the agent may spend; repeat it for other tokens", collect)
      .option("--until <end>", "a duration from now, or a date", "1d")
      .option("--name <name>", "the agent's name, as the owner reads it; default: Agent")
      .option("--why <reason>", "the agent's reason, for the owner to read")
      .option("--account <address>", "the account that is to pay; default: the owner chooses")
      .option("--page <url>", "the owner's page; default: the session's, or that of latchkey dev")
      .option("--no-wait", "print the link, and do not wait for the answer")
      .option("--resume", "go on waiting for the answer to the last request")
      .option("--answer <file>", "the answer to it, as the page shows it; - reads it from stdin"),
  )
    .addHelpText("after", NOTES)
    .action(
      action<Options>(async ({ options, output, home, session, signal }) => {
        const { allow = [], until, name, why, account, rpc, page, wait, resume = false, answer } = options;
        const goesOn = resume || answer !== undefined;
        if (allow.length > 0 === goesOn)
          throw new UsageError(
            goesOn
              ? "--allow makes a new request; --resume and --answer go on with the last one"
              : "say what the agent may spend: --allow usdc:1:20/day@0xShop",
          );
        const requested = await requestGrant({
          home,
          session,
          rpc,
          page,
          asked: goesOn ? undefined : { allow, until, name, why, account },
          ...(answer === undefined ? {} : { answer: await textIn(answer) }),
          wait,
          signal,
          show(handoff) {
            output.print(linkFacts(handoff), linkText(handoff, output.columns));
            output.note(
              wait
                ? "Waiting for the owner …"
                : "Once the owner has answered: latchkey request --resume, or --answer with what the page shows.",
            );
          },
        });
        if (!requested) return;
        const { grant, created, connection } = requested;
        if (!created) output.note("There is a session already; nothing was asked for.");
        const state = await describeGrant(connection.client, grant);
        output.print({ status: "granted", created, ...state }, grantText(state));
      }),
    );
}

const collect = (text: string, before: string[] = []) => [...before, text];

const textIn = async (name: string) => (name === "-" ? String(await readStdin()) : readFile(name, "utf8"));
