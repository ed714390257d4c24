import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serializeHandoffAnswer } from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { latchkey, scratchFolder, startLatchkey } from "./latchkey.ts";
import { failure, json, openWorld, PAGE, requestIn, type World } from "./World.ts";

describe("latchkey request", function () {
  this.timeout(120_000);
  let world: World;
  let home: string;
  let remove: () => Promise<void>;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.close());
  beforeEach(async () => {
    const { path, remove: removeIt } = await scratchFolder();
    [home, remove] = [join(path, "home"), removeIt];
  });
  afterEach(() => remove());
  const folder = (session = "default") => join(home, "sessions", session);
  const request = (...typed: string[]) => ["request", ...world.at, ...world.allow, ...typed];

  it("prints a link with its codes, waits for the owner, and keeps what was granted", async () => {
    const running = await startLatchkey({ home }, ...request("--name", "Research Bot", "--why", "Otters"));
    await running.until(/The page must show the code/);
    const asked = requestIn(running.printed.stdout);
    expect(asked).to.include({ name: "Research Bot" });
    expect(asked.permissions[0]?.permission.data).to.include({ justification: "Otters" });
    expect(await world.post(asked, await world.answerTo(asked))).to.equal(200);
    const { code, stdout, stderr } = await running.ended;
    expect(stderr).to.equal("Waiting for the owner …\n");
    expect(code).to.equal(0);
    expect(stdout).to.match(/The session can be used until .*\n/);
    expect(stdout).to.match(/USDC +20 of 20 available/);
    for (const name of readdirSync(folder())) {
      const { mode } = statSync(join(folder(), name));
      expect(mode & 0o777, name).to.equal(0o600);
    }
    for (const path of [home, join(home, "sessions"), folder()])
      expect(statSync(path).mode & 0o777).to.equal(0o700);
    // Node and page need not be passed again.
    expect((await json({ home }, "status")).active).to.equal(true);
  });

  it("prints one JSON object for the link and one for the session, and no secret", async () => {
    const running = await startLatchkey({ home }, ...request("--json"));
    await running.until(/\n/);
    const asked = requestIn(running.printed.stdout);
    await world.post(asked, await world.answerTo(asked));
    const { stdout, stderr } = await running.ended;
    expect(stderr).to.equal("");
    const [waiting, granted, ...rest] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rest).to.deep.equal([]);
    expect(waiting).to.have.keys("status", "link", "code", "fingerprint", "key");
    expect(granted).to.include({
      status: "granted",
      created: true,
      active: true,
      account: world.safe.address,
      key: waiting.key,
    });
    expect(granted.budgets[0]).to.include({ symbol: "USDC", limit: "20", available: "20" });
    const { privateKey } = JSON.parse(readFileSync(join(folder(), "key.json"), "utf8"));
    expect(stdout).not.to.include(privateKey.slice(2));
  });

  it("asks for nothing where there is a session that can be used", async () => {
    const { id } = await world.grantTo({ home });
    const { code, stdout, stderr } = await latchkey({ home }, ...request());
    expect(code).to.equal(0);
    expect(stderr).to.equal("There is a session already; nothing was asked for.\n");
    expect(stdout).not.to.include("http");
    expect(await json({ home }, ...request())).to.include({ id, created: false });
  });

  it("--no-wait prints the link and ends; --resume goes on waiting at the same place", async () => {
    const { link } = await json({ home }, ...request("--no-wait"));
    const asked = requestIn(link);
    expect(await failure({ home }, "pay", world.chain.shop.url("report"))).to.include({
      code: "NOT_GRANTED",
      exitCode: 4,
      message: "There is no session: its owner has not answered yet.",
    });
    const running = await startLatchkey({ home }, "request", "--resume");
    await running.until(/Waiting for the owner/);
    expect(running.printed.stdout).to.include(link);
    expect(await world.post(asked, await world.answerTo(asked))).to.equal(200);
    expect((await running.ended).code).to.equal(0);
    expect((await json({ home }, "status")).active).to.equal(true);
  });

  it("--answer takes what the page shows, from a file or from stdin", async () => {
    for (const session of ["file", "stdin"]) {
      const { link } = await json({ home }, ...request("--no-wait", "--session", session));
      const answer = await world.answerTo(requestIn(link));
      const path = join(home, "answer.json");
      writeFileSync(path, `${answer}\n`);
      const [name, surroundings] = session === "file" ? [path, { home }] : ["-", { home, input: answer }];
      const granted = await json(surroundings, "request", "--answer", name, "--session", session);
      expect(granted).to.include({ status: "granted", created: true });
    }
  });

  it("an answer that is passed serves the command that waits as well", async () => {
    const running = await startLatchkey({ home }, ...request());
    await running.until(/Waiting for the owner/);
    const answer = await world.answerTo(requestIn(running.printed.stdout));
    await json({ home, input: answer }, "request", "--answer", "-");
    expect((await running.ended).code).to.equal(0);
  });

  it("refuses another request's answer, and any other text, and goes on waiting", async () => {
    const other = requestIn((await json({ home }, ...request("--no-wait"))).link);
    await json({ home }, ...request("--no-wait"));
    for (const input of [await world.answerTo(other), "hello", ""])
      expect(await failure({ home, input }, "request", "--answer", "-")).to.include({
        code: "INVALID_ANSWER",
        exitCode: 2,
      });
    expect(existsSync(join(folder(), "request.json"))).to.equal(true);
    expect(await failure({ home }, "status")).to.include({ code: "NOT_GRANTED", exitCode: 4 });
  });

  it("ends with 4 when the owner declines, also by a passed answer", async () => {
    const running = await startLatchkey({ home }, ...request("--json"));
    await running.until(/\n/);
    const asked = requestIn(running.printed.stdout);
    const no = (nonce: `0x${string}`) => ({ version: 1, nonce, status: "declined" }) as const;
    await world.post(asked, serializeHandoffAnswer(no(asked.nonce), asked));
    const { code, stderr } = await running.ended;
    expect(JSON.parse(stderr)).to.include({ code: "DECLINED", exitCode: 4 });
    expect(code).to.equal(4);
    const again = requestIn((await json({ home }, ...request("--no-wait"))).link);
    const input = serializeHandoffAnswer(no(again.nonce), again);
    expect(await failure({ home, input }, "request", "--answer", "-")).to.include({ code: "DECLINED" });
    expect(await failure({ home }, "request", "--resume")).to.include({ code: "NO_REQUEST", exitCode: 4 });
  });

  it("Ctrl-C ends the wait with 130, and the request stays", async () => {
    const running = await startLatchkey({ home }, ...request());
    await running.until(/Waiting for the owner/);
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect(code).to.equal(130);
    expect(stderr).to.match(/Interrupted.*\nThe request is kept.*request --resume\n$/);
    const asked = requestIn(running.printed.stdout);
    const input = await world.answerTo(asked);
    expect(await json({ home, input }, "request", "--answer", "-")).to.include({ created: true });
  });

  it("shows a QR code only where it fits", async () => {
    const { stdout } = await latchkey({ home }, ...request("--no-wait"));
    for (const line of stdout.split("\n")) if (/[▀▄█]/.test(line)) expect(line.length).to.be.at.most(80);
  });

  it("refuses wrong values in one line, with 2, and creates nothing", async () => {
    const shop = world.chain.shop.address;
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [[], /say what the agent may spend/],
      [["--allow", "usdc:1:20/day"], /does not say who may be paid/],
      [["--allow", "usdc:1:20/day@"], /does not say who may be paid/],
      [["--allow", "usdc:1:20@0xShop"], /must read token:/],
      [["--allow", "usdc"], /must read token:/],
      [["--allow", `usdc:1:20/day@${shop}+bob`], /"bob" is not a valid address/],
      [["--allow", `usdc:1:20/day@${shop}+anyone`], /"anyone" is not a valid address/],
      [["--allow", `usdc:1:20/month@${shop}`], /"month" is not a period/],
      [["--allow", `euro:1:20/day@${shop}`], /"euro" is neither usdc nor native/],
      [["--allow", `usdc:-1:20/day@${shop}`], /must read token:/],
      [["--allow", `usdc:1:20/day@${shop}`, "--allow", `USDC:1:2/hour@${shop}`], /usdc has two limits/],
      [["--allow", `usdc:1:20/day@${shop}`, "--until", "soon"], /--until soon: use a duration/],
      [["--allow", `usdc:1:20/day@${shop}`, "--resume"], /--resume and --answer go on with the last/],
    ];
    for (const [typed, message] of wrong) {
      const { code, stdout, stderr } = await latchkey({ home }, "request", ...world.at, ...typed);
      expect(stderr, typed.join(" ")).to.match(/^error: [^\n]*\(see --help\)\n$/);
      expect(stderr).to.match(message);
      expect([code, stdout]).to.deep.equal([2, ""]);
    }
    expect(existsSync(home)).to.equal(false);
  });

  it("refuses limits that the session cannot have, with 2", async () => {
    const typed = (limit: string) => [
      "request",
      ...world.at,
      "--allow",
      `${limit}@${world.chain.shop.address}`,
    ];
    expect(await failure({ home }, ...typed("usdc:0:20/day"))).to.include({
      code: "INVALID_AMOUNT",
      exitCode: 2,
    });
    expect(await failure({ home }, ...typed("usdc:1.0000001:20/day"))).to.include({ exitCode: 2 });
    expect(await failure({ home }, ...typed("usdc:30:20/day"))).to.include({ exitCode: 2 });
  });

  it("asks for all kinds of limits", async () => {
    const shop = world.chain.shop.address;
    const other = world.chain.usdc.address;
    const { link } = await json(
      { home },
      ...["request", ...world.at, "--no-wait", "--until", "2w", "--account", world.safe.address],
      ...["--allow", `usdc:1:20/week@${shop}+${other}`, "--allow", "native:0.01:0.1/6h@anyone"],
      ...["--allow", `${world.chain.weth}:5:5/total@${shop}`],
    );
    const { permissions } = requestIn(link);
    expect(JSON.stringify(permissions)).to.include(world.safe.address);
    expect(JSON.stringify(permissions).toLowerCase()).to.include(world.chain.weth.toLowerCase());
  });

  it("says what is missing without a node or a page", async () => {
    expect(await failure({ home }, "request", ...world.allow)).to.include({ code: "NO_NODE", exitCode: 2 });
    const { stderr } = await latchkey({ home }, "request", ...world.allow, "--rpc", world.chain.url);
    expect(stderr).to.match(/^error: no page is known/);
    const dead = await failure(
      { home },
      ...["request", ...world.allow, "--page", PAGE, "--rpc", "http://127.0.0.1:9/key-of-a-provider"],
    );
    expect(dead).to.include({ code: "NETWORK", exitCode: 5 });
    expect(JSON.stringify(dead)).not.to.include("key-of-a-provider");
  });
});
