import { join } from "node:path";
import { serializeHandoffAnswer } from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { parseUnits } from "viem";
import { latchkey, scratchFolder, startLatchkey } from "./latchkey.ts";
import { failure, json, openWorld, requestIn, type World } from "./World.ts";

describe("latchkey more", function () {
  this.timeout(60_000);
  let world: World;
  let home: string;
  let study: string;
  let remove: () => Promise<void>;
  before(async () => {
    world = await openWorld();
    study = world.chain.shop.url("study");
    const { path, remove: removeIt } = await scratchFolder();
    [home, remove] = [join(path, "home"), removeIt];
    await world.grantTo({ home });
  });
  after(async () => {
    await world.close();
    await remove();
  });
  const paid = () => world.chain.usdc.balanceOf(world.chain.shop.address);

  it("has nothing to ask for before a payment was refused for a limit", async () => {
    await failure({ home }, "pay", study, "--max", "0.01");
    expect(await failure({ home }, "more")).to.include({ code: "NOTHING_REFUSED", exitCode: 2 });
    const { stderr } = await latchkey({ home }, "more", "--for", "me");
    expect(stderr).to.equal("error: --for me: use payment or session (see --help)\n");
  });

  it("asks for the refused payment alone; then the same command pays, once", async () => {
    const before = await paid();
    const refused = await failure({ home }, "pay", study);
    expect(refused).to.include({ code: "PER_TRANSACTION", exitCode: 3 });
    expect(refused.whatToDo.at(-1)).to.equal("To ask the owner for this payment: latchkey more");
    const running = await startLatchkey({ home }, "more", "--json", "--why", "It answers the question");
    await running.until(/"waiting".*\n/);
    const asked = requestIn(running.printed.stdout);
    expect(JSON.stringify(asked.permissions)).to.include("It answers the question");
    expect(await world.post(asked, await world.answerTo(asked))).to.equal(200);
    const { code, stdout, stderr } = await running.ended;
    expect([code, stderr]).to.deep.equal([0, ""]);
    expect(JSON.parse(stdout.trim().split("\n")[1] ?? "")).to.include({ status: "granted", for: "payment" });

    expect((await json({ home }, "pay", study)).paid).to.include({ amount: "2.5" });
    expect((await paid()) - before).to.equal(parseUnits("2.5", 6));
    expect(await failure({ home }, "pay", study)).to.include({ code: "PER_TRANSACTION" });
    expect((await json({ home }, "status")).budgets[0]).to.include({ limit: "20", available: "20" });
  });

  it("Ctrl-C ends the wait with 130", async () => {
    await failure({ home }, "send", world.chain.shop.address, "3").catch(() => {});
    const running = await startLatchkey({ home }, "more");
    await running.until(/Waiting for the owner/);
    running.child.kill("SIGINT");
    expect((await running.ended).code).to.equal(130);
  });

  it("ends with 4 when the owner declines, and does not ask the same again", async () => {
    const running = await startLatchkey({ home }, "more", "--json");
    await running.until(/"waiting".*\n/);
    const asked = requestIn(running.printed.stdout);
    const no = { version: 1, nonce: asked.nonce, status: "declined" } as const;
    await world.post(asked, serializeHandoffAnswer(no, asked));
    expect((await running.ended).code).to.equal(4);
    expect(await failure({ home }, "more")).to.include({ code: "DECLINED", exitCode: 4 });
  });
});
