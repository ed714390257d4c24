import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { parseUnits } from "viem";
import { latchkey, scratchFolder, startLatchkey } from "./latchkey.ts";
import { failure, json, openWorld, type World } from "./World.ts";

describe("latchkey pay", function () {
  this.timeout(120_000);
  let world: World;
  let path: string;
  let home: string;
  let remove: () => Promise<void>;
  let report: string;
  before(async () => {
    world = await openWorld();
    report = world.chain.shop.url("report");
    ({ path, remove } = await scratchFolder());
    home = join(path, "home");
    await world.grantTo({ home });
  });
  after(async () => {
    await world.close();
    await remove();
  });
  const balance = () => world.chain.usdc.balanceOf(world.chain.shop.address);
  /** What the shop got meanwhile. */
  async function paidBy(work: () => Promise<unknown>): Promise<bigint> {
    const before = await balance();
    await work();
    return (await balance()) - before;
  }
  const price = parseUnits("0.05", 6);

  it("prints the response to stdout, and what was paid to stderr", async () => {
    const paid = await paidBy(async () => {
      const { code, stdout, stderr } = await latchkey({ home }, "pay", report);
      expect(stderr).to.match(/^Paid 0\.05 USDC to 0x[0-9a-fA-F]{40}, transaction 0x[0-9a-f]{64}\n$/);
      expect(JSON.parse(stdout)).to.deep.equal({ sold: "report", body: null });
      expect(code).to.equal(0);
    });
    expect(paid).to.equal(price);
    const { entries } = await json({ home }, "ledger");
    expect(entries.at(-1)).to.include({ kind: "x402", status: "settled", amount: "0.05" });
  });

  it("with --json prints one object: status, payment, body", async () => {
    const { code, stdout, stderr } = await latchkey({ home }, "pay", report, "--json");
    expect([code, stderr]).to.deep.equal([0, ""]);
    const { status, paid, body, headers } = JSON.parse(stdout);
    expect(status).to.equal(200);
    expect(paid).to.include({
      amount: "0.05",
      symbol: "USDC",
      to: world.chain.shop.address,
      status: "settled",
    });
    expect(JSON.parse(body)).to.include({ sold: "report" });
    expect(headers["content-type"]).to.match(/json/);
  });

  it("--dry-run prints the price, what would refuse it, and pays nothing", async () => {
    const study = world.chain.shop.url("study");
    const paid = await paidBy(async () => {
      const { stdout } = await latchkey({ home }, "pay", report, "--dry-run");
      expect(stdout).to.match(/^0\.05 USDC to 0x\w+ on eip155:1: the session can pay it\n$/);
      const { offers } = await json({ home }, "pay", study, "--dry-run");
      expect(offers[0]).to.include({ price: "2.5 USDC", payable: false, code: "PER_TRANSACTION" });
    });
    expect(paid).to.equal(0n);
    expect(await failure({ home }, "pay", study)).to.include({ code: "PER_TRANSACTION", exitCode: 3 });
  });

  it("--max refuses a higher price before anything is signed, with 3", async () => {
    const paid = await paidBy(async () => {
      const refused = await failure({ home }, "pay", report, "--max", "0.04");
      expect(refused).to.include({ code: "PRICE", exitCode: 3 });
      expect(refused.message).to.equal("The price is 0.05 USDC, and --max is 0.04.");
    });
    expect(paid).to.equal(0n);
    const { entries } = await json({ home }, "ledger");
    expect(entries.every(({ status }: { status: string }) => status === "settled")).to.equal(true);
    expect(await paidBy(() => json({ home }, "pay", report, "--max", "0.05"))).to.equal(price);
  });

  for (const [what, named] of [
    ["", []],
    [" under a name", ["--idempotency-key", "held back"]],
  ] as const)
    it(`--max also holds back a payment that an earlier attempt has signed${what}`, async () => {
      const paid = await paidBy(async () => {
        world.chain.shop.faults.push(...Array(4).fill("drop before settling"));
        expect(await failure({ home }, "pay", report, ...named)).to.include({
          code: "OUTCOME_UNKNOWN",
          exitCode: 6,
        });
        const reached = world.chain.shop.headers.length;
        expect(await failure({ home }, "pay", report, ...named, "--max", "0.01")).to.include({
          code: "PRICE",
          exitCode: 3,
        });
        expect(world.chain.shop.headers.length).to.equal(reached);
        // The same command goes on with the same payment.
        await json({ home }, "pay", report, ...named);
        expect(new Set(world.chain.shop.headers.slice(-2)).size).to.equal(1);
      });
      expect(paid).to.equal(price);
    });

  it("pays once for one --idempotency-key, also after a success", async () => {
    const order = ["pay", report, "--idempotency-key", "order 17"];
    const paid = await paidBy(async () => {
      expect((await json({ home }, ...order)).paid).to.include({ amount: "0.05" });
      // The same payment is shown again; this shop has forgotten what it sold for it.
      const again = await failure({ home }, ...order);
      expect(again).to.include({ code: "OUTCOME_UNKNOWN", exitCode: 6 });
      expect(again.details).to.include({ settled: true });
    });
    expect(paid).to.equal(price);
  });

  it("-o writes the response to a file, and pays nothing where it cannot be written", async () => {
    const file = join(path, "report.json");
    const { code, stdout } = await latchkey({ home }, "pay", report, "-o", file);
    expect([code, stdout]).to.deep.equal([0, `Written to ${file}\n`]);
    expect(JSON.parse(readFileSync(file, "utf8"))).to.include({ sold: "report" });
    mkdirSync(join(path, "folder"), { recursive: true });
    const paid = await paidBy(async () => {
      for (const target of [join(path, "missing", "x"), join(path, "folder")])
        expect(await failure({ home }, "pay", report, "-o", target)).to.include({
          code: "DISK",
          exitCode: 7,
        });
      const refused = join(path, "refused.json");
      await failure({ home }, "pay", world.chain.shop.url("study"), "-o", refused);
      expect(existsSync(refused)).to.equal(false);
    });
    expect(paid).to.equal(0n);
  });

  it("says what is wrong with the request in one line, with 2, and sends nothing", async () => {
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [["shop.example/report"], /is not a URL that starts with https/],
      [["file:///etc/passwd"], /is not a URL that starts with https/],
      [[report, "-H", "Accept"], /not written as "Name: value"/],
      [[report, "-H", "A: b\nC: d"], /not written as|cannot be sent/],
      [[report, "-X", "GE T"], /is not a method/],
      [[report, "-X", "GET", "-d", "a"], /has no body/],
      [[report, "--max", "$1"], /option '--max <amount>' argument '\$1' is invalid/],
      [[], /missing required argument 'url'/],
      [[report, "extra"], /too many arguments/],
    ];
    for (const [typed, message] of wrong) {
      const { code, stdout, stderr } = await latchkey({ home }, "pay", ...typed);
      expect(stderr, typed.join(" "))
        .to.match(/^error: [^\n]*\n$/)
        .and.match(message);
      expect([code, stdout]).to.deep.equal([2, ""]);
    }
  });

  it("ends with 4 without a session, and creates nothing", async () => {
    const empty = join(path, "empty");
    const refused = await failure({ home: empty }, "pay", report);
    expect(refused).to.include({ code: "NOT_GRANTED", exitCode: 4 });
    expect(refused.whatToDo[0]).to.match(/^Ask for one: latchkey request --allow/);
    expect(existsSync(empty)).to.equal(false);
  });

  it("ends with 5 where the shop or the node cannot be reached", async () => {
    expect(await failure({ home }, "pay", "http://127.0.0.1:9/x?key=secret")).to.include({
      code: "UNREACHABLE",
      exitCode: 5,
    });
    expect(await failure({ home }, "pay", report, "--rpc", "http://127.0.0.1:9/")).to.include({
      code: "NETWORK",
      exitCode: 5,
    });
  });

  it("Ctrl-C while the shop works ends with 130, and the same command pays once", async () => {
    const paid = await paidBy(async () => {
      world.chain.shop.faults.push("silence");
      const reached = world.chain.shop.headers.length;
      const running = await startLatchkey({ home }, "pay", report);
      await running.until(/Waiting for the shop/);
      expect(world.chain.shop.headers.length).to.equal(reached + 1);
      running.child.kill("SIGINT");
      const { code, stdout, stderr } = await running.ended;
      expect([code, stdout]).to.deep.equal([130, ""]);
      expect(stderr).to.match(/Interrupted\. \(INTERRUPTED\)\n.*sends the same one again: it is paid once/);
      await json({ home }, "pay", report);
      expect(new Set(world.chain.shop.headers.slice(reached)).size).to.equal(1);
    });
    expect(paid).to.equal(price);
  });

  it("a kill in the middle of a payment loses nothing: the same command pays once", async () => {
    const paid = await paidBy(async () => {
      world.chain.shop.faults.push("silence");
      const reached = world.chain.shop.headers.length;
      const running = await startLatchkey({ home }, "pay", report);
      await running.until(/Waiting for the shop/);
      running.child.kill("SIGKILL");
      await running.ended;
      await json({ home }, "pay", report);
      expect(new Set(world.chain.shop.headers.slice(reached)).size).to.equal(1);
    });
    expect(paid).to.equal(price);
  });

  it("several at once on one session pay once each, and once for one key", async () => {
    const paid = await paidBy(async () => {
      const codes = await Promise.all([
        ...["a", "b", "c"].map((key) => latchkey({ home }, "pay", report, "--idempotency-key", key)),
        ...[1, 2].map(() => latchkey({ home }, "pay", report, "--idempotency-key", "same")),
      ]);
      expect(codes.slice(0, 3).map(({ code }) => code)).to.deep.equal([0, 0, 0]);
      expect(codes.slice(3).some(({ code }) => code === 0)).to.equal(true);
    });
    expect(paid).to.equal(4n * price);
  });

  it("a reader that goes away does not end a payment in the middle", async () => {
    const paid = await paidBy(async () => {
      const running = await startLatchkey({ home }, "pay", report);
      running.child.stdout?.destroy();
      expect((await running.ended).code).to.equal(0);
    });
    expect(paid).to.equal(price);
  });

  describe("makes requests as curl does", () => {
    let server: Server;
    let url: string;
    let seen: {
      method?: string | undefined;
      type?: string | undefined;
      accept?: string | undefined;
      body: string;
    };
    before(async () => {
      const bodyOf = async (request: IncomingMessage) => {
        let body = "";
        for await (const chunk of request) body += chunk;
        return body;
      };
      server = createServer(async (request, response) => {
        const { "content-type": type, accept } = request.headers;
        seen = { method: request.method, type, accept, body: await bodyOf(request) };
        const status = Number(/status-(\d+)/.exec(request.url ?? "")?.[1] ?? 200);
        response.writeHead(status, { "x-shop": "yes" });
        response.end(request.url === "/bytes" ? Buffer.from([0xff, 0x00, 0xfe]) : "ok");
      });
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    });
    after(() => new Promise((done) => server.close(done)));

    it("with methods, headers, forms, files, stdin and JSON", async () => {
      const file = join(path, "form.txt");
      writeFileSync(file, "c=3\r\nd=4\n");
      await json({ home }, "pay", url, "-d", "a=1", "-d", `@${file}`, "--data-raw", "@e");
      expect(seen).to.include({
        method: "POST",
        type: "application/x-www-form-urlencoded",
        body: "a=1&c=3d=4&@e",
      });
      await json(
        { home },
        "pay",
        url,
        "-X",
        "PUT",
        "-H",
        "Content-Type: text/csv",
        "--data-binary",
        `@${file}`,
      );
      expect(seen).to.include({ method: "PUT", type: "text/csv", body: "c=3\r\nd=4\n" });
      await json({ home, input: '{"a":1}' }, "pay", url, "--data-json", "@-");
      expect(seen).to.include({ method: "POST", type: "application/json", accept: "application/json" });
      expect(seen.body).to.equal('{"a":1}');
      await json({ home }, "pay", url, "-X", "DELETE");
      expect(seen).to.include({ method: "DELETE", body: "" });
    });

    it("and prints bytes as they are, headers with -i, nothing of an error with -f", async () => {
      const { stdout, stderr } = await latchkey({ home }, "pay", url, "-i");
      expect(stderr).to.equal("");
      expect(stdout).to.match(/^HTTP\/1\.1 200 OK\r\n(.*\r\n)*x-shop: yes\r\n(.*\r\n)*\r\nok$/);
      expect((await json({ home }, "pay", `${url}bytes`)).bodyBase64).to.equal("/wD+");
      const file = join(path, "bytes");
      await latchkey({ home }, "pay", `${url}bytes`, "-s", "-o", file);
      expect([...readFileSync(file)]).to.deep.equal([0xff, 0, 0xfe]);
      expect(await latchkey({ home }, "pay", `${url}status-500`)).to.include({ code: 0, stdout: "ok" });
      const failed = await latchkey({ home }, "pay", `${url}status-500`, "-f");
      expect(failed).to.include({ code: 5, stdout: "" });
      expect(failed.stderr).to.match(/status 500\. \(HTTP_STATUS\)/);
    });
  });
});
