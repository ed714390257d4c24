import { existsSync } from "node:fs";
import { join } from "node:path";
import { encodeRevoke } from "@latchkey/sdk/encoding";
import { readGrantFile } from "@latchkey/sdk/node";
import { expect } from "chai";
import { parseUnits } from "viem";
import { latchkey, scratchFolder, startLatchkey } from "./latchkey.ts";
import { failure, json, openWorld, type World } from "./World.ts";

describe("a session, by latchkey", function () {
  this.timeout(60_000);
  let world: World;
  let path: string;
  let home: string;
  let shop: string;
  let remove: () => Promise<void>;
  before(async () => {
    world = await openWorld();
    shop = world.chain.shop.address;
    ({ path, remove } = await scratchFolder());
    home = join(path, "home");
    await world.grantTo({ home });
  });
  after(async () => {
    await world.close();
    await remove();
  });
  const grantFile = (session = "default") => join(home, "sessions", session, "grant.json");
  const keyOf = async () => (await readGrantFile(grantFile())).session.key;
  const balance = () => world.chain.usdc.balanceOf(world.chain.shop.address);
  async function paidBy(work: () => Promise<unknown>): Promise<bigint> {
    const before = await balance();
    await work();
    return (await balance()) - before;
  }

  it("send: says that the key needs gas, and pays nothing", async () => {
    const paid = await paidBy(async () => {
      const refused = await failure({ home }, "send", shop, "0.5");
      expect(refused).to.include({ code: "NO_GAS", exitCode: 3 });
      expect(refused.whatToDo[0]).to.include(await keyOf());
      expect(await failure({ home }, "renounce")).to.include({ code: "NO_GAS", exitCode: 3 });
      await world.chain.faucet.sendEther(await keyOf(), "1");
    });
    expect(paid).to.equal(0n);
  });

  it("send: pays, waits until it is mined, and prints the transaction", async () => {
    const paid = await paidBy(async () => {
      const { code, stdout } = await latchkey({ home }, "send", shop, "0.5", "USDC", "--purpose", "a book");
      expect(stdout).to.match(new RegExp(`^Paid 0.5 USDC to ${shop}\n0x[0-9a-f]{64}\n$`));
      expect(code).to.equal(0);
      const sent = await json({ home }, "send", shop, "0.25");
      expect(sent).to.include({ to: shop, amount: "0.25", symbol: "USDC", resumed: false });
      const { status } = await world.client.getTransactionReceipt({ hash: sent.transaction });
      expect(status).to.equal("success");
    });
    expect(paid).to.equal(parseUnits("0.75", 6));
    const { entries } = await json({ home }, "ledger");
    expect(entries.at(-2)).to.include({ kind: "pay", status: "settled", purpose: "a book", amount: "0.5" });
  });

  it("send: is refused by the session's limits with 3, by wrong words with 2", async () => {
    expect(await failure({ home }, "send", shop, "2")).to.include({ code: "PER_TRANSACTION", exitCode: 3 });
    expect(await failure({ home }, "send", world.safe.owner.signer, "0.1")).to.include({
      code: "RECIPIENT",
      exitCode: 3,
    });
    expect(await failure({ home }, "send", shop, "0.1", "native")).to.include({ exitCode: 2 });
    for (const typed of [["bob", "1"], [shop, "1,5"], [shop, "-1"], [shop, "1", "euro"], [shop]])
      expect(await failure({ home }, "send", ...typed), typed.join(" ")).to.include({
        code: "USAGE",
        exitCode: 2,
      });
  });

  it("send: Ctrl-C while it is not mined ends with 6, and the same command waits for the same payment", async () => {
    const { client } = world.chain.testChain;
    await client.setAutomine(false);
    const paid = await paidBy(async () => {
      const running = await startLatchkey({ home }, "send", shop, "0.1", "--json");
      const hash = await pendingTransaction();
      await ledgerHas(hash);
      running.child.kill("SIGINT");
      const { code, stdout, stderr } = await running.ended;
      expect([code, stdout]).to.deep.equal([6, ""]);
      expect(JSON.parse(stderr)).to.include({ code: "OUTCOME_UNKNOWN" });
      expect(JSON.parse(stderr).details).to.deep.equal({ transaction: hash });
      const again = startLatchkey({ home }, "send", shop, "0.1");
      await (await again).until(/Waiting for that one/);
      await client.setAutomine(true);
      await client.mine({ blocks: 1 });
      const { stdout: said, code: end } = await (await again).ended;
      expect(said).to.include(hash).and.include("by the payment that was sent before");
      expect(end).to.equal(0);
    });
    expect(paid).to.equal(parseUnits("0.1", 6));
    // A new one from now on.
    expect(await json({ home }, "send", shop, "0.1")).to.include({ resumed: false });
  });

  it("send: a kill before it is mined loses nothing: the same command pays once", async () => {
    const { client } = world.chain.testChain;
    await client.setAutomine(false);
    const paid = await paidBy(async () => {
      const running = await startLatchkey({ home }, "send", shop, "0.1");
      await ledgerHas(await pendingTransaction());
      running.child.kill("SIGKILL");
      await running.ended;
      await client.setAutomine(true);
      await client.mine({ blocks: 1 });
      expect(await json({ home }, "send", shop, "0.1")).to.include({ resumed: true });
    });
    expect(paid).to.equal(parseUnits("0.1", 6));
  });

  async function pendingTransaction(): Promise<string> {
    for (;;) {
      const { transactions } = await world.client.getBlock({ blockTag: "pending" });
      if (transactions[0]) return transactions[0];
      await new Promise((again) => setTimeout(again, 20));
    }
  }
  async function ledgerHas(hash: string): Promise<void> {
    for (;;) {
      const { entries } = await json({ home }, "ledger");
      if (entries.some(({ transaction }: { transaction?: string }) => transaction === hash)) return;
    }
  }

  it("status shows what is left of each limit", async () => {
    const { code, stdout } = await latchkey({ home }, "status");
    expect(code).to.equal(0);
    expect(stdout).to.match(/^The session can be used until .*\n/);
    expect(stdout).to.match(/USDC +\S+ of 20 available until .*; paid \S+, reserved 0\n/);
    const state = await json({ home }, "status");
    expect(state).to.include({ active: true, account: world.safe.address, chainId: 1, key: await keyOf() });
    expect(state.budgets[0].recipients).to.deep.equal([shop]);
  });

  it("grant show prints it in words, grant check asks the account", async () => {
    const { stdout } = await latchkey({ home }, "grant", "show");
    expect(stdout).to.include("At most 1 USDC per payment.").and.include(shop);
    expect(await json({ home }, "grant", "show")).to.include({ account: world.safe.address, chainId: 1 });
    expect(await json({ home }, "grant", "check")).to.deep.equal({ valid: true });
    expect(await failure({ home }, "grant", "steal")).to.include({ code: "USAGE", exitCode: 2 });
  });

  it("history shows the payments that the chain has seen", async () => {
    await json({ home }, "pay", world.chain.shop.url("report"));
    const { events } = await json({ home }, "history");
    expect(events.map(({ type }: { type: string }) => type)).to.include.members(["executed", "settled"]);
    const { stdout, stderr } = await latchkey({ home }, "history");
    expect(stdout).to.match(/paid 0\.5 USDC by a transaction {2}0x/);
    expect(stdout).to.match(new RegExp(`paid 0.05 USDC to ${shop} by a signature`));
    expect(stderr).to.equal("Reading the chain …\n");
    const { number } = await world.client.getBlock();
    expect(await failure({ home }, "history", "--from-block", String(number + 100n))).to.include({
      code: "INVALID_RANGE",
      exitCode: 2,
    });
  });

  it("ledger prints lines, CSV or JSON, and needs no node", async () => {
    const { stdout } = await latchkey({ home }, "ledger");
    expect(stdout).to.match(/settled +0\.5 USDC +to 0x\w+ +token transfer +\(a book\)/);
    const csv = await latchkey({ home }, "ledger", "--csv");
    expect(csv.stdout).to.match(/^"id","kind",.*\r\n/);
    expect(await failure({ home }, "ledger", "--csv")).to.include({ code: "USAGE", exitCode: 2 });
    expect((await json({ home }, "ledger", "--reconcile")).entries).to.have.length.above(3);
    const empty = join(path, "empty");
    expect(await json({ home: empty }, "ledger")).to.deep.equal({ entries: [], damaged: [] });
    expect(existsSync(empty)).to.equal(false);
  });

  it("doctor finds nothing wrong with it", async () => {
    const { ok, checks } = await json({ home }, "doctor");
    expect(checks.filter(({ state }: { state: string }) => state === "wrong")).to.deep.equal([]);
    expect(ok).to.equal(true);
    const { stdout } = await latchkey({ home }, "doctor");
    for (const name of [
      "folder",
      "store",
      "grant",
      "node",
      "module",
      "session",
      "balance",
      "payments",
      "gas",
    ])
      expect(stdout).to.match(new RegExp(`^ok {4}${name}`, "m"));
  });

  it("doctor asks a facilitator whether it settles on this chain", async () => {
    const { url } = world.chain.facilitator;
    const { checks } = await json({ home }, "doctor", "--facilitator", url);
    expect(checks.at(-1)).to.include({ name: "facilitator", state: "ok" });
    for (const other of ["http://127.0.0.1:9", world.chain.shop.url("report")]) {
      const { code, stdout } = await latchkey({ home }, "doctor", "--facilitator", other);
      expect(stdout).to.match(/^FAIL {2}facilitator /m);
      expect(code).to.equal(5);
    }
  });

  it("decode reads calldata, typed or from stdin", async () => {
    const { data } = encodeRevoke(await readGrantFile(grantFile()));
    const decoded = await json({ home }, "decode", data);
    expect(decoded.functionName).to.match(/revoke/);
    const { stdout } = await latchkey({ home, input: `${data}\n` }, "decode", "-");
    expect(JSON.parse(stdout)).to.deep.equal(decoded);
    expect(await failure({ home }, "decode", "0x12345678")).to.include({
      code: "INVALID_CALLDATA",
      exitCode: 2,
    });
    for (const typed of [["0x123"], ["hello"], [data, "--to", "bob"]])
      expect(await failure({ home }, "decode", ...typed)).to.include({ code: "USAGE", exitCode: 2 });
  });

  it("renounce ends it for good; afterwards each command says what to do, with 4", async () => {
    const ended = await json({ home }, "renounce");
    expect((await world.client.getTransactionReceipt({ hash: ended.transaction })).status).to.equal(
      "success",
    );
    expect(await json({ home }, "status")).to.deep.include({ active: false, reasons: ["REVOKED"] });
    for (const typed of [
      ["pay", world.chain.shop.url("report")],
      ["send", shop, "0.1"],
      ["grant", "check"],
    ]) {
      const refused = await failure({ home }, ...typed);
      expect(refused).to.include({ code: "REVOKED", exitCode: 4 });
      expect(refused.whatToDo[0]).to.match(/latchkey request/);
    }
    const { code, stdout } = await latchkey({ home }, "doctor");
    expect(stdout).to.match(/^FAIL {2}session {5}.*REVOKED/m);
    expect(code).to.equal(4);
    expect(await world.grantTo({ home })).to.include({ created: true, active: true });
  });

  it("commands without a session end with 4, and create nothing", async () => {
    const empty = join(path, "nothing");
    for (const typed of [["status"], ["grant", "show"], ["history"], ["renounce"], ["send", shop, "1"]])
      expect(await failure({ home: empty }, ...typed)).to.include({ code: "NOT_GRANTED", exitCode: 4 });
    expect((await latchkey({ home: empty }, "doctor")).code).to.equal(4);
    expect(existsSync(empty)).to.equal(false);
  });

  it("each name has a session of its own", async () => {
    const { id } = await world.grantTo({ home }, "--session", "other");
    expect((await json({ home }, "status", "--session", "other")).id).to.equal(id);
    expect((await json({ home }, "status")).id).not.to.equal(id);
  });
});
