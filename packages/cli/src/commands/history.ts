import { tokenUnit } from "@latchkey/agent-tools";
import type { SessionEvent } from "@latchkey/sdk/history";
import { type Command, InvalidArgumentError } from "commander";
import { type Address, formatUnits } from "viem";
import { connect } from "../core/connection.ts";
import { readHistory } from "../core/readHistory.ts";
import { sessionGrant } from "../core/sessionGrant.ts";
import { action, type NodeOptions, notes, withRpc } from "../invocation.ts";

const NOTES = notes(
  `What happened to the session, as the chain shows it: payments that settled, pauses, its end. What
this machine has written down, also of payments that are still open, is in latchkey ledger.`,
  ["latchkey history", "latchkey history --from-block 23000000 --json"],
);

type Options = NodeOptions & { fromBlock?: bigint };

/** `latchkey history` */
export function history(command: Command): void {
  withRpc(
    command.option("--from-block <number>", "where to begin; default: where the session starts", blockNumber),
  )
    .addHelpText("after", NOTES)
    .action(
      action<Options>(async ({ options: { rpc, fromBlock }, output, home, folder }) => {
        const { grant } = await sessionGrant(folder);
        const { client } = await connect({ home, folder, rpc });
        output.note("Reading the chain …");
        const found = await readHistory(client, grant, fromBlock);
        const tokens = [...new Set(found.events.flatMap((event) => ("token" in event ? [event.token] : [])))];
        const units = new Map(
          await Promise.all(
            tokens.map(async (token) => [token, await tokenUnit(client, token, grant.chainId)] as const),
          ),
        );
        const money = (token: Address, amount: bigint) => {
          const { decimals = 0, symbol = "base units" } = units.get(token) ?? {};
          return `${formatUnits(amount, decimals)} ${symbol}`;
        };
        output.print(
          found,
          found.events.map((event) => eventText(event, money)).join("\n") ||
            `Nothing happened in the blocks ${found.fromBlock} to ${found.toBlock}.`,
        );
      }),
    );
}

function blockNumber(text: string): bigint {
  if (/^\d+$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

function eventText(event: SessionEvent, money: (token: Address, amount: bigint) => string): string {
  const at = new Date(event.timestamp * 1000).toISOString();
  const what =
    event.type === "executed"
      ? `paid ${money(event.token, event.amount)} by a transaction`
      : event.type === "settled"
        ? `paid ${money(event.token, event.amount ?? event.reserved)} to ${event.to ?? "?"} by a signature`
        : event.type === "epochChanged"
          ? "all sessions revoked"
          : event.type;
  return `${at}  ${what}  ${event.transactionHash}`;
}
