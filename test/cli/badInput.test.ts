import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { startDevChain } from "@latchkey/devchain";
import { expect } from "chai";
import { parseUnits } from "viem";
import { latchkey, scratchFolder, startLatchkey } from "./latchkey.ts";
import { failure, json, openWorld, requestIn, type World } from "./World.ts";

/** A node that answers some requests, and then none. */
async function openDyingNode(url: string, requests: number) {
  let left = requests;
  const server = createServer(async (request, response) => {
    if (left-- <= 0) return void request.socket.destroy();
    let body = "";
    for await (const chunk of request) body += chunk;
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, { method: "POST", body, headers });
    response.writeHead(answer.status, headers).end(await answer.text());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.close(done);
        server.closeAllConnections();
      }),
  };
}

describe("latchkey with what is broken", function () {
  this.timeout(180_000);
  let world: World;
  let path: string;
  /** With a session that has paid once. */
  let good: string;
  let secret: string;
  let home: string;
  let remove: () => Promise<void>;
  let report: string;
  const price = parseUnits("0.05", 6);
  before(async () => {
    world = await openWorld();
    report = world.chain.shop.url("report");
    ({ path, remove } = await scratchFolder());
    good = join(path, "good");
    await world.grantTo({ home: good });
    await json({ home: good }, "pay", report);
    secret = JSON.parse(readFileSync(join(good, "sessions/default/key.json"), "utf8")).privateKey.slice(2);
  });
  after(async () => {
    await world.close();
    await remove();
  });
  beforeEach(() => {
    home = join(path, "home");
    rmSync(home, { recursive: true, force: true });
    cpSync(good, home, { recursive: true });
    // Folders are copied with the usual mode.
    for (const one of [home, join(home, "sessions"), folder()]) chmodSync(one, 0o700);
  });
  const folder = () => join(home, "sessions/default");
  const file = (name: string) => join(folder(), name);
  const paid = () => world.chain.usdc.balanceOf(world.chain.shop.address);
  /** A command that must fail, change nothing in the folder, pay nothing, and print no secret. */
  async function refused(...typed: string[]) {
    const before = await paid();
    const contents = () =>
      readdirSync(folder())
        .filter((name) => !name.endsWith(".lock"))
        .map((name) => [name, readFileSync(file(name), "hex")]);
    const files = existsSync(folder()) && statSync(folder()).isDirectory() ? contents() : undefined;
    const { code, stdout, stderr } = await latchkey({ home }, ...typed, "--json");
    expect(stdout + stderr).not.to.include(secret);
    expect(stdout).to.equal("");
    expect(await paid()).to.equal(before);
    if (files) expect(contents()).to.deep.equal(files);
    const printed = JSON.parse(stderr);
    expect(printed.exitCode).to.equal(code);
    return printed as { code: string; message: string; exitCode: number; whatToDo: string[] };
  }

  for (const [name, code] of [
    ["key.json", "KEY_FILE"],
    ["grant.json", "INVALID_GRANT"],
    ["agent.json", "FOLDER"],
    ["request.json", "FOLDER"],
    ["settings.json", "FOLDER"],
    ["ledger.jsonl", "STORE"],
    ["payments.jsonl", "STORE"],
  ] as const)
    it(`refuses a damaged ${name} with 7, pays nothing, and leaves it as it is`, async () => {
      for (const text of ["{x", "[]\n", "\u0000\u0001 not JSON\n"]) {
        writeFileSync(file(name), text, { mode: 0o600 });
        const { code: said, exitCode } = await refused("pay", report);
        expect([said, exitCode], JSON.stringify(text)).to.deep.equal([code, 7]);
      }
    });

  it("a folder of a later version is refused with 7, and left as it is", async () => {
    for (const [name, text] of [
      ["agent.json", '{"format":"latchkey-agent","version":99}'],
      ["settings.json", '{"version":99}'],
      ["ledger.jsonl", '{"format":"latchkey-ledger","version":99}\n'],
      ["payments.jsonl", '{"format":"latchkey-payments","version":99}\n'],
    ] as const) {
      const before = readFileSync(file(name));
      writeFileSync(file(name), text);
      expect(await refused("pay", report), name).to.include({ exitCode: 7 });
      writeFileSync(file(name), before);
    }
    expect((await json({ home }, "status")).active).to.equal(true);
  });

  it("a folder or a key that others can read is refused with 7", async () => {
    chmodSync(folder(), 0o755);
    const open = await refused("pay", report);
    expect(open).to.include({ code: "FOLDER", exitCode: 7 });
    expect(open.whatToDo.join("\n")).to.include("chmod 700");
    chmodSync(folder(), 0o700);
    chmodSync(file("key.json"), 0o640);
    expect(await refused("pay", report)).to.include({ code: "KEY_FILE", exitCode: 7 });
  });

  it("a file where a folder should be is refused with 7", async () => {
    rmSync(folder(), { recursive: true });
    writeFileSync(folder(), "");
    for (const typed of [["pay", report], ["status"], ["ledger"], ["request", ...world.at, ...world.allow]])
      expect((await refused(...typed)).exitCode, typed[0]).to.equal(7);
    rmSync(home, { recursive: true });
    writeFileSync(home, "");
    expect((await refused("request", ...world.at, ...world.allow)).exitCode).to.equal(7);
  });

  it("a key that is gone is named, and no other takes its place for the grant", async () => {
    rmSync(file("key.json"));
    const lost = await failure({ home }, "pay", report);
    expect(lost).to.include({ code: "INVALID_GRANT" });
    expect(lost.message).to.match(/another key/);
    expect((await latchkey({ home }, "doctor")).code).to.equal(7);
  });

  it("doctor names what is damaged, and ends with 7", async () => {
    writeFileSync(file("payments.jsonl"), "{");
    const { code, stdout } = await latchkey({ home }, "doctor");
    expect(stdout)
      .to.match(/^FAIL {2}store {7}.*payments\.jsonl/m)
      .and.match(/^ok {4}grant/m);
    expect(code).to.equal(7);
  });

  it("a node of another chain is refused with 5", async () => {
    const other = await startDevChain({ chainId: 8453 });
    try {
      for (const typed of [["pay", report], ["status"], ["renounce"]])
        expect(await refused(...typed, "--rpc", other.url), typed[0]).to.include({
          code: "WRONG_CHAIN",
          exitCode: 5,
        });
    } finally {
      await other.close();
    }
  });

  it("a node that dies before, within or after a payment loses nothing, and nothing is paid twice", async () => {
    const before = await paid();
    let [succeeded, failed] = [0, 0];
    for (const requests of [0, 1, 2, 4, 6, 9]) {
      const node = await openDyingNode(world.chain.url, requests);
      const { code, stderr } = await latchkey({ home }, "pay", report, "--rpc", node.url, "--json");
      await node.close();
      if (code === 0) succeeded++;
      else {
        failed++;
        expect([5, 6], stderr).to.include(code);
      }
      // What was begun is finished, or begun again: one payment more in either case.
      await json({ home }, "pay", report);
      succeeded++;
      expect((await paid()) - before, `after ${requests} requests: ${stderr}`).to.equal(
        BigInt(succeeded) * price,
      );
    }
    expect(failed).to.be.above(1);
  });

  it("a full disk pays at most what it says, and nothing twice", async () => {
    let [succeeded, failed] = [0, 0];
    const before = await paid();
    for (const fileLimit of [0, 1, 2, 4, 8]) {
      const { code, stdout, stderr } = await latchkey({ home, fileLimit }, "pay", report, "--json");
      if (code === 0) succeeded++;
      else {
        failed++;
        expect(code, stderr).to.equal(7);
        expect(stdout).to.equal("");
      }
      // What was begun is finished, or begun again: one payment more in either case.
      await json({ home }, "pay", report);
      succeeded++;
      expect((await paid()) - before, `after ${fileLimit}`).to.equal(BigInt(succeeded) * price);
    }
    expect(failed).to.be.above(1);
  });

  it("a full disk creates no half of a key, a request or a session", async () => {
    rmSync(home, { recursive: true });
    expect((await latchkey({ home, fileLimit: 0 }, "keygen")).code).to.equal(7);
    const asking = await latchkey(
      { home, fileLimit: 0 },
      "request",
      ...world.at,
      ...world.allow,
      "--no-wait",
    );
    expect(asking).to.include({ code: 7, stdout: "" });
    expect((await latchkey({ home }, "keygen")).code).to.equal(0);
    const { link } = await json({ home }, "request", ...world.at, ...world.allow, "--no-wait");
    const input = await world.answerTo(requestIn(link));
    expect((await failure({ home, input, fileLimit: 0 }, "request", "--answer", "-")).exitCode).to.equal(7);
    expect(await json({ home, input }, "request", "--answer", "-")).to.include({ created: true });
  });

  it("a second Ctrl-C ends at once", async () => {
    const running = await startLatchkey({ home }, "pay", report, "--idempotency-key", "late");
    world.chain.shop.faults.push("silence");
    await running.until(/Waiting for the shop/);
    const began = Date.now();
    running.child.kill("SIGINT");
    running.child.kill("SIGINT");
    expect((await running.ended).code).to.equal(130);
    expect(Date.now() - began).to.be.below(5_000);
    await json({ home }, "pay", report, "--idempotency-key", "late");
  });

  it("several sessions and strangers' files in the home do not disturb it", async () => {
    mkdirSync(join(home, "sessions/.git"));
    writeFileSync(join(home, "sessions/notes.txt"), "");
    writeFileSync(join(home, "dev.json"), "{");
    expect((await json({ home }, "status")).active).to.equal(true);
    expect(await failure({ home }, "status", "--session", "../default")).to.include({ exitCode: 2 });
  });
});
