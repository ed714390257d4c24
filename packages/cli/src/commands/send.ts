import type { Command } from "commander";
import { isAddress } from "viem";
import { sendPayment } from "../core/sendPayment.ts";
import { UsageError } from "../core/UsageError.ts";
import { action, type NodeOptions, notes, withRpc } from "../invocation.ts";

const NOTES = notes(
  `Pays by a transaction of the session's key, which needs gas, and waits until it is mined. The
amount is in whole tokens; the token is usdc, native or an address, and may be omitted if the
session has one.

After Ctrl-C or a failed connection, the same command waits for the transaction that was sent.`,
  [
    "latchkey send 0xPayee 1.50",
    'latchkey send 0xPayee 0.01 native --purpose "for a book"',
    "latchkey send 0xPayee 5 usdc --json",
  ],
);

type Options = NodeOptions & { purpose?: string; again?: boolean };

/** `latchkey send` */
export function send(command: Command): void {
  withRpc(
    command
      .argument("<to>", "the payee's address")
      .argument("<amount>", "in whole tokens")
      .argument("[token]", "usdc, native or an address")
      .option("--purpose <text>", "what it is for, for the ledger")
      .option("--again", "pay although the outcome of an equal payment is not known"),
  )
    .addHelpText("after", NOTES)
    .action(
      action<Options, [string, string, string | undefined]>(
        async ({ options, output, home, folder, signal }, to, amount, token) => {
          const { rpc, purpose, again } = options;
          if (!isAddress(to)) throw new UsageError(`"${to}" is not a valid address`);
          if (!/^\d+(\.\d+)?$/.test(amount))
            throw new UsageError(`"${amount}" is not an amount in whole tokens, for example 1.50`);
          const named = token?.toLowerCase();
          if (named !== undefined && named !== "usdc" && named !== "native" && !isAddress(named))
            throw new UsageError(`"${token}" is neither usdc nor native nor a valid address`);
          const note = (text: string) => output.note(text);
          const sent = await sendPayment({
            ...{ home, folder, rpc, to, amount, purpose, again, signal, note },
            token: named,
          });
          const { transaction, symbol = "", resumed } = sent;
          output.print(
            sent,
            `Paid ${amount} ${symbol} to ${to}${resumed ? ", by the payment that was sent before" : ""}\n${transaction}`,
          );
        },
      ),
    );
}
