import { decodeCalldata } from "@latchkey/sdk/encoding";
import type { Command } from "commander";
import { type Hex, isAddress, isHex } from "viem";
import { UsageError } from "../core/UsageError.ts";
import { action, notes } from "../invocation.ts";
import { readStdin } from "../readStdin.ts";

const NOTES = notes(
  `Decodes calldata of Latchkey's contracts: the function, its arguments, and the session that they
carry. Needs no node. That it can be decoded does not mean that the chain would accept it.`,
  [
    "latchkey decode 0x8bd1…",
    "latchkey decode --to 0xModule 0x8bd1… --json",
    "cast tx 0xHash input | latchkey decode -",
  ],
);

/** `latchkey decode` */
export function decode(command: Command): void {
  command
    .argument("<calldata>", "in hex; - reads it from stdin")
    .option("--to <address>", "the called contract")
    .addHelpText("after", NOTES)
    .action(
      action<{ to?: string }, [string]>(async ({ options: { to }, output }, typed) => {
        const data = (typed === "-" ? String(await readStdin()) : typed).trim();
        if (!isHex(data) || data.length % 2 === 1)
          throw new UsageError("the calldata must be hex: 0x and an even number of digits");
        if (to !== undefined && !isAddress(to)) throw new UsageError(`"${to}" is not a valid address`);
        const decoded = decodeCalldata(data as Hex, to === undefined ? {} : { to });
        output.print(decoded, JSON.stringify(decoded, bigintText, 2));
      }),
    );
}

const bigintText = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
