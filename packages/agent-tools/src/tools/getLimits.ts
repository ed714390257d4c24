import { budgetSummary, sessionStatus } from "@latchkey/sdk";
import { formatEther, formatUnits } from "viem";
import { getBalance } from "viem/actions";
import * as z from "zod";
import type { OpenSource } from "../AgentSource.ts";
import { defineTool } from "../defineTool.ts";

const budgetSchema = z.object({
  token: z.string().describe("Address; the zero address is the chain's coin."),
  symbol: z.string(),
  perPayment: z.string().describe("Most of one payment, in whole tokens."),
  limit: z.string().describe("Most until resetsAt, in whole tokens."),
  spent: z.string().describe("Paid by transaction, in whole tokens."),
  reserved: z.string().describe("Kept for, or spent by, signed payments (pay_request)."),
  available: z.string().describe("What any payment can spend now."),
  resetsAt: z.string(),
  recipients: z.union([z.literal("anyone"), z.array(z.string())]),
  canPayRequests: z.boolean().describe("Whether pay_request can spend it."),
});

/** What the agent may spend. */
export const getLimits = (source: OpenSource) =>
  defineTool(
    {
      name: "get_limits",
      title: "Get spending limits",
      description:
        "Shows what you may spend from the user's account: per payment, per period, to whom, until when, and what is left. " +
        "The limits are enforced by the blockchain; nothing you do can exceed them. Call it before you plan purchases.",
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      input: z.strictObject({}),
      output: {
        active: z.boolean().describe("Whether anything can be spent now."),
        reasons: z.array(z.string()).describe("Why not, if not: EXPIRED, REVOKED, PAUSED…"),
        account: z.string().describe("The account that pays."),
        key: z.string().describe("Address of your key, which needs gas for send_payment and stop."),
        chainId: z.number(),
        startsAt: z.string(),
        expiresAt: z.string(),
        budgets: z.array(budgetSchema),
        gas: z.string().describe("The chain's coin that the key has, for transactions."),
      },
      async run() {
        const { client, grant, key, units } = await source.session();
        const [status, summaries, balance] = await Promise.all([
          sessionStatus(client, grant),
          budgetSummary(client, grant),
          getBalance(client, { address: key.address }),
        ]);
        return {
          active: status.active,
          reasons: [...status.reasons],
          account: grant.session.account,
          key: key.address,
          chainId: grant.chainId,
          startsAt: timeText(status.startsAt),
          expiresAt: timeText(status.expiresAt),
          budgets: await Promise.all(
            status.budgets.map(async ({ token, perTransaction, recipients }, index) => {
              const {
                symbol = "token",
                limit = "0",
                paid = "0",
                reserved = "0",
                available = "0",
                resetsAt = "",
              } = summaries[index] ?? {};
              return {
                token,
                symbol,
                perPayment: formatUnits(perTransaction, (await units(token)).decimals),
                limit,
                spent: paid,
                reserved,
                available,
                resetsAt,
                recipients: recipients === "anyone" ? ("anyone" as const) : [...recipients],
                canPayRequests: (grant.session.budgets[index]?.signatures ?? 0) > 0,
              };
            }),
          ),
          gas: formatEther(balance),
        };
      },
    },
    source,
  );

const timeText = (seconds: number) => new Date(Math.min(seconds * 1000, 8.64e15)).toISOString();
