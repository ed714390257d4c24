import type { Command } from "commander";
import { type Check, diagnose } from "../core/diagnose.ts";
import { action, type NodeOptions, notes, withRpc } from "../invocation.ts";

const NOTES = notes(
  `Looks at everything that a payment needs: folder, store, grant, node, clock, module, session, the
account's balance, whether it pays by x402, the key's gas, and a facilitator. Says what is wrong
and what to do, and ends with the exit code of the first thing that is wrong.`,
  ["latchkey doctor", "latchkey doctor --facilitator https://facilitator.example --json"],
);

const SIGN = { ok: "ok  ", note: "note", wrong: "FAIL", skipped: "-   " } as const;

/** `latchkey doctor` */
export function doctor(command: Command): void {
  withRpc(command.option("--facilitator <url>", "of a facilitator of x402 that shall settle the payments"))
    .addHelpText("after", NOTES)
    .action(
      action<NodeOptions & { facilitator?: string }>(async ({ options, output, home, folder }) => {
        const { rpc, facilitator } = options;
        output.note("Looking …");
        const checks = await diagnose({ home, folder, rpc, facilitator });
        const isWell = checks.every(({ state }) => state !== "wrong");
        output.print({ ok: isWell, checks }, checks.map(checkText).join("\n"));
        process.exitCode = checks.find(({ state }) => state === "wrong")?.exitCode ?? 0;
      }),
    );
}

const checkText = ({ name, state, found, whatToDo }: Check) =>
  [`${SIGN[state]}  ${name.padEnd(12)}${found}`, ...whatToDo.map((one) => `                  ${one}`)].join(
    "\n",
  );
