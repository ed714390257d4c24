import { usdcAddress } from "@latchkey/sdk";
import { type Command, InvalidArgumentError } from "commander";
import type { Dev } from "../core/dev/devFile.ts";
import { startDev } from "../core/dev/startDev.ts";
import { action, notes } from "../invocation.ts";

const NOTES = notes(
  `Starts a development chain with genuine USDC and Safe, a shop that sells by x402, a faucet, and
the page where an owner allows agents to spend. The other commands use its chain and its page
while it runs. It needs @latchkey/devchain in this folder: npm install @latchkey/devchain Nothing
on it is worth anything, and Ctrl-C discards it.`,
  ["latchkey dev", "latchkey dev --port 0 --json", "latchkey dev --rpc http://127.0.0.1:8545"],
);

const wholeNumber = (least: number, most: number) => (text: string) => {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new InvalidArgumentError(`Pass a whole number from ${least} to ${most}.`);
};

type Options = { port: number; chainId?: number; rpc?: string };

/** `latchkey dev` */
export function dev(command: Command): void {
  command
    .option("--port <number>", "of the page; 0: a free one", wholeNumber(0, 65_535), 4173)
    .option("--chain-id <number>", "of the chain; default: 31337", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--rpc <url>", "a node that runs already: only the page is served, for its chain")
    .addHelpText("after", NOTES)
    .action(
      action<Options>(async ({ options: { port, chainId, rpc }, output, home, signal }) => {
        output.note(rpc === undefined ? "Starting a chain …" : "Starting the page …");
        const running = await startDev({ folder: process.cwd(), home, port, chainId, rpc });
        try {
          output.print(running.dev, describe(running.dev));
          if (!running.hasModule)
            output.note("The chain does not have Latchkey's contracts: nothing can be allowed on it.");
          if (rpc === undefined && usdcAddress(running.dev.chainId) !== undefined)
            output.note("This is the id of a live chain: what a key signs here is valid there too.");
          output.note("Ctrl-C ends it.");
          await aborted(signal);
        } finally {
          await running.close();
        }
      }),
    );
}

/** For people: where everything is, and what to type next. */
function describe({ rpc, page, chainId, usdc, module, shop }: Dev): string {
  const row = (name: string, value: string) => `${name.padEnd(8)}${value}`;
  const [first = ""] = Object.values(shop?.urls ?? {});
  return [
    row("Chain", `${chainId}, JSON-RPC at ${rpc}`),
    ...(usdc === undefined ? [] : [row("USDC", usdc)]),
    row("Module", module),
    row("Page", page),
    ...(shop === undefined ? [] : [row("Shop", shop.address)]),
    ...Object.entries(shop?.urls ?? {}).map(([name, url]) =>
      row("", `$${shop?.prices[name]?.padEnd(5)} ${url}`),
    ),
    "",
    "Next, in another terminal:",
    `  npx latchkey request --allow usdc:1:20/day@${shop?.address ?? "0xShop"} --until 7d`,
    `  npx latchkey pay ${first || "https://shop.example/report"}`,
  ].join("\n");
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((done) => {
    if (signal.aborted) return done();
    signal.addEventListener("abort", () => done(), { once: true });
  });
