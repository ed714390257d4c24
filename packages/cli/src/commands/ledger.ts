import { pathExists } from "@latchkey/agent-tools";
import { type LedgerEntry, ledgerToCsv, readLedger, reconcileLedger } from "@latchkey/sdk";
import { agentFolder } from "@latchkey/sdk/node";
import type { Command } from "commander";
import { connect } from "../core/connection.ts";
import { UsageError } from "../core/UsageError.ts";
import { action, type NodeOptions, notes, withRpc } from "../invocation.ts";

const NOTES = notes(
  `What this agent moved, as it has written it down: each payment before anybody else saw it, and
what became of it. Needs no node, unless --reconcile asks the chain about what is open.`,
  ["latchkey ledger", "latchkey ledger --csv > ledger.csv", "latchkey ledger --reconcile --json"],
);

type Options = NodeOptions & { csv?: boolean; reconcile?: boolean };

/** `latchkey ledger` */
export function ledger(command: Command): void {
  withRpc(
    command
      .option("--csv", "print it for a spreadsheet")
      .option("--reconcile", "first ask the chain what became of open payments"),
  )
    .addHelpText("after", NOTES)
    .action(
      action<Options>(async ({ options, output, home, folder: path }) => {
        const { csv, reconcile, rpc } = options;
        if (csv && output.json) throw new UsageError("--csv and --json exclude each other");
        // agentFolder would create it.
        const folder = (await pathExists(path)) ? await agentFolder(path) : undefined;
        if (reconcile && folder) {
          const { client } = await connect({ home, folder: path, rpc });
          output.note("Asking the chain …");
          await reconcileLedger(client, folder.ledger);
        }
        const { entries, damaged } = folder ? await readLedger(folder.ledger) : { entries: [], damaged: [] };
        if (damaged.length > 0)
          output.note(`${damaged.length} lines cannot be read, as a killed process leaves them.`);
        if (csv) return output.write(Buffer.from(ledgerToCsv(entries)));
        output.print({ entries, damaged }, entries.map(entryText).join("\n") || "The ledger is empty.");
      }),
    );
}

const entryText = ({ at, status, amount, paidAmount, symbol, to, what, purpose }: LedgerEntry) =>
  [
    at,
    status.padEnd(11),
    amount === undefined ? "" : `${paidAmount ?? amount} ${symbol}`,
    `to ${to}`,
    what,
    ...(purpose === undefined ? [] : [`(${purpose})`]),
  ].join("  ");
