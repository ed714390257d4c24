import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseHandoffRequest } from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { createPublicClient, erc20Abi, http, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { askFaucet } from "#cli/core/dev/askFaucet.ts";
import { type Dev, readDev } from "#cli/core/dev/devFile.ts";
import { latchkey, type Running, scratchFolder, startLatchkey } from "./latchkey.ts";

/** A folder for which `@latchkey/devchain` is installed. */
const cwd = resolve(import.meta.dirname, "../..");

const someone = () => privateKeyToAddress(generatePrivateKey());
const clientOf = ({ rpc }: Dev) => createPublicClient({ transport: http(rpc, { retryCount: 0 }) });
const answers = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  );

describe("latchkey dev", function () {
  this.timeout(120_000);
  let home: string;
  let remove: () => Promise<void>;
  let running: Running;
  let dev: Dev;
  const started: Running[] = [];
  /** Starts one with `--json`, and waits until it is there. */
  const start = async (folder: string, ...typed: string[]) => {
    const one = await startLatchkey({ home: folder, cwd }, "dev", "--port", "0", "--json", ...typed);
    started.push(one);
    const [line] = await one.until(/^\{.*\}$/m);
    return { running: one, dev: JSON.parse(line) as Dev };
  };
  before(async () => {
    const scratch = await scratchFolder();
    remove = scratch.remove;
    home = join(scratch.path, "home");
    ({ running, dev } = await start(home));
  });
  after(async () => {
    for (const { child } of started) child.kill("SIGKILL");
    await remove();
  });

  it("prints one JSON object, and writes the same into dev.json, for its user alone", () => {
    expect(running.printed.stdout.match(/\n/g)).to.have.length(1);
    expect(running.printed.stderr).to.equal("");
    expect(JSON.parse(readFileSync(join(home, "dev.json"), "utf8"))).to.deep.equal(dev);
    expect(dev.pid).to.equal(running.child.pid);
    expect(statSync(home).mode & 0o777).to.equal(0o700);
    expect(statSync(join(home, "dev.json")).mode & 0o777).to.equal(0o600);
    expect(readdirSync(home)).to.deep.equal(["dev.json"]);
  });

  it("is found by the other commands", async () => {
    expect(await readDev(home)).to.deep.equal(dev);
  });

  it("gives the other commands its node, its page and its USDC, and a new key gas", async () => {
    const limit = `usdc:1:20/day@${dev.shop?.address}`;
    const asked = await latchkey({ home }, "request", "--allow", limit, "--no-wait", "--json");
    expect(asked.stderr).to.equal("");
    const { link, key } = JSON.parse(asked.stdout);
    expect(link.startsWith(dev.page)).to.equal(true);
    const { permissions } = parseHandoffRequest(link);
    expect(JSON.stringify(permissions).toLowerCase()).to.include(dev.usdc?.toLowerCase());
    expect(await clientOf(dev).getBalance({ address: key })).to.equal(parseEther("10"));
    expect(existsSync(join(home, "sessions/default/settings.json"))).to.equal(false);
    rmSync(join(home, "sessions"), { recursive: true });
  });

  it("serves the page, which knows the chain", async () => {
    expect(await (await fetch(dev.page)).text()).to.include("<title>Latchkey</title>");
    const { chains } = (await (await fetch(`${dev.page}config.json`)).json()) as { chains: object[] };
    expect(chains[0]).to.include({ id: dev.chainId, rpc: dev.rpc, usdc: dev.usdc });
  });

  it("has a chain with USDC and Latchkey, whose clock runs", async () => {
    const client = clientOf(dev);
    expect(await client.getChainId())
      .to.equal(dev.chainId)
      .and.to.equal(31_337);
    for (const address of [dev.usdc, dev.module])
      expect(await client.getCode({ address: address ?? "0x" })).to.match(/^0x../);
    const { timestamp } = await client.getBlock();
    await sleep(5_000);
    expect(Number((await client.getBlock()).timestamp)).to.be.greaterThan(Number(timestamp));
  });

  it("has a shop that asks for the prices it prints", async () => {
    const { urls, prices, address } = dev.shop ?? expect.fail("no shop");
    expect(Object.keys(urls)).to.include("weather-report").and.to.deep.equal(Object.keys(prices));
    for (const [name, url] of Object.entries(urls)) {
      const answer = await fetch(url);
      expect(answer.status).to.equal(402);
      const required = JSON.parse(atob(answer.headers.get("payment-required") ?? ""));
      expect(required.accepts[0]).to.include({ payTo: address, amount: `${Number(prices[name]) * 1e6}` });
    }
  });

  it("has a faucet: 10 ETH for a key, 100 USDC for an account", async () => {
    const [key, account] = [someone(), someone()];
    expect(await askFaucet(dev, key, "ether")).to.equal(true);
    expect(await askFaucet(dev, account, "usdc")).to.equal(true);
    const client = clientOf(dev);
    const usdcOf = (owner: `0x${string}`) =>
      client.readContract({
        address: dev.usdc ?? "0x",
        abi: erc20Abi,
        functionName: "balanceOf",
        args: [owner],
      });
    expect(await client.getBalance({ address: key })).to.equal(parseEther("10"));
    expect(await client.getBalance({ address: account })).to.equal(0n);
    expect(await usdcOf(account)).to.equal(100_000_000n);
    expect(await usdcOf(key)).to.equal(0n);
  });

  for (const [what, change, status] of [
    ["a web page", { headers: { origin: "https://evil.example" } }, 403],
    ["its own page", { headers: { origin: "http://localhost:4173" } }, 403],
    ["a page without an origin", { headers: { origin: "null" } }, 403],
    ["a request that a page may send without asking", { headers: { "content-type": "text/plain" } }, 415],
    ["another method", { method: "PUT" }, 405],
    ["a browser that asks first", { method: "OPTIONS", headers: { origin: "https://evil.example" } }, 403],
    ["an address that is not one", { body: '{"address":"0x12","give":"usdc"}' }, 400],
    ["a gift that it does not have", { body: `{"address":"${someone()}","give":"dai"}` }, 400],
    ["an amount", { body: `{"address":"${someone()}","give":"usdc","amount":"1000"}` }, 400],
    ["what is not JSON", { body: "address" }, 400],
    ["a long body", { body: `{"address":"${"0".repeat(2_000)}"}` }, 413],
  ] as const)
    it(`has a faucet that refuses ${what} with ${status}`, async () => {
      const { faucet = "" } = dev;
      const { method = "POST", headers = {}, body } = change as RequestInit;
      const answer = await fetch(faucet, {
        method,
        headers: { "content-type": "application/json", ...headers },
        ...(method === "OPTIONS"
          ? {}
          : { body: body ?? JSON.stringify({ address: someone(), give: "ether" }) }),
      });
      expect(answer.status).to.equal(status);
      expect(answer.headers.get("access-control-allow-origin")).to.equal(null);
    });

  it("has a faucet that refuses another path, and another host's name", async () => {
    const { port, pathname } = new URL(dev.faucet ?? "");
    expect((await fetch(`http://127.0.0.1:${port}/`, { method: "POST" })).status).to.equal(404);
    const { request } = await import("node:http");
    const rebound = request({
      port,
      host: "127.0.0.1",
      path: pathname,
      method: "POST",
      headers: { host: `evil.example:${port}`, "content-type": "application/json" },
    });
    rebound.end(JSON.stringify({ address: someone(), give: "ether" }));
    const [answer] = await once(rebound, "response");
    answer.resume();
    expect(answer.statusCode).to.equal(421);
  });

  it("refuses to run twice with the same folder, and leaves the first as it is", async () => {
    const second = await latchkey({ home, cwd }, "dev", "--port", "0", "--json");
    expect(second.stdout).to.equal("");
    const failure = JSON.parse(second.stderr);
    expect(failure).to.include({ code: "DEV_RUNS", exitCode: 7 });
    expect(failure.message).to.include(`process ${dev.pid}`).and.to.include(dev.page);
    expect(second.code).to.equal(7);
    expect(await readDev(home)).to.deep.equal(dev);
  });

  it("names a port that another program has, and leaves nothing behind", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const elsewhere = join(home, "../taken");
    const ended = await latchkey({ home: elsewhere, cwd }, "dev", "--port", `${port}`);
    other.close();
    expect(ended.stdout).to.equal("");
    expect(ended.stderr).to.match(new RegExp(`error: Port ${port} is taken.*\\(PORT_TAKEN\\)\n.*--port`));
    expect(ended.code).to.equal(2);
    expect(existsSync(join(elsewhere, "dev.json"))).to.equal(false);
  });

  for (const [what, pid] of [
    ["has ended", 2 ** 22 + 1],
    ["is another program's by now", process.pid],
  ] as const)
    it(`replaces a dev.json whose process ${what}, and ignores it until then`, async () => {
      const elsewhere = join(home, "../stale");
      mkdirSync(elsewhere, { recursive: true, mode: 0o700 });
      const page = "http://localhost:9/";
      writeFileSync(join(elsewhere, "dev.json"), JSON.stringify({ ...dev, page, pid }));
      expect(await readDev(elsewhere)).to.equal(undefined);
      const { running: next, dev: fresh } = await start(elsewhere, "--rpc", dev.rpc);
      expect(await readDev(elsewhere)).to.deep.equal(fresh);
      next.child.kill("SIGINT");
      expect((await next.ended).code).to.equal(0);
    });

  it("ignores a dev.json that is not one", async () => {
    const elsewhere = join(home, "../damaged");
    mkdirSync(elsewhere, { mode: 0o700 });
    for (const text of ["", "{", "[]", '{"rpc":1}']) {
      writeFileSync(join(elsewhere, "dev.json"), text);
      expect(await readDev(elsewhere)).to.equal(undefined);
    }
  });

  it("serves only the page for a chain that is there already", async () => {
    const elsewhere = join(home, "../existing");
    const { running: only, dev: served } = await start(elsewhere, "--rpc", dev.rpc, "--chain-id", "31337");
    const { rpc, chainId, usdc, module } = dev;
    expect(served).to.deep.equal({ rpc, chainId, usdc, module, page: served.page, pid: only.child.pid });
    const { chains } = (await (await fetch(`${served.page}config.json`)).json()) as { chains: object[] };
    expect(chains).to.deep.equal([{ id: chainId, name: "Chain 31337", rpc, usdc }]);
    expect(await askFaucet(served, someone(), "ether")).to.equal(false);
    only.child.kill("SIGTERM");
    expect((await only.ended).code).to.equal(0);
    expect(await clientOf(dev).getChainId()).to.equal(chainId);
  });

  for (const [what, typed, code, says] of [
    ["a port", ["--port", "http"], 2, /--port.*whole number from 0 to 65535/],
    ["a port beyond the last", ["--port", "65536"], 2, /--port.*whole number from 0 to 65535/],
    ["a chain id", ["--chain-id", "0"], 2, /--chain-id.*whole number from 1/],
    ["a node elsewhere without encryption", ["--rpc", "http://node.example"], 2, /--rpc takes a URL/],
    ["a node with a user name", ["--rpc", "https://me:secret@node.example"], 2, /--rpc takes a URL/],
    ["what is not a URL", ["--rpc", "node"], 2, /--rpc takes a URL/],
    ["a node that does not answer", ["--rpc", "http://127.0.0.1:9"], 5, /\(NETWORK\)/],
  ] as const)
    it(`ends with ${code} and says why: ${what}`, async () => {
      const elsewhere = join(home, "../refused");
      const ended = await latchkey({ home: elsewhere, cwd }, "dev", "--port", "0", ...typed);
      expect(ended.stderr).to.match(says).and.not.to.include("secret");
      expect(ended.stdout).to.equal("");
      expect(ended.code).to.equal(code);
    });

  it("says which chain the node has, where it is not the one of --chain-id", async () => {
    const elsewhere = join(home, "../refused");
    const typed = ["dev", "--port", "0", "--rpc", dev.rpc, "--chain-id", "8453"];
    const ended = await latchkey({ home: elsewhere, cwd }, ...typed);
    expect(ended.stderr).to.include("error: the node's chain is 31337, and --chain-id says 8453");
    expect(ended.code).to.equal(2);
  });

  it("says how to install what it needs, where the folder does not have it", async () => {
    const folder = join(home, "../without");
    mkdirSync(folder);
    const ended = await latchkey({ home: join(folder, "home"), cwd: folder }, "dev", "--port", "0");
    expect(ended.stdout).to.equal("");
    expect(ended.stderr).to.include(`@latchkey/devchain is not installed in ${folder}. (NO_DEVCHAIN)`);
    expect(ended.stderr).to.match(/^npm install @latchkey\/devchain@\d+\.\d+\.\d+$/m);
    expect(ended.code).to.equal(5);
  });

  it("says so where the folder has another version of it", async () => {
    const folder = join(home, "../other");
    const installed = join(folder, "node_modules/@latchkey/devchain");
    mkdirSync(installed, { recursive: true });
    writeFileSync(join(installed, "package.json"), JSON.stringify({ version: "9.1.0" }));
    const ended = await latchkey({ home: join(folder, "home"), cwd: folder }, "dev", "--json");
    const failure = JSON.parse(ended.stderr);
    expect(failure.code).to.equal("NO_DEVCHAIN");
    expect(failure.message).to.include("9.1.0");
    expect(ended.code).to.equal(5);
  });

  it("tells people where everything is and what to type next, with the id of a live chain a warning", async () => {
    const elsewhere = join(home, "../people");
    const told = await startLatchkey({ home: elsewhere, cwd }, "dev", "--port", "0", "--chain-id", "8453");
    started.push(told);
    await told.until(/Ctrl-C ends it\./);
    const { stdout, stderr } = told.printed;
    const of = await readDev(elsewhere);
    const { shop, page, rpc, usdc } = of ?? expect.fail("it is not found");
    expect(stdout).to.include(`Chain   8453, JSON-RPC at ${rpc}\n`);
    expect(stdout).to.include(`USDC    ${usdc}\n`);
    expect(stdout).to.include(`Page    ${page}\n`);
    expect(stdout).to.include(`        $0.05  ${shop?.urls["weather-report"]}\n`);
    expect(stdout).to.include(
      `\n  npx latchkey request --allow usdc:1:20/day@${shop?.address} --until 7d\n  npx latchkey pay ${shop?.urls["weather-report"]}\n`,
    );
    expect(stderr).to.include("the id of a live chain");
    told.child.kill("SIGINT");
    expect((await told.ended).code).to.equal(0);
  });

  it("ends with 0 on Ctrl-C, also where npx repeats it, with all that it served, and removes dev.json", async () => {
    running.child.kill("SIGINT");
    await sleep(20);
    running.child.kill("SIGINT");
    expect((await running.ended).code).to.equal(0);
    expect(existsSync(join(home, "dev.json"))).to.equal(false);
    expect(await readDev(home)).to.equal(undefined);
    for (const url of [dev.rpc, dev.page, dev.faucet ?? "", dev.shop?.urls["weather-report"] ?? ""])
      expect(await answers(url), url).to.equal(false);
  });
});
