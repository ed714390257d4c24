import type { BudgetRequests } from "@latchkey/sdk";
import type { Address } from "viem";
import * as z from "zod";
import type { OpenSource } from "../AgentSource.ts";
import { defineTool } from "../defineTool.ts";
import { ToolFailure } from "../ToolRefusal.ts";

const amount = z.string().regex(/^\d{1,30}(\.\d{1,18})?$/);
const payee = z.string().regex(/^0x[0-9a-fA-F]{40}$/);

const budgetSchema = z.strictObject({
  token: z
    .string()
    .regex(/^(usdc|native|0x[0-9a-fA-F]{40})$/)
    .describe('"usdc", "native" or an address.'),
  perPayment: amount.describe('Most of one payment, in whole tokens: "1".'),
  limit: amount.describe('Most of one period, in whole tokens: "20".'),
  per: z.enum(["hour", "day", "week", "session"]).describe("The period of the limit."),
  recipients: z
    .union([z.literal("anyone"), z.array(payee).min(1).max(32)])
    .describe("Who may be paid. Name them if you can."),
});

/** Asks the owner for a session. */
export const requestSession = (source: OpenSource) =>
  defineTool(
    {
      name: "request_session",
      title: "Ask for a session",
      description:
        "Asks the owner of the account to let you spend, if you may not yet or no longer. It changes nothing by itself: it makes a link that a person has to open, " +
        "review and confirm with a passkey. Show the user `link`, `confirmationCode` and `fingerprint`; the page must show the same two. It returns at once; when the owner has answered, " +
        "the next call of any tool works. Ask for as little as the task needs, and only if the user wants it. Declined means declined.",
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
      input: z.strictObject({
        budgets: z
          .array(budgetSchema)
          .min(1)
          .max(4)
          .optional()
          .describe("At most one for each token. Default: what this agent was configured to ask for."),
        until: z
          .string()
          .regex(/^\d{1,4}[smhdw]$/)
          .optional()
          .describe('How long: "2h", "7d". Default: as configured, else "1d".'),
        reason: z.string().max(500).optional().describe("Why, for the owner to read."),
        answer: z
          .string()
          .max(256 * 1024)
          .optional()
          .describe("Only if the page shows a text to copy: that text. Nothing new is asked for."),
      }),
      output: {
        status: z.enum(["waiting", "granted"]),
        link: z.string().optional().describe("For the owner to open."),
        confirmationCode: z.string().optional().describe("The page must show the same."),
        fingerprint: z.string().optional().describe("Of your key; the page must show the same."),
        next: z.string(),
      },
      async run({ budgets, until, reason, answer }) {
        if (answer !== undefined) {
          await source.requests.receive(answer);
          if (!(await source.grant())) throw await source.requests.noSession();
          return { status: "granted" as const, next: "Call get_limits." };
        }
        const { request, usdc } = await source.options();
        const wanted = budgets ? budgetsOf(budgets, usdc) : request?.budgets;
        if (!wanted)
          throw new ToolFailure({
            code: "INVALID_INPUT",
            message: "There is nothing to ask for: name the budgets.",
            whatToDo: [
              "Pass `budgets`: for each token what one payment, and one period, may cost, and who may be paid.",
            ],
            retryable: false,
          });
        const { isNew, ...link } = await source.requests.ask({
          budgets: wanted,
          until: (until as `${number}d`) ?? request?.until ?? "1d",
          ...(reason !== undefined && { justification: reason }),
        });
        return {
          status: "waiting" as const,
          ...link,
          next: isNew
            ? "Show the user the link and both codes. Once the owner has answered, call get_limits."
            : "This request is open already: show the user the same link.",
        };
      },
    },
    source,
  );

function budgetsOf(
  budgets: readonly z.infer<typeof budgetSchema>[],
  usdc: Address | undefined,
): BudgetRequests {
  const names = budgets.map(({ token }) => token.toLowerCase());
  if (new Set(names).size < names.length)
    throw new ToolFailure({
      code: "INVALID_INPUT",
      message: "A token is named twice.",
      whatToDo: ["Pass one budget for each token."],
      retryable: false,
    });
  return Object.fromEntries(
    budgets.map(({ token, perPayment, limit, per, recipients }) => [
      token,
      {
        perTransaction: perPayment,
        [LIMITS[per]]: limit,
        recipients: recipients as "anyone" | Address[],
        ...(token === "usdc" && usdc !== undefined && { token: usdc }),
      },
    ]),
  ) as unknown as BudgetRequests;
}

const LIMITS = { hour: "perHour", day: "perDay", week: "perWeek", session: "inAll" } as const;
