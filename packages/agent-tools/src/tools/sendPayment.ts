import { type Address, getAddress, isAddress } from "viem";
import * as z from "zod";
import type { OpenSource } from "../AgentSource.ts";
import { defineTool } from "../defineTool.ts";
import { sendNamedTransfer } from "../namedTransfer.ts";

/** Pays somebody by a transaction. */
export const sendPayment = (source: OpenSource) =>
  defineTool(
    {
      name: "send_payment",
      title: "Send a payment",
      description:
        "Pays an address from the user's account by a transaction, within your limits. Needs gas: your key must hold some of the chain's coin. " +
        "For URLs that ask for payment use pay_request. The same idempotencyKey never pays twice: after any failure make the same call again.",
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
      input: z.strictObject({
        to: z
          .string()
          .regex(/^0x[0-9a-fA-F]{40}$/)
          .refine((text) => isAddress(text), "an address with a wrong checksum")
          .describe("The payee's address; one of the recipients of get_limits."),
        amount: z
          .string()
          .regex(/^\d{1,30}(\.\d{1,18})?$/)
          .describe('In whole tokens: "1.50".'),
        token: z
          .string()
          .regex(/^(usdc|native|0x[0-9a-fA-F]{40})$/)
          .optional()
          .describe('"usdc", "native" or an address; may be omitted if there is one budget.'),
        idempotencyKey: z
          .string()
          .regex(/^[\x20-\x7e]{1,255}$/)
          .describe("A name for this payment that you have not used before, such as an invoice number."),
        purpose: z.string().max(500).optional().describe("What it is for: for the user's records."),
      }),
      output: {
        transaction: z.string().describe("Hash of the transaction, which was mined."),
        paid: z.string().describe("In whole tokens."),
        to: z.string(),
        repeated: z.boolean().describe("Whether it was sent by an earlier call with this idempotencyKey."),
      },
      async run({ to, amount, token, idempotencyKey, purpose }, { signal, progress }) {
        const session = await source.session();
        const { usdc } = session.options;
        const named = token === "usdc" && usdc !== undefined ? usdc : token;
        progress("Sending the transaction and waiting until it is mined");
        const { hash, isRepeated } = await sendNamedTransfer(
          session,
          {
            to: getAddress(to),
            amount,
            ...(named !== undefined && { token: named as Address }),
            idempotencyKey,
            ...(purpose !== undefined && { purpose }),
          },
          signal,
        );
        return { transaction: hash, paid: amount, to, repeated: isRepeated };
      },
    },
    source,
  );
