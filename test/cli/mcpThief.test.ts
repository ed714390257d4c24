import { spawn } from "node:child_process";
import { chmodSync, cpSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { expect } from "chai";
import { parseUnits } from "viem";
import { bundle, scratchFolder, startLatchkey } from "./latchkey.ts";
import { json, openWorld, type World } from "./World.ts";

type Answer = Record<string, unknown>;

/** What a host, a model, a program of the same user, or a page in a browser could try. */
describe("latchkey mcp against a thief", function () {
  this.timeout(300_000);
  let world: World;
  let path: string;
  /** With a session of $1 a payment and $20 a day, for the shop alone. */
  let good: string;
  let home: string;
  let secret: string;
  let remove: () => Promise<void>;
  let report: string;
  const price = parseUnits("0.05", 6);
  const closing: (() => unknown)[] = [];
  before(async () => {
    world = await openWorld();
    report = world.chain.shop.url("report");
    ({ path, remove } = await scratchFolder());
    good = join(path, "good");
    await world.grantTo({ home: good });
    const { address } = await json({ home: good }, "keygen");
    await world.chain.faucet.sendEther(address, "1");
    secret = JSON.parse(readFileSync(join(good, "sessions/default/key.json"), "utf8")).privateKey.slice(2);
  });
  after(async () => {
    await world?.close();
    await remove?.();
  });
  beforeEach(() => {
    home = join(path, "home");
    rmSync(home, { recursive: true, force: true });
    cpSync(good, home, { recursive: true });
    // Folders are copied with the usual mode.
    for (const one of [home, join(home, "sessions"), folder()]) chmodSync(one, 0o700);
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  const folder = () => join(home, "sessions/default");
  const paid = () => world.chain.usdc.balanceOf(world.chain.shop.address);
  const environment = () => ({ PATH: process.env.PATH ?? "", HOME: home, LATCHKEY_HOME: home });

  /** A server of this home, and its client. */
  async function open() {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [await bundle(), "mcp"],
      env: environment(),
      stderr: "pipe",
    });
    const client = new Client({ name: "a host", version: "1.0.0" });
    await client.connect(transport);
    closing.push(() => client.close());
    const call = async (name: string, input: Answer = {}, options = {}): Promise<Answer> => {
      const { structuredContent } = await client.callTool({ name, arguments: input }, undefined, {
        timeout: 120_000,
        ...options,
      });
      expect(JSON.stringify(structuredContent)).not.to.contain(secret);
      return structuredContent as Answer;
    };
    return { client, call, pid: () => transport.pid as number };
  }

  /** A server that is sent lines, whatever they are. */
  async function openRaw(...typed: string[]) {
    const args = [await bundle(), "mcp", ...typed];
    const child = spawn(process.execPath, args, { env: environment(), stdio: "pipe" });
    child.setMaxListeners(100);
    closing.push(() => child.kill("SIGKILL"));
    const answers = new Map<number, Answer>();
    let [printed, complaints] = ["", ""];
    let look = () => {};
    createInterface({ input: child.stdout }).on("line", (line) => {
      printed += line;
      const message = JSON.parse(line);
      if (typeof message.id === "number") answers.set(message.id, message);
      look();
    });
    child.stderr.on("data", (chunk) => {
      complaints += chunk;
    });
    let id = 0;
    const ask = (line: (id: number) => string): Promise<Answer> => {
      const own = ++id;
      child.stdin.write(`${line(own)}\n`);
      return new Promise((done, fail) => {
        look = () => {
          const answer = answers.get(own);
          if (answer) done(answer);
        };
        child.on("exit", (code) => fail(new Error(`it ended with ${code}: ${complaints}`)));
      });
    };
    await ask(
      (own) =>
        `{"jsonrpc":"2.0","id":${own},"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`,
    );
    const tool = (name: string, input: string) =>
      ask(
        (own) =>
          `{"jsonrpc":"2.0","id":${own},"method":"tools/call","params":{"name":${name},"arguments":${input}}}`,
      );
    return { ask, tool, printed: () => printed + complaints };
  }

  it("answers inputs that are huge, nested, polluted or not Unicode, and goes on", async () => {
    const before = await paid();
    const { ask, tool, printed } = await openRaw();
    const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
    const url = JSON.stringify(report);
    const INPUTS = [
      `{"url":${url},"deep":${deep}}`,
      `{"url":${url},"headers":${deep}}`,
      `{"url":${deep}}`,
      `{"url":${url},"purpose":"${"x".repeat(5_000_000)}"}`,
      `{"url":"http://${"x".repeat(1_000_000)}/"}`,
      `{"url":${url},"idempotencyKey":"\\ud800"}`,
      `{"url":${url},"headers":{"x":"\\ud800"}}`,
      `{"url":${url},"headers":{"__proto__":{"a":"b"},"constructor":"x","x-payment":"x"}}`,
      `{"url":${url},"mostText":1e999}`,
      `{"url":${url},"mostText":-1}`,
      `{${Array.from({ length: 100_000 }, (_, at) => `"k${at}":${at}`).join()}}`,
    ];
    for (const input of INPUTS) {
      const { result } = (await tool('"pay_request"', input)) as { result: { structuredContent: Answer } };
      expect(result.structuredContent, input.slice(0, 80)).to.include({ ok: false, code: "INVALID_INPUT" });
      expect(JSON.stringify(result).length, input.slice(0, 80)).to.be.below(5_000);
    }
    // Neither is an input that JSON-RPC allows.
    for (const input of ["[]", "1", '"x"', "null"]) {
      const answer = await tool('"pay_request"', input);
      expect(answer.error ?? (answer.result as Answer).isError, input).to.be.ok;
    }
    for (const name of ['"__proto__"', '"constructor"', '"toString"', '""', '"pay_request\\u0000"', "{}"]) {
      const answer = await tool(name, `{"url":${url}}`);
      expect(answer.error ?? (answer.result as Answer).isError, name).to.be.ok;
    }
    expect((await ask((id) => `{"jsonrpc":"2.0","id":${id},"method":"x","params":${deep}}`)).error).to.be.ok;
    const { result } = (await tool('"get_limits"', '{"__proto__":{"active":true}}')) as { result: Answer };
    expect(result.structuredContent).to.have.property("ok");
    expect(await paid()).to.equal(before);
    expect(printed()).not.to.contain(secret);
  });

  it("repeats nothing of a reason that could mislead in a terminal, and takes no half of a character", async () => {
    rmSync(folder(), { recursive: true });
    const { tool } = await openRaw(...world.at);
    const ask = async (reason: string) => {
      const budget = '{"token":"usdc","perPayment":"1","limit":"20","per":"day","recipients":"anyone"}';
      const input = `{"budgets":[${budget}],"until":"7d","reason":"To buy ${reason}"}`;
      const { result } = (await tool('"request_session"', input)) as {
        result: { structuredContent: Answer };
      };
      return result.structuredContent;
    };
    expect(await ask("\\ud800")).to.include({ ok: false, code: "INVALID_REQUEST" });
    const answer = await ask("\\u001b[2J\\u202e\\u0000 données 🙂");
    expect(answer, JSON.stringify(answer)).to.include({ ok: true, status: "waiting" });
    expect(JSON.stringify(answer)).to.match(/^[\x20-\x7e]*$/);
  });

  it("pays once for one idempotencyKey, however many calls and servers there are", async () => {
    const before = await paid();
    const [one, other] = await Promise.all([open(), open()]);
    const calls = Array.from({ length: 50 }, (_, at) =>
      (at % 2 ? one : other).call("pay_request", { url: report, idempotencyKey: "one thing" }),
    );
    const answers = await Promise.all(calls);
    expect((await paid()) - before).to.equal(price);
    const paying = answers.filter((answer) => answer.paid === "0.05 USDC");
    expect(paying, JSON.stringify(answers.slice(0, 3))).to.have.length(1);
    for (const answer of answers)
      if (!answer.ok) expect(answer.code, JSON.stringify(answer)).to.not.equal("UNEXPECTED");
    const send = { to: world.chain.shop.address, amount: "0.01", idempotencyKey: "one transfer" };
    const sent = await Promise.all(
      Array.from({ length: 20 }, (_, at) => (at % 2 ? one : other).call("send_payment", send)),
    );
    expect((await paid()) - before).to.equal(price + 10_000n);
    const hashes = new Set(sent.filter(({ ok }) => ok).map(({ transaction }) => transaction));
    expect(hashes.size, JSON.stringify(sent.slice(0, 3))).to.equal(1);
  });

  it("stays below the limit, and pays for what it says, where 50 different calls come at once", async () => {
    rmSync(home, { recursive: true });
    const tight = ["--allow", `usdc:0.05:0.4/day@${world.chain.shop.address}`, "--until", "7d"];
    await world.grantTo({ home }, ...tight);
    const before = await paid();
    const { call } = await open();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => call("pay_request", { url: `${report}?at=${at}` })),
    );
    const paying = answers.filter(({ paid: amount }) => amount === "0.05 USDC");
    expect((await paid()) - before).to.equal(price * BigInt(paying.length));
    expect(paying.length).to.be.within(4, 8);
    for (const answer of answers)
      if (!answer.ok) expect(["PERIOD", "SLOTS_TAKEN"], JSON.stringify(answer)).to.include(answer.code);
  });

  it("pays once where it is killed after it has signed", async () => {
    const before = await paid();
    const order = { url: report, idempotencyKey: "killed" };
    const first = await open();
    world.chain.shop.faults.push("silence");
    const killed = new Promise((done) => {
      const onprogress = ({ message = "" }) => {
        if (!message.startsWith("Waiting for the server's response")) return;
        process.kill(first.pid(), "SIGKILL");
        done(undefined);
      };
      first.call("pay_request", order, { onprogress }).catch(() => {});
    });
    await killed;
    const second = await open();
    const answer = await second.call("pay_request", order);
    expect(answer, JSON.stringify(answer)).to.include({ ok: true });
    expect((await paid()) - before).to.equal(price);
    await second.call("pay_request", order);
    expect((await paid()) - before).to.equal(price);
  });

  describe("in its folder", () => {
    it("does not follow a link to what others can read", async () => {
      const elsewhere = join(path, "elsewhere");
      rmSync(elsewhere, { recursive: true, force: true });
      renameSync(folder(), elsewhere);
      symlinkSync(elsewhere, folder());
      // The owner's own link to a private folder is as good as the folder.
      expect(await (await open()).call("get_limits")).to.include({ ok: true });
      chmodSync(elsewhere, 0o755);
      expect(await (await open()).call("get_limits")).to.include({ ok: false, code: "FOLDER" });
      chmodSync(elsewhere, 0o700);
      renameSync(join(elsewhere, "key.json"), join(path, "key.json"));
      chmodSync(join(path, "key.json"), 0o644);
      symlinkSync(join(path, "key.json"), join(elsewhere, "key.json"));
      expect(await (await open()).call("pay_request", { url: report })).to.include({
        ok: false,
        code: "KEY_FILE",
      });
    });

    it("does not take a grant that somebody has widened", async () => {
      const before = await paid();
      const file = join(folder(), "grant.json");
      const grant = readFileSync(file, "utf8");
      const changed = (change: Answer) => {
        const parsed = JSON.parse(grant);
        Object.assign(parsed.session.budgets[0], change);
        return JSON.stringify(parsed);
      };
      const WIDER = [
        changed({ perTransaction: "20000000" }),
        changed({ perPeriod: "100000000" }),
        changed({ recipients: [world.chain.shop.address, world.safe.address] }),
      ];
      for (const text of WIDER) {
        expect(text).not.to.equal(grant);
        writeFileSync(file, text, { mode: 0o600 });
        const answer = await (await open()).call("pay_request", { url: report });
        expect(answer, JSON.stringify(answer)).to.include({ ok: false, code: "NOT_GRANTED" });
      }
      expect(await paid()).to.equal(before);
    });
  });

  describe("over HTTP", () => {
    async function serve() {
      const server = await startLatchkey({ home }, "mcp", "--http");
      closing.push(async () => {
        server.child.kill("SIGKILL");
        await server.ended;
      });
      const [, url = ""] = await server.until(/Listening on (http:\S+)/);
      const [, token = ""] = await server.until(/Token: (\S+)/);
      return { url, token, port: Number(new URL(url).port) };
    }
    const initialize = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "x", version: "1" } },
    });
    const raw = (port: number, lines: string[], body: string) =>
      new Promise<string>((done, fail) => {
        const socket = connect(port, "127.0.0.1");
        let text = "";
        socket.on("data", (chunk) => {
          text += chunk;
        });
        socket.on("close", () => done(text));
        socket.on("error", fail);
        const length = `content-length: ${Buffer.byteLength(body)}`;
        socket.end([...lines, length, "connection: close", "", body].join("\r\n"));
      });
    const usual = ["content-type: application/json", "accept: application/json, text/event-stream"];

    it("serves nobody without the token, whatever they call themselves", async () => {
      const { url, token, port } = await serve();
      const ask = (line: string, ...headers: string[]) => raw(port, [line, ...usual, ...headers], initialize);
      const host = `Host: 127.0.0.1:${port}`;
      const bearer = `Authorization: Bearer ${token}`;
      expect(await ask("POST /mcp HTTP/1.1", host, bearer)).to.match(/^HTTP\/1.1 200/);
      const REJECTED: readonly (readonly [status: RegExp, line: string, headers: readonly string[]])[] = [
        [/401/, "POST /mcp HTTP/1.1", [host]],
        [/401/, `POST /mcp?token=${token} HTTP/1.1`, [host]],
        [/401/, "POST /mcp HTTP/1.1", [host, `Authorization: bearer ${token}`]],
        [/401/, "POST /mcp HTTP/1.1", [host, `Authorization: Bearer ${token.slice(0, -1)}`]],
        [/401/, "POST /mcp HTTP/1.1", [host, "Authorization: Bearer undefined"]],
        [/401/, "POST /mcp HTTP/1.1", [host, "Authorization: Bearer"]],
        [/401/, "POST /mcp HTTP/1.1", [host, `Cookie: token=${token}`]],
        [/401/, "DELETE /mcp HTTP/1.1", [host]],
        [/401/, "OPTIONS /mcp HTTP/1.1", [host]],
        [/403/, "OPTIONS /mcp HTTP/1.1", [host, "Origin: https://evil.example"]],
        [/403/, "POST /mcp HTTP/1.1", [host, bearer, "Origin: http://127.0.0.1:1"]],
        [/403/, "POST /mcp HTTP/1.1", [host, bearer, `Origin: http://127.0.0.1:${port}.evil.example`]],
        [/403/, "POST /mcp HTTP/1.1", [host, bearer, "Origin: file://"]],
        [/421/, "POST /mcp HTTP/1.1", [`Host: 127.0.0.1.evil.example:${port}`, bearer]],
        [/421/, "POST /mcp HTTP/1.1", [`Host: evil@127.0.0.1:${port}`, bearer]],
        [/421/, "POST /mcp HTTP/1.1", [`Host: localhost.:${port}`, bearer]],
        [/421/, "POST /mcp HTTP/1.1", ["Host: 127.0.0.1", bearer]],
        [/4\d\d/, "POST /mcp HTTP/1.1", [`Host: evil.example`, host, bearer]],
        [/4\d\d/, "POST /mcp HTTP/1.1", [bearer]],
        [/404/, `POST http://evil.example/mcp HTTP/1.1`, [host, bearer]],
      ];
      for (const [status, line, headers] of REJECTED) {
        const answer = await ask(line, ...headers);
        const [first = ""] = answer.split("\r\n");
        expect(first, `${line} ${headers.join()}`)
          .to.match(/^HTTP\/1.1 4\d\d/)
          .and.match(status);
        expect(answer).not.to.match(/access-control-allow/i);
        expect(answer).not.to.contain(token);
      }
      expect(new URL(url).hostname).to.equal("127.0.0.1");
    });

    it("does not let one client use or end another's session, and outlives a hundred of them", async () => {
      const { token, port } = await serve();
      const sessionOf = (answer: string) => /mcp-session-id: (\S+)/i.exec(answer)?.[1] ?? "";
      const headers = [`Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`, ...usual];
      const session = sessionOf(await raw(port, ["POST /mcp HTTP/1.1", ...headers], initialize));
      expect(session).to.match(/^[0-9a-f-]{36}$/);
      const stolen = ["DELETE /mcp HTTP/1.1", `Host: 127.0.0.1:${port}`, `Mcp-Session-Id: ${session}`];
      expect(await raw(port, stolen, "")).to.match(/^HTTP\/1.1 401/);
      const list = '{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}';
      const own = ["POST /mcp HTTP/1.1", ...headers, `Mcp-Session-Id: ${session}`];
      expect(await raw(port, own, list)).to.contain("get_limits");
      const opened = await Promise.all(
        Array.from({ length: 100 }, () => raw(port, ["POST /mcp HTTP/1.1", ...headers], initialize)),
      );
      for (const answer of opened) expect(answer).to.match(/^HTTP\/1.1 200/);
      // The one that was silent for longest has made way.
      expect(await raw(port, own, list)).to.match(/^HTTP\/1.1 404/);
    });

    it("does not wait for a body that never comes", async () => {
      const { token, port } = await serve();
      const half = httpRequest({
        port,
        host: "127.0.0.1",
        path: "/mcp",
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-length": "1000" },
      });
      half.on("error", () => {});
      half.write("{");
      closing.push(() => half.destroy());
      const headers = [`Host: 127.0.0.1:${port}`, `Authorization: Bearer ${token}`, ...usual];
      expect(await raw(port, ["POST /mcp HTTP/1.1", ...headers], initialize)).to.match(/^HTTP\/1.1 200/);
    });
  });
});
