import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DevChainError } from "./DevChainError.ts";

/** A node that was started, with nothing on its chain. */
export type Anvil = {
  url: string;
  close(): Promise<void>;
};

/** The npm packages that have the program, by platform and processor as Node calls them. */
const PACKAGES: Record<string, string> = {
  "darwin arm64": "@foundry-rs/anvil-darwin-arm64",
  "darwin x64": "@foundry-rs/anvil-darwin-amd64",
  "linux arm64": "@foundry-rs/anvil-linux-arm64",
  "linux x64": "@foundry-rs/anvil-linux-amd64",
  "win32 x64": "@foundry-rs/anvil-win32-amd64",
};

/** In milliseconds. */
const PATIENCE = 30_000;

/**
 * Where the program is. npm installs the one package that fits, and nothing of anvil's has to be run for that.
 * @throws {DevChainError} NO_ANVIL.
 */
function findAnvil(): string {
  const { platform, arch } = process;
  const name = PACKAGES[`${platform} ${arch}`];
  if (!name) throw new DevChainError("NO_ANVIL", `There is no anvil for ${platform} on ${arch}.`);
  try {
    const anvil = createRequire(createRequire(import.meta.url).resolve("@foundry-rs/anvil/package.json"));
    const folder = dirname(anvil.resolve(`${name}/package.json`));
    return join(folder, "bin", platform === "win32" ? "anvil.exe" : "anvil");
  } catch (cause) {
    throw new DevChainError(
      "NO_ANVIL",
      `${name} is not installed. Install @latchkey/devchain again, with its optional dependencies.`,
      { cause },
    );
  }
}

/** A process between this one and anvil: its input ends however this process ends, and then it ends anvil. */
const GUARD = `
const { spawn } = require("node:child_process");
const [program, ...args] = process.argv.slice(1);
const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
child.on("error", (error) => { console.error(error.message); process.exit(1); });
child.on("exit", (code) => process.exit(code ?? 1));
for (const name of ["end", "close", "error"]) process.stdin.on(name, () => child.kill("SIGKILL"));
process.stdin.resume();
`;

/**
 * Starts anvil on this machine's own address. It ends with this process, however that ends.
 *
 * @param parameters.port 0: a free one.
 * @param parameters.blockTime Seconds between two blocks. A transaction has a block of its own at once, with it and without.
 * @throws {DevChainError} NO_ANVIL, PORT_TAKEN or NOT_STARTED.
 */
export async function startAnvil({
  chainId,
  port,
  blockTime,
}: {
  chainId: number;
  port: number;
  blockTime?: number | undefined;
}): Promise<Anvil> {
  const args = ["--host", "127.0.0.1", "--port", `${port}`, "--chain-id", `${chainId}`];
  args.push("--hardfork", "osaka", "--accounts", "1");
  if (blockTime !== undefined) args.push("--block-time", `${blockTime}`, "--mixed-mining");
  const guard = spawn(process.execPath, ["--eval", GUARD, findAnvil(), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    // Ctrl-C in a terminal is for this process, which may have to use the chain once more before it ends.
    detached: process.platform !== "win32",
    windowsHide: true,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  // A guard that ended early has no input any more.
  guard.stdin.on("error", () => {});
  const ended = new Promise<void>((done) => guard.once("close", () => done()));
  const close = async () => {
    guard.stdin.destroy();
    await ended;
  };
  let output = "";
  let timer: NodeJS.Timeout | undefined;
  try {
    const address = await new Promise<string>((done, fail) => {
      const hear = (chunk: Buffer) => {
        // What it prints later is of every request.
        if (output.length < 10_000) output += chunk;
        const listening = /Listening on (\S+)/.exec(output)?.[1];
        if (listening) done(listening);
      };
      guard.stdout.on("data", hear);
      guard.stderr.on("data", hear);
      guard.once("error", fail);
      guard.once("close", () => fail(new Error(output.trim() || "anvil ended")));
      timer = setTimeout(() => fail(new Error(`anvil does not listen:\n${output}`)), PATIENCE);
    });
    return { url: `http://${address}`, close };
  } catch (cause) {
    await close();
    if (/address already in use|os error 98|os error 48|os error 10048/i.test(output))
      throw new DevChainError(
        "PORT_TAKEN",
        `Another program has port ${port}. Leave it out for a free one.`,
        {
          cause,
        },
      );
    throw new DevChainError("NOT_STARTED", `anvil did not start: ${String((cause as Error).message)}`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}
