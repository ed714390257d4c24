import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { ToolAnswer } from "@latchkey/agent-tools";
import { readLedger } from "@latchkey/sdk";
import { encodeRevoke } from "@latchkey/sdk/encoding";
import { agentFolder } from "@latchkey/sdk/node";
import { expect } from "chai";
import { FROM_SOURCES } from "../../scripts/fromSources.ts";
import { type AgentChain, call, startAgentChain } from "./agentChain.ts";

const DOLLAR = 1_000_000n;

describe("send_payment", function () {
  this.timeout(120_000);
  let agents: AgentChain;
  let node: Server;
  let rpc: string;
  /** What happens to the next transactions on their way to the node; then they pass. */
  let onTheWay: ((forward: () => Promise<string>) => Promise<string>)[] = [];
  let sent: string[] = [];

  before(async () => {
    agents = await startAgentChain();
    node = createServer(async (request, response) => {
      const body = await text(request);
      const forward = async () =>
        (
          await fetch(agents.chain.url, {
            method: "POST",
            body,
            headers: { "content-type": "application/json" },
          })
        ).text();
      const raw = /"eth_sendRawTransaction".*"(0x[0-9a-f]+)"/.exec(body)?.[1];
      if (raw) sent.push(raw);
      const fault = raw && onTheWay.shift();
      try {
        response.end(await (fault ? fault(forward) : forward()));
      } catch {
        request.socket.destroy();
      }
    }).listen(0, "127.0.0.1");
    await once(node, "listening");
    rpc = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    onTheWay = [];
    sent = [];
  });
  after(async () => {
    node.closeAllConnections();
    node.close();
    await agents.close();
  });

  const balance = () => agents.chain.usdc.balanceOf(agents.chain.shop.address);
  const payment = (idempotencyKey: string, amount = "0.5") => ({
    to: agents.chain.shop.address,
    amount,
    idempotencyKey,
    purpose: "invoice",
  });

  /** Pays in a process of its own. */
  function startPayer(dir: string, input: object) {
    const script = resolve(import.meta.dirname, "payer.ts");
    const child = spawn(
      process.execPath,
      ["--no-warnings", FROM_SOURCES, script, dir, rpc, JSON.stringify(input)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const answer = text(child.stdout).then((said) => (said ? (JSON.parse(said) as ToolAnswer) : undefined));
    return { child, answer, kill: () => child.kill("SIGKILL") };
  }

  it("pays, and the same key never again: at once, in turn, in another process, at the same time", async () => {
    const { dir } = await agents.newAgent();
    const opened = agents.open({ dir });
    const before = await balance();
    const paid = await call(opened, "send_payment", payment("a"));
    expect(paid, JSON.stringify(paid)).to.include({ ok: true, paid: "0.5", repeated: false });
    const again = await call(opened, "send_payment", payment("a"));
    expect(again).to.include({ ok: true, repeated: true, transaction: paid.transaction });
    expect(await call(agents.open({ dir }), "send_payment", payment("a"))).to.include({ repeated: true });
    const answers = await Promise.all([
      call(opened, "send_payment", payment("b")),
      call(agents.open({ dir }), "send_payment", payment("b")),
      call(opened, "send_payment", payment("b")),
    ]);
    expect(answers.map(({ ok }) => ok)).to.deep.equal([true, true, true]);
    expect(new Set(answers.map(({ transaction }) => transaction)).size).to.equal(1);
    expect((await balance()) - before).to.equal(DOLLAR);
    const { entries } = await readLedger((await agentFolder(dir)).ledger);
    expect(entries.map(({ status, amount, purpose }) => ({ status, amount, purpose }))).to.deep.equal([
      { status: "settled", amount: "0.5", purpose: "invoice" },
      { status: "settled", amount: "0.5", purpose: "invoice" },
    ]);
  });

  it("pays once among processes that start at the same time", async () => {
    const { dir } = await agents.newAgent();
    const before = await balance();
    const payers = Array.from({ length: 3 }, () => startPayer(dir, payment("race")));
    const answers = await Promise.all(payers.map(({ answer }) => answer));
    expect(
      answers.map((answer) => answer?.ok),
      JSON.stringify(answers),
    ).to.deep.equal([true, true, true]);
    expect((await balance()) - before).to.equal(DOLLAR / 2n);
    const { entries } = await readLedger((await agentFolder(dir)).ledger);
    expect(entries.filter(({ status }) => status !== "not settled")).to.have.length(1);
  });

  it("has one key for one payment", async () => {
    const { dir } = await agents.newAgent();
    const opened = agents.open({ dir });
    expect(await call(opened, "send_payment", payment("c"))).to.include({ ok: true });
    expect(await call(opened, "send_payment", payment("c", "0.6"))).to.include({
      ok: false,
      code: "IDEMPOTENCY_KEY",
    });
    // A refusal before anything was signed does not use the name up.
    expect(await call(opened, "send_payment", payment("d", "2"))).to.include({ code: "PER_TRANSACTION" });
    expect(await call(opened, "send_payment", payment("d"))).to.include({ ok: true });
  });

  for (const [when, isForwarded] of [
    ["before a node has seen the signed transaction", false],
    ["after the node has taken it, before its answer", true],
  ] as const)
    it(`pays once where the process is killed ${when}`, async () => {
      const { dir } = await agents.newAgent();
      const before = await balance();
      const payer = startPayer(dir, payment("killed"));
      onTheWay = [
        async (forward) => {
          if (isForwarded) await forward();
          payer.kill();
          throw new Error("killed");
        },
      ];
      expect(await payer.answer).to.equal(undefined);
      expect((await balance()) - before).to.equal(isForwarded ? DOLLAR / 2n : 0n);
      const { answer } = startPayer(dir, payment("killed"));
      expect(await answer).to.include({ ok: true, repeated: true });
      expect((await balance()) - before).to.equal(DOLLAR / 2n);
      // Whatever was sent, it was the same bytes.
      expect(new Set(sent).size).to.equal(1);
      const { entries } = await readLedger((await agentFolder(dir)).ledger);
      expect(entries.map(({ status, transaction }) => ({ status, has: Boolean(transaction) }))).to.deep.equal(
        [{ status: "settled", has: true }],
      );
    });

  it("pays once where the node's answer is lost, and says meanwhile that nobody knows", async () => {
    const { dir } = await agents.newAgent();
    const before = await balance();
    const lost = async (forward: () => Promise<string>) => {
      await forward();
      throw new Error("lost");
    };
    // As often as viem tries.
    onTheWay = [lost, lost, lost, lost];
    const opened = agents.open({ dir, client: undefined, rpc });
    const first = await call(opened, "send_payment", payment("lost"));
    if (!first.ok) expect(first).to.include({ code: "OUTCOME_UNKNOWN", retryable: true });
    expect(await call(opened, "send_payment", payment("lost"))).to.include({ ok: true, repeated: true });
    expect((await balance()) - before).to.equal(DOLLAR / 2n);
  });

  it("does not pay again on the word of a node that has no receipt any more", async () => {
    const { dir } = await agents.newAgent();
    const opened = agents.open({ dir });
    const before = await balance();
    expect(await call(opened, "send_payment", payment("old"))).to.include({ ok: true });
    // As if the process had died before it wrote the outcome down.
    const [name = ""] = await readdir(join(dir, "transfers"));
    const path = join(dir, "transfers", name);
    const { outcome: _, ...record } = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...record, hash: `0x${"12".repeat(32)}` }));
    expect(await call(opened, "send_payment", payment("old"))).to.include({ code: "OUTCOME_UNKNOWN" });
    await writeFile(path, "{");
    expect(await call(opened, "send_payment", payment("old"))).to.include({ code: "STORE" });
    expect((await balance()) - before).to.equal(DOLLAR / 2n);
  });

  it("says that a transaction that was mined and failed paid nothing", async () => {
    const { dir, grant } = await agents.newAgent();
    const before = await balance();
    onTheWay = [
      async (forward) => {
        await agents.chain.testChain.send({ from: agents.safe.address, ...encodeRevoke(grant) });
        return forward();
      },
    ];
    const opened = agents.open({ dir, client: undefined, rpc });
    for (let count = 0; count < 2; count++)
      expect(await call(opened, "send_payment", payment("late"))).to.include({
        code: "NOT_PAID",
        retryable: false,
      });
    expect(await balance()).to.equal(before);
    const { entries } = await readLedger((await agentFolder(dir)).ledger);
    expect(entries.map(({ status, shownBy }) => [status, shownBy])).to.deep.equal([["not settled", "chain"]]);
  });
});
