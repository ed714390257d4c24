import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseHandoffRequest } from "@latchkey/sdk/handoff";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { expect } from "chai";
import { type Address, createPublicClient, erc20Abi, http } from "viem";
import { type Human, openHuman } from "../page/environment/Human.ts";
import { button, openReview, textOf } from "../page/environment/screens.ts";
import { readShellBlocks } from "../scripts/shellBlocks.ts";
import { installedNodes } from "./installedNodes.ts";
import { runWell } from "./run.ts";
import { type Published, root, sharedTarball } from "./tarball.ts";

const nodes = await installedNodes();
const MEGABYTE = 1_000_000;
/** For the command line alone, as it is on disk. */
const MOST_INSTALLED = 40 * MEGABYTE;

/** The lines of the page that are typed, in their order. */
const [, install = "", dev = "", request = "", pay = "", payTooMuch = "", status = "", ...others] = (
  await readShellBlocks("docs/quickstart.md")
).flatMap(({ commands }) => commands);

const tarballs = (...names: Published[]) =>
  Promise.all(names.map(async (name) => (await sharedTarball(name)).path));

/** Everything below a folder, with itself. */
const walk = (path: string): string[] => [
  path,
  ...(lstatSync(path).isDirectory() ? readdirSync(path).flatMap((name) => walk(join(path, name))) : []),
];

const isServed = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  );

const emptyFolder = async () => realpath(await mkdtemp(join(tmpdir(), "latchkey-quickstart-")));

/** As the page says, with files for what is not published yet. */
const npmInstall = (folder: string, ...packages: string[]) =>
  runWell(folder, "npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...packages]);

describe("latchkey, installed alone in an empty folder", function () {
  this.timeout(300_000);
  let folder: string;
  before(async () => {
    folder = await emptyFolder();
    await runWell(folder, "npm", ["init", "-y"]);
    await npmInstall(folder, ...(await tarballs("cli")));
  });
  after(() => rm(folder, { recursive: true }));

  it("takes at most 40 MB, without any other package", () => {
    const modules = join(folder, "node_modules");
    expect(readdirSync(modules).filter((name) => !name.startsWith("."))).to.deep.equal(["latchkey"]);
    const bytes = walk(modules).reduce((sum, path) => sum + lstatSync(path).blocks * 512, 0);
    // Less would mean that what was measured is not the command line.
    expect(bytes).to.be.within(MEGABYTE / 2, MOST_INSTALLED);
  });

  for (const [version, node] of nodes)
    it(`prints its help, under Node ${version}`, async () => {
      const help = await runWell(folder, node, ["node_modules/latchkey/dist/latchkey.js", "--help"]);
      expect(help).to.match(/^Usage: latchkey /);
    });
});

describe("docs/quickstart.md, in an empty folder, with the packed packages", function () {
  this.timeout(300_000);
  let folder: string;
  let human: Human | undefined;
  const running: ChildProcess[] = [];
  /** All that any command has printed. */
  let printed = "";

  /** Starts a line of the page in the folder, with a user's folder and a Node of its own. */
  function start(line: string, home: string, node: string) {
    const path = [dirname(node), process.env.PATH].join(delimiter);
    const kept = ["NODE_EXTRA_CA_CERTS", "LANG", "TMPDIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];
    const env = Object.fromEntries(kept.map((name) => [name, process.env[name]]));
    // A group of its own, as a terminal's shell makes one for each line.
    const child = spawn(line, {
      cwd: folder,
      shell: true,
      detached: true,
      env: { ...env, PATH: path, HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.push(child);
    const own = { stdout: "", stderr: "" };
    let wake = () => {};
    for (const name of ["stdout", "stderr"] as const)
      child[name].on("data", (chunk) => {
        own[name] += chunk;
        printed += chunk;
        wake();
      });
    const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((done, fail) => {
      child.on("error", fail);
      child.on("close", (code) => {
        done({ code, ...own });
        wake();
      });
    });
    return {
      ended,
      /** Ctrl-C in a terminal, which every process of the group gets. */
      interrupt: () => process.kill(-(child.pid ?? 0), "SIGINT"),
      async until(pattern: RegExp): Promise<RegExpExecArray> {
        for (;;) {
          const found = pattern.exec(own.stdout) ?? pattern.exec(own.stderr);
          if (found) return found;
          if (child.exitCode !== null)
            throw new Error(`ended before ${pattern}:\n${own.stdout}${own.stderr}`);
          await new Promise<void>((done) => {
            wake = done;
          });
        }
      },
    };
  }

  before(async () => {
    folder = await emptyFolder();
    await runWell(folder, "npm", ["init", "-y"]);
    expect(install).to.equal("npm install latchkey @latchkey/devchain");
    const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const packed = await tarballs("cli", "devchain", "page", "sdk", "agent-tools");
    await npmInstall(folder, ...packed, `viem@${devDependencies.viem}`);
  });
  afterEach(async () => {
    await human?.close();
    human = undefined;
    for (const { pid = 0, exitCode, signalCode } of running.splice(0))
      if (exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
  });
  after(() => rm(folder, { recursive: true }));

  it("is run here line by line", () => {
    expect([dev, request, pay, payTooMuch, status]).to.satisfy((lines: string[]) =>
      lines.every((line) => line.startsWith("npx latchkey ")),
    );
    expect(others).to.deep.equal([]);
  });

  for (const [version, node] of nodes)
    it(`pays the shop after one tap, under Node ${version}`, async () => {
      const home = join(folder, `home-${version}`);
      await mkdir(home);
      printed = "";
      // The page's port is taken where somebody tries it on this machine.
      const serving = start(`${dev} --port 0`, home, node);
      await serving.until(/Ctrl-C ends it/);
      const kept = join(home, ".config/latchkey");
      const { rpc, page, usdc, shop } = JSON.parse(readFileSync(join(kept, "dev.json"), "utf8")) as {
        rpc: string;
        page: string;
        usdc: Address;
        shop: { address: Address; urls: Record<string, string> };
      };
      const { port } = new URL(shop.urls["weather-report"] ?? "");
      const typed = (line: string) => line.replace("0xShop", shop.address).replace("PORT", port);
      await serving.until(
        new RegExp(`^ {2}${escapeText(typed(request))}\n {2}${escapeText(typed(pay))}\n`, "m"),
      );

      const asking = start(typed(request), home, node);
      const [link] = await asking.until(/^http:\/\/localhost:\d+\/#request=\S+/m);
      human = await openHuman([new URL(page).origin, rpc]);
      human.allow(parseHandoffRequest(link).callback);
      await openReview(human, link, /spend from your account/);
      const review = await textOf(human);
      expect(printed).to.include(/\b[A-Z0-9]{3,4}-[A-Z0-9]{3,4}\b/.exec(review)?.[0] ?? "no code");
      await button(human, "Create a passkey").click();
      await button(human, "Allow with passkey").click();
      expect((await asking.ended).code).to.equal(0);
      expect(human.prompts).to.deep.equal({ created: 1, asserted: 1 });

      const client = createPublicClient({ transport: http(rpc) });
      const soldFor = () =>
        client.readContract({
          address: usdc,
          abi: erc20Abi,
          functionName: "balanceOf",
          args: [shop.address],
        });
      const bought = await start(typed(pay), home, node).ended;
      expect(bought.code, bought.stderr).to.equal(0);
      expect(JSON.parse(bought.stdout)).to.include({ sold: "weather-report" });
      expect(bought.stderr).to.include("0.05");
      expect(await soldFor()).to.equal(50_000n);

      const refused = await start(typed(payTooMuch), home, node).ended;
      expect(refused.code).to.equal(3);
      expect(refused.stdout).to.equal("");
      expect(refused.stderr).to.match(/^error: /m);
      expect(await soldFor()).to.equal(50_000n);

      const left = await start(status, home, node).ended;
      expect(left.code).to.equal(0);
      expect(left.stdout).to.match(/^USDC +19(\.\d+)? of 20 available/m);

      // What is kept is for its user alone, and the key is in none of what was printed.
      for (const path of walk(kept))
        expect(lstatSync(path).mode & 0o777, path).to.equal(lstatSync(path).isDirectory() ? 0o700 : 0o600);
      const { privateKey } = JSON.parse(readFileSync(join(kept, "sessions/default/key.json"), "utf8")) as {
        privateKey: string;
      };
      expect(privateKey).to.match(/^0x[0-9a-f]{64}$/);
      expect(printed.toLowerCase()).not.to.include(privateKey.slice(2));

      serving.interrupt();
      // npx ends as its shell does, by the signal.
      await serving.ended;
      while (existsSync(join(kept, "dev.json"))) await sleep(100);
      expect(await isServed(rpc)).to.equal(false);
      await human.close();
      expect(human.problems).to.deep.equal([]);
    });

  it("pays the shop through MCP after one tap, as the page configures it", async () => {
    const home = join(folder, "home-mcp");
    await mkdir(home);
    printed = "";
    const serving = start(`${dev} --port 0`, home, process.execPath);
    await serving.until(/Ctrl-C ends it/);
    const { rpc, page, usdc, shop } = JSON.parse(
      readFileSync(join(home, ".config/latchkey/dev.json"), "utf8"),
    ) as {
      rpc: string;
      page: string;
      usdc: Address;
      shop: { address: Address; urls: Record<string, string> };
    };
    const [, json = ""] =
      /^```json\n(.*)\n```/m.exec(readFileSync(join(root, "docs/quickstart.md"), "utf8")) ?? [];
    const { command, args } = JSON.parse(json).mcpServers.latchkey as { command: string; args: string[] };
    const transport = new StdioClientTransport({
      command,
      args,
      cwd: folder,
      env: { PATH: [dirname(process.execPath), process.env.PATH].join(delimiter), HOME: home },
      stderr: "pipe",
    });
    transport.stderr?.on("data", (chunk) => {
      printed += chunk;
    });
    const client = new Client({ name: "a host", version: "1.0.0" });
    await client.connect(transport);
    try {
      const call = async (name: string, input: Record<string, unknown> = {}) => {
        const answer = await client.callTool({ name, arguments: input });
        printed += JSON.stringify(answer);
        return { isError: answer.isError === true, ...(answer.structuredContent as Record<string, unknown>) };
      };
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).to.include.members(["request_session", "pay_request"]);

      const budgets = [
        { token: "usdc", perPayment: "1", limit: "20", per: "day", recipients: [shop.address] },
      ];
      const { link } = (await call("request_session", { budgets, until: "7d" })) as { link?: string };
      human = await openHuman([new URL(page).origin, rpc]);
      human.allow(parseHandoffRequest(link ?? "").callback);
      await openReview(human, link ?? "", /spend from your account/);
      await button(human, "Create a passkey").click();
      await button(human, "Allow with passkey").click();
      await human.page.getByRole("link", { name: "Manage" }).first().waitFor();

      // The answer is on its way, and its transactions with it: until then there is no session. What was sold is counted below.
      const buy = () => call("pay_request", { url: shop.urls["weather-report"] });
      let bought = await buy();
      for (const end = Date.now() + 30_000; bought.isError && Date.now() < end; bought = await buy())
        await new Promise((done) => setTimeout(done, 250));
      expect(bought, JSON.stringify(bought)).to.include({ isError: false, status: 200, paid: "0.05 USDC" });
      expect(JSON.stringify(bought)).to.include("weather-report");
      const refused = await call("pay_request", { url: shop.urls["market-study"] });
      expect(refused).to.include({ isError: true });
      const reader = createPublicClient({ transport: http(rpc) });
      const soldFor = await reader.readContract({
        address: usdc,
        abi: erc20Abi,
        functionName: "balanceOf",
        args: [shop.address],
      });
      expect(soldFor).to.equal(50_000n);
      const { privateKey } = JSON.parse(
        readFileSync(join(home, ".config/latchkey/sessions/default/key.json"), "utf8"),
      ) as { privateKey: string };
      expect(printed.toLowerCase()).not.to.include(privateKey.slice(2));
      expect(human.problems).to.deep.equal([]);
    } finally {
      await client.close();
    }
  });

  it("says so where anvil is not installed", async () => {
    const scope = join(folder, "node_modules/@foundry-rs");
    const programs = readdirSync(scope).filter((name) => name.startsWith("anvil-"));
    expect(programs).not.to.be.empty;
    for (const name of programs) await rename(join(scope, name), join(scope, `.${name}`));
    const home = join(folder, "home-without-anvil");
    await mkdir(home);
    const { code, stdout, stderr } = await start(dev, home, process.execPath).ended;
    for (const name of programs) await rename(join(scope, `.${name}`), join(scope, name));
    expect(stdout).to.equal("");
    expect(stderr).to.match(/error: @foundry-rs\/anvil-.* is not installed.*\(NO_ANVIL\)/);
    expect(code).to.equal(5);
  });
});

const escapeText = (text: string) => text.replaceAll(/[.?+*/()[\]\\^$|{}]/g, "\\$&");
