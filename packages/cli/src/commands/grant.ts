import { verifyGrant } from "@latchkey/sdk";
import { reviewSession, type SessionReview } from "@latchkey/sdk/review";
import type { Command } from "commander";
import { connect } from "../core/connection.ts";
import { sessionGrant, withAdvice } from "../core/sessionGrant.ts";
import { UsageError } from "../core/UsageError.ts";
import { action, type NodeOptions, notes, withRpc } from "../invocation.ts";

const NOTES = notes(
  `The grant is what the owner has signed: who may spend what, to whom, until when. show prints it in
words. check asks the chain whether the account accepts it now, and ends with 4 if not.`,
  ["latchkey grant show", "latchkey grant check --json"],
);

/** `latchkey grant` */
export function grant(command: Command): void {
  withRpc(command.argument("<what>", "show or check"))
    .addHelpText("after", NOTES)
    .action(
      action<NodeOptions, [string]>(async ({ options: { rpc }, output, home, folder }, what) => {
        if (what !== "show" && what !== "check") throw new UsageError(`"${what}" is neither show nor check`);
        const { grant: granted } = await sessionGrant(folder);
        const { client } = await connect({ home, folder, rpc });
        if (what === "show") {
          const review = await reviewSession(client, granted);
          return output.print(review, reviewText(review));
        }
        const verdict = await verifyGrant(client, granted);
        if (!verdict.valid) throw withAdvice(verdict.reason);
        output.print({ valid: true }, "The account accepts this grant.");
      }),
    );
}

const reviewText = ({
  account,
  key,
  chainId,
  validAfterText,
  validUntilText,
  budgets,
  actions,
  notEnforced,
}: SessionReview) =>
  [
    `account  ${account} on chain ${chainId}`,
    `key      ${key}`,
    `from     ${validAfterText}`,
    `until    ${validUntilText}`,
    ...budgets.flatMap(({ symbol, sentences }) => ["", symbol, ...sentences.map((one) => `  ${one}`)]),
    ...actions.flatMap(({ sentence }) => ["", "Call", `  ${sentence}`]),
    ...(notEnforced.length > 0
      ? ["", "Not enforced by the chain", ...notEnforced.map(({ sentence }) => `  ${sentence}`)]
      : []),
  ].join("\n");
