import { chmodSync, chownSync, cpSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect } from "chai";
import { latchkey, scratchFolder, startLatchkey } from "./latchkey.ts";
import { json, openWorld, type World } from "./World.ts";

/** Root may write any file, so these tests run the command line as nobody then. */
const NOBODY = 65_534;
const uid = process.getuid?.() === 0 ? NOBODY : process.getuid?.();

describe("latchkey with a folder that it may not write", function () {
  this.timeout(300_000);
  let world: World;
  let path: string;
  /** With a session that has paid once. */
  let good: string;
  let secret: string;
  let home: string;
  let remove: () => Promise<void>;
  let report: string;
  before(async function () {
    // Windows has neither modes nor this user.
    if (uid === undefined) this.skip();
    world = await openWorld();
    report = world.chain.shop.url("report");
    ({ path, remove } = await scratchFolder());
    chmodSync(path, 0o755);
    good = join(path, "good");
    await world.grantTo({ home: good });
    await json({ home: good }, "pay", report);
    const { address } = await json({ home: good }, "keygen");
    await world.chain.faucet.sendEther(address, "1");
    secret = JSON.parse(readFileSync(join(good, "sessions/default/key.json"), "utf8")).privateKey.slice(2);
  });
  after(async () => {
    await world?.close();
    await remove?.();
  });
  const folder = () => join(home, "sessions/default");
  const file = (name: string) => join(folder(), name);
  const everything = () =>
    [home, join(home, "sessions"), folder()].concat(readdirSync(folder()).map((name) => file(name)));
  beforeEach(() => {
    home = join(path, "home");
    rmSync(home, { recursive: true, force: true });
    cpSync(good, home, { recursive: true });
    for (const one of everything()) {
      if (process.getuid?.() === 0) chownSync(one, NOBODY, NOBODY);
      chmodSync(one, statSync(one).isDirectory() ? 0o700 : 0o600);
    }
  });
  afterEach(() => {
    for (const one of everything()) chmodSync(one, 0o700);
  });

  const paid = () => world.chain.usdc.balanceOf(world.chain.shop.address);
  const run = (...typed: string[]) => latchkey({ home, uid: uid as number }, ...typed, "--json");

  /** What nobody may write, by what it is called in the titles. */
  const LOCKED: Record<string, () => void> = {
    "a folder": () => chmodSync(folder(), 0o500),
    "a payments.jsonl": () => chmodSync(file("payments.jsonl"), 0o400),
    "a ledger.jsonl": () => chmodSync(file("ledger.jsonl"), 0o400),
  };
  for (const [what, lock] of Object.entries(LOCKED)) {
    it(`pays nothing with ${what} that is read-only, and says what to do`, async () => {
      lock();
      const before = await paid();
      const { code, stdout, stderr } = await run("pay", report);
      expect(code, stdout + stderr).to.equal(7);
      expect(stdout).to.equal("");
      const printed = JSON.parse(stderr);
      expect(printed.code).to.equal("STORE");
      expect(printed.whatToDo.join("\n")).to.match(/Check the file and its folder|must .* be writable/);
      // It remembers payments that may still settle.
      expect(printed.whatToDo.join("\n")).not.to.match(/(?<!not )delete/i);
      expect(stderr).not.to.contain(secret);
      expect(await paid()).to.equal(before);
      // What was begun is begun again.
      for (const one of everything()) chmodSync(one, statSync(one).isDirectory() ? 0o700 : 0o600);
      expect((await run("pay", report)).code).to.equal(0);
      expect((await paid()) - before).to.equal(50_000n);
    });

    it(`is told so by a tool, with ${what} that is read-only`, async () => {
      lock();
      const before = await paid();
      const server = await startLatchkey({ home, uid: uid as number }, "mcp", "--http");
      try {
        const [, url = ""] = await server.until(/Listening on (http:\S+)/);
        const [, token = ""] = await server.until(/Token: (\S+)/);
        const client = new Client({ name: "a host", version: "1.0.0" });
        const requestInit = { headers: { authorization: `Bearer ${token}` } };
        await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }) as never);
        const send = { to: world.chain.shop.address, amount: "0.01", idempotencyKey: "one" };
        for (const [name, input] of [
          ["pay_request", { url: report }],
          // A transaction takes no slot, and so nothing of that file.
          ...(what === "a payments.jsonl" ? [] : [["send_payment", send] as const]),
        ] as const) {
          const { structuredContent } = await client.callTool({ name, arguments: input });
          expect(structuredContent, name).to.include({ ok: false });
          expect(["FOLDER", "STORE"], name).to.include((structuredContent as { code: string }).code);
          expect(JSON.stringify(structuredContent)).not.to.contain(secret);
        }
        const { structuredContent } = await client.callTool({ name: "get_limits", arguments: {} });
        expect(structuredContent).to.include({ ok: true, active: true });
        await client.close();
      } finally {
        server.child.kill("SIGKILL");
        await server.ended;
      }
      expect(await paid()).to.equal(before);
    });
  }

  it("still shows what there is", async () => {
    for (const one of readdirSync(folder())) chmodSync(file(one), 0o400);
    chmodSync(folder(), 0o500);
    for (const typed of [["status"], ["grant", "show"], ["ledger"], ["history"]]) {
      const { code, stdout, stderr } = await run(...typed);
      expect(code, `${typed}: ${stderr}`).to.equal(0);
      expect(stdout).not.to.equal("");
    }
  });

  it("creates no half of anything", async () => {
    chmodSync(home, 0o500);
    chmodSync(join(home, "sessions"), 0o500);
    for (const typed of [
      ["keygen", "--session", "new"],
      ["request", "--session", "new", ...world.at, ...world.allow, "--no-wait"],
    ]) {
      const { code, stdout, stderr } = await run(...typed);
      expect([code, stdout], stderr).to.deep.equal([7, ""]);
    }
    expect(readdirSync(join(home, "sessions"))).to.deep.equal(["default"]);
  });

  it("does not take another user's folder for none", async function () {
    if (process.getuid?.() !== 0) this.skip();
    for (const one of everything()) chownSync(one, 0, 0);
    for (const typed of [["pay", report], ["status"], ["keygen"]]) {
      const { code, stdout, stderr } = await run(...typed);
      expect([code, stdout], stderr).to.deep.equal([7, ""]);
    }
  });
});
