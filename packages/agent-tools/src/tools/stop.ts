import { renounceSession, sessionStatus } from "@latchkey/sdk";
import { createClient, custom } from "viem";
import { waitForTransactionReceipt } from "viem/actions";
import * as z from "zod";
import type { OpenSource } from "../AgentSource.ts";
import { defineTool } from "../defineTool.ts";
import { requireGas } from "../requireGas.ts";
import { ToolFailure } from "../ToolRefusal.ts";

/** Ends the session for good. */
export const stop = (source: OpenSource) =>
  defineTool(
    {
      name: "stop",
      title: "End the session",
      description:
        "Ends your session for good: from then on you can pay nothing, and payments that have not settled become invalid. Call it when the work is done, " +
        "when the user says so, or when the key may have leaked. Needs gas; without it the owner has to stop the session at the page. Deletes no file.",
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
      input: z.strictObject({}),
      output: {
        transaction: z.string().optional().describe("Absent if it had ended before."),
        alreadyOver: z.boolean(),
      },
      async run(_, { progress }) {
        const session = await source.session();
        const { client, key, grant, options } = session;
        if ((await sessionStatus(client, grant)).state === "REVOKED") return { alreadyOver: true };
        await requireGas(
          session,
          `Or ask the owner to stop the session at ${options.page ?? "the page"}. Until then it can still be used.`,
        );
        progress("Ending the session");
        const wallet = createClient({
          account: key,
          chain: client.chain,
          transport: custom({ request: client.request as never }, { retryCount: 0 }),
        });
        const hash = await renounceSession(wallet, { grant });
        const { status } = await waitForTransactionReceipt(client, { hash, timeout: 90_000 });
        if (status !== "success")
          throw new ToolFailure({
            code: "NOT_PAID",
            message: "The transaction failed: the session has not ended.",
            whatToDo: [`Try again, or ask the owner to stop it at ${options.page ?? "the page"}.`],
            retryable: true,
            transaction: hash,
          });
        return { transaction: hash, alreadyOver: false };
      },
    },
    source,
  );
