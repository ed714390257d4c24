import * as z from "zod";
import type { OpenSource } from "../AgentSource.ts";
import { defineTool } from "../defineTool.ts";

/** Asks the owner about a payment that a limit refused. */
export const requestMore = (source: OpenSource) =>
  defineTool(
    {
      name: "request_more",
      title: "Ask for more",
      description:
        "Asks the owner about the last payment that your limits refused (PER_TRANSACTION, PERIOD, RECIPIENT). It changes nothing by itself: it makes a link that a person " +
        "has to open, review and confirm. Show the user `link`, `confirmationCode` and `fingerprint`. It returns at once; once the owner has answered, make the same payment again. " +
        "Call it only if the user wants it. Declined means declined.",
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
      input: z.strictObject({
        for: z
          .enum(["payment", "session"])
          .optional()
          .describe("Just that payment, or a wider session in place of the present one. Default: payment."),
        reason: z.string().max(500).optional().describe("Why, for the owner to read."),
      }),
      output: {
        status: z.literal("waiting"),
        link: z.string().describe("For the owner to open."),
        confirmationCode: z.string().describe("The page must show the same."),
        fingerprint: z.string().describe("Of your key; the page must show the same."),
        about: z.string().describe("Code of the refusal that the owner is asked about."),
        next: z.string(),
      },
      async run({ for: kind = "payment", reason }) {
        await source.session();
        const { isNew, refusal, ...link } = await source.more.ask({
          for: kind,
          ...(reason !== undefined && { justification: reason }),
        });
        return {
          status: "waiting" as const,
          ...link,
          about: refusal.code,
          next: isNew
            ? "Show the user the link and both codes. Once the owner has answered, make the same payment again."
            : "This request is open already: show the user the same link.",
        };
      },
    },
    source,
  );
