import { readLedger, reconcileLedger } from "@latchkey/sdk";
import * as z from "zod";
import type { OpenSource } from "../AgentSource.ts";
import { defineTool } from "../defineTool.ts";

const paymentSchema = z.object({
  at: z.string(),
  kind: z.string(),
  status: z.enum(["open", "settled", "not settled"]).describe("open: it may still settle."),
  shownBy: z.string().optional().describe("Whose word that is: chain, merchant or agent."),
  amount: z.string().describe("With its unit."),
  to: z.string(),
  what: z.string().describe("The URL without query, or what was called."),
  purpose: z.string().optional(),
  idempotencyKey: z.string().optional(),
  transaction: z.string().optional(),
});

/** What was paid. */
export const listPayments = (source: OpenSource) =>
  defineTool(
    {
      name: "list_payments",
      title: "List payments",
      description:
        "Lists what you have paid from the user's account, the latest first, with what became of each. Call it after a failure, before you pay again.",
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      input: z.strictObject({
        most: z.int().min(1).max(100).optional().describe("Default: 20."),
        since: z.iso.datetime().optional().describe("ISO 8601: only payments from then on."),
      }),
      output: {
        payments: z.array(paymentSchema),
        more: z.boolean().describe("Whether there are earlier ones."),
      },
      async run({ most = 20, since }) {
        const folder = await source.existingFolder();
        if (!folder) return { payments: [], more: false };
        // Without a node, the record is shown as it is.
        await source
          .client()
          .then((client) => reconcileLedger(client, folder.ledger))
          .catch(() => {});
        const { entries } = await readLedger(folder.ledger);
        const found = entries
          .filter(({ at }) => since === undefined || Date.parse(at) >= Date.parse(since))
          .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
        return {
          payments: found.slice(0, most).map((entry) => ({
            at: entry.at,
            kind: entry.kind,
            status: entry.status,
            ...(entry.shownBy && { shownBy: entry.shownBy }),
            amount: amountOf(entry.paidAmount ?? entry.amount, entry.symbol),
            to: entry.to,
            what: entry.what.slice(0, 300),
            ...(entry.purpose !== undefined && { purpose: entry.purpose.slice(0, 500).toWellFormed() }),
            ...(entry.idempotencyKey !== undefined && { idempotencyKey: entry.idempotencyKey }),
            ...(entry.transaction && { transaction: entry.transaction }),
          })),
          more: found.length > most,
        };
      },
    },
    source,
  );

/** A stranger's token may use any symbol. */
const amountOf = (amount: string | undefined, symbol = "") =>
  amount === undefined
    ? "unknown: a call, whose movements only the chain shows"
    : `${amount} ${symbol.replace(/[^A-Za-z0-9.$+ -]/g, "").slice(0, 16)}`;
