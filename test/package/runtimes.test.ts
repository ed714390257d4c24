import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type DevChain, startDevChain } from "@latchkey/devchain";
import { proposeSession, serializeGrant, signGrant } from "@latchkey/sdk";
import { expect } from "chai";
import { build } from "esbuild";
import ts from "typescript";
import { createPublicClient, http } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import type { PayersOrders } from "./consumers/payer.mts";
import { runWell } from "./run.ts";
import { root, sharedTarball } from "./tarball.ts";

/**
 * Pinned here and not in the root: they weigh 350 MB, and nothing but this suite runs them. Each brings its program in a
 * package for this platform, so no script has to run at installation.
 */
const RUNTIMES = { bun: "1.4.5", deno: "2.9.6", workerd: "1.20261117.1" };

/** A Worker without Node's compatibility, which may reach this machine. `control-fd` tells the port. */
const WORKERD_CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "payer", worker = .payer),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "payer")],
);
const payer :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-11-01",
);
`;

describe("the package in other runtimes", function () {
  this.timeout(300_000);
  let folder: string;
  let chain: DevChain;
  let orders: PayersOrders;
  let worker: ChildProcess | undefined;

  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "latchkey-runtimes-")));
    await writeFile(join(folder, "package.json"), '{"name":"newcomer","private":true,"type":"module"}');
    const { viem } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies;
    const packages = [(await sharedTarball()).path, `viem@${viem}`];
    for (const [name, version] of Object.entries(RUNTIMES)) packages.push(`${name}@${version}`);
    const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...packages];
    await runWell(folder, "npm", args);
    const source = readFileSync(join(import.meta.dirname, "consumers/payer.mts"), "utf8");
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    await writeFile(join(folder, "payer.mjs"), outputText);
    await writeFile(
      join(folder, "program.mjs"),
      `import { payTwice } from "./payer.mjs";
       const [orders] = globalThis.Deno ? Deno.args : process.argv.slice(2);
       console.log(JSON.stringify(await payTwice(JSON.parse(orders))));`,
    );

    chain = await startDevChain();
    const client = createPublicClient({ chain: chain.chain, transport: http(), pollingInterval: 100 });
    const { address: account, owner } = await chain.createSafe();
    await chain.faucet.mintUsdc(account, "100");
    const privateKey = generatePrivateKey();
    const proposal = await proposeSession(client, {
      account,
      key: privateKeyToAddress(privateKey),
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [chain.shop.address] } },
      until: "7d",
    });
    const grant = serializeGrant(await signGrant(owner, proposal));
    orders = { rpcUrl: chain.url, url: chain.shop.url("weather-report"), privateKey, grant };
  });
  after(async () => {
    worker?.kill();
    await chain?.close();
    await rm(folder, { recursive: true });
  });

  /** The program that npm brought for this platform: what the package's own script would put in its place. */
  const programOf = (pattern: string) =>
    join(
      folder,
      globSync(pattern, { cwd: join(folder, "node_modules") }).map((path) => join("node_modules", path))[0] ??
        expect.fail(`npm brought no ${pattern}`),
    );

  /** Runs what pays twice, and holds it to what the shop got. */
  const expectToPayTwice = async (run: () => Promise<string>) => {
    const before = await chain.usdc.balanceOf(chain.shop.address);
    const answers = JSON.parse(await run());
    expect(answers).to.have.length(2);
    for (const answer of answers) expect(answer).to.match(/^200 true /);
    expect((await chain.usdc.balanceOf(chain.shop.address)) - before).to.equal(100_000n);
  };

  it("pays under Bun", () =>
    expectToPayTwice(() =>
      runWell(folder, programOf("@oven/bun-*/bin/bun*"), ["program.mjs", JSON.stringify(orders)]),
    ));

  it("pays under Deno, which may use the network and nothing else", () =>
    expectToPayTwice(() =>
      runWell(folder, programOf("@deno/*/deno*"), [
        "run",
        "--allow-net=127.0.0.1",
        "--no-prompt",
        "program.mjs",
        JSON.stringify(orders),
      ]),
    ));

  it("pays in workerd, without what it has of Node", async () => {
    await build({
      entryPoints: [join(folder, "payer.mjs")],
      outfile: join(folder, "worker.mjs"),
      bundle: true,
      format: "esm",
      target: "es2022",
      conditions: ["workerd", "worker", "browser"],
      logLevel: "silent",
    });
    await writeFile(join(folder, "workerd.capnp"), WORKERD_CONFIG);
    const started = spawn(
      programOf("@cloudflare/workerd-*/bin/workerd*"),
      ["serve", "--control-fd=1", "workerd.capnp"],
      { cwd: folder, stdio: ["ignore", "pipe", "inherit"] },
    );
    worker = started;
    const [line] = await Promise.race([
      once(createInterface({ input: started.stdout }), "line"),
      once(started, "exit").then(() => expect.fail("workerd ended")),
    ]);
    const { port } = JSON.parse(line);
    await expectToPayTwice(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}`, {
        method: "POST",
        body: JSON.stringify(orders),
      });
      return answer.text();
    });
  });
});
