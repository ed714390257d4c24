import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type DevChain, type DevSafe, startDevChain } from "@latchkey/devchain";
import {
  enabledGrant,
  enableSession,
  GRANT_VERSION,
  isRefusal,
  type Proposal,
  permit2Calls,
  proposeSession,
  type Refusal,
  readBalanceFloors,
  sessionStatus,
  signGrant,
} from "@latchkey/sdk";
import { encodeReplaceSession, safeTransaction } from "@latchkey/sdk/encoding";
import { replacedGrant, requestedSession, serializeHandoffAnswer } from "@latchkey/sdk/handoff";
import {
  agentFolder,
  askForMore,
  type OpenAgent,
  openAgent,
  type RefusalToRaise,
  type SessionHandoff,
} from "@latchkey/sdk/node";
import { expect } from "chai";
import { createPublicClient, createWalletClient, http, type PublicClient, parseAbi, parseUnits } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { ownersSignature } from "#sdk/owner/ownersSignature.ts";

const page = "http://localhost:4173/";
const nonceAbi = parseAbi(["function nonce() view returns (uint256)"]);

async function refusalOf(attempt: Promise<unknown>): Promise<Refusal> {
  try {
    await attempt;
  } catch (error) {
    if (isRefusal(error)) return error as Refusal;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("an agent that asks for more", function () {
  this.timeout(60_000);
  let chain: DevChain;
  let client: PublicClient;
  let safe: DevSafe;
  let dir: string;
  let agent: OpenAgent;
  const open: SessionHandoff[] = [];
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });

  before(async () => {
    chain = await startDevChain({
      shop: { report: { price: "0.05" }, study: { price: "3.21" }, paper: { price: "3.21", by: "permit2" } },
    });
    client = createPublicClient({ chain: chain.chain, transport: http(chain.url), pollingInterval: 20 });
    safe = await chain.createSafe();
    await chain.faucet.mintUsdc(safe.address, "1000");
  });
  after(() => chain.close());
  beforeEach(async () => {
    dir = join(await mkdtemp(join(tmpdir(), "latchkey-more-")), "agent");
    const folder = await agentFolder(dir);
    const key = await folder.key();
    const proposal = await proposeSession(client, {
      account: safe.address,
      key: key.address,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [chain.shop.address] } },
      until: "7d",
    });
    await folder.saveGrant(await signGrant(safe.owner, proposal));
    await chain.faucet.sendEther(key.address, "1");
    agent = await restart();
  });
  afterEach(async () => {
    for (const handoff of open.splice(0)) await handoff.close();
    await rm(join(dir, ".."), { recursive: true });
  });

  const restart = () => openAgent({ dir, client, output });
  const ask = async (
    refusal: RefusalToRaise,
    options: Parameters<OpenAgent["requestMore"]>[1] = {},
    by = agent,
  ): Promise<SessionHandoff> => {
    const handoff = await by.requestMore(refusal, {
      page,
      name: "Research Bot",
      callback: false,
      ...options,
    });
    open.push(handoff);
    return handoff;
  };
  const expensive = (amount = "3") => agent.pay({ to: chain.shop.address, amount });

  /** What the page answers when the owner taps. */
  async function allowed({ request }: SessionHandoff): Promise<string> {
    const { module } = chain.latchkey;
    const { chainId } = chain;
    const { timestamp } = await client.getBlock();
    const session = requestedSession(request, { account: safe.address, now: Number(timestamp) });
    const proposal = { version: GRANT_VERSION, chainId, module, accountKind: "safe", session } as const;
    const head = { version: 1, nonce: request.nonce, status: "granted" } as const;
    const old = replacedGrant(request);
    if (!old) {
      const grant = await signGrant(safe.owner, proposal);
      return serializeHandoffAnswer({ ...head, grant, transactions: [] }, request);
    }
    const nonce = await client.readContract({
      address: safe.address,
      abi: nonceAbi,
      functionName: "nonce",
    });
    const floors = await readBalanceFloors(client, old);
    const calls = encodeReplaceSession({ old, replacement: proposal, floors });
    const batch = safeTransaction({ safe: safe.address, chainId, nonce, calls });
    const { to, data } = batch.encode(await ownersSignature(safe.owner, batch.typedData));
    const transactions = [{ to, data, value: "0x0" }] as const;
    return serializeHandoffAnswer({ ...head, grant: enabledGrant(proposal), transactions }, request);
  }
  const decline = async (handoff: SessionHandoff) => {
    await handoff.receive(
      serializeHandoffAnswer(
        { version: 1, nonce: handoff.request.nonce, status: "declined" },
        handoff.request,
      ),
    );
    expect((await refusalOf(handoff.answer)).code).to.equal("DECLINED");
  };
  const paid = async (work: () => Promise<unknown>) => {
    const before = await chain.usdc.balanceOf(chain.shop.address);
    await work();
    return (await chain.usdc.balanceOf(chain.shop.address)) - before;
  };
  /** As if some time had passed since the requests in memory. */
  const age = async (seconds: number) => {
    const path = join(dir, "more.json");
    const memory = JSON.parse(await readFile(path, "utf8"));
    for (const one of memory.asks) {
      one.at -= seconds;
      one.openUntil -= seconds;
    }
    await writeFile(path, JSON.stringify(memory));
  };

  it("goes on with a wider session, also after a restart", async () => {
    const before = agent.grant;
    const handoff = await ask(await refusalOf(expensive()), { for: "session" });
    expect(agent.grant).to.deep.equal(before);
    await handoff.receive(await allowed(handoff));
    const grant = await handoff.answer;
    expect(agent.grant).to.deep.equal(grant);
    expect(await paid(() => expensive())).to.equal(parseUnits("3", 6));
    expect((await agent.fetch(chain.shop.url("report"))).status).to.equal(200);
    expect((await agent.summary())[0]).to.include({ limit: "20", paid: "3" });
    expect((await sessionStatus(client, before)).state).to.equal("REVOKED");
    const again = await restart();
    expect(again.grant).to.deep.equal(grant);
    expect((await again.fetch(chain.shop.url("report"))).status).to.equal(200);
  });

  it("makes by x402 the one payment that its owner allowed, and no other, also after a restart", async () => {
    const before = agent.grant;
    const refusal = await refusalOf(agent.fetch(chain.shop.url("study")));
    expect(refusal.details).to.include({ method: "eip3009", recipient: chain.shop.address });
    const handoff = await ask(refusal);
    await handoff.receive(await allowed(handoff));
    await handoff.answer;
    expect(agent.grant).to.deep.equal(before);
    agent = await restart();
    // Another amount is refused as before.
    expect((await refusalOf(expensive("3"))).code).to.equal("PER_TRANSACTION");
    const body = new Blob(["which study"]).stream();
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    const total = await paid(async () => {
      expect((await agent.fetch(chain.shop.url("study"), init)).status).to.equal(200);
    });
    expect(total).to.equal(parseUnits("3.21", 6));
    expect(await agent.folder.more.payments()).to.deep.equal([]);
    expect((await refusalOf(agent.fetch(chain.shop.url("study")))).code).to.equal("PER_TRANSACTION");
    expect((await agent.fetch(chain.shop.url("report"))).status).to.equal(200);
  });

  it("makes by Permit2 the one payment that its owner allowed", async () => {
    const sponsor = privateKeyToAccount(generatePrivateKey());
    await chain.faucet.sendEther(sponsor.address, "1");
    const wallet = createWalletClient({ account: sponsor, chain: chain.chain, transport: http(chain.url) });
    const enable = async (proposal: Proposal) => {
      const permit2 = await permit2Calls(client, { enabling: proposal, fromBlock: 0n });
      const hash = await enableSession(wallet, { proposal, owner: safe.owner, permit2 });
      await client.waitForTransactionReceipt({ hash });
      return enabledGrant(proposal);
    };
    const proposal = await proposeSession(client, {
      account: safe.address,
      key: agent.key.address,
      budgets: {
        usdc: { perTransaction: "1", perDay: "20", recipients: [chain.shop.address], x402: "permit2" },
      },
      until: "7d",
    });
    await agent.folder.saveGrant(await enable(proposal));
    agent = await restart();
    const refusal = await refusalOf(agent.fetch(chain.shop.url("paper")));
    expect(refusal.details).to.include({ method: "permit2-exact" });
    const handoff = await ask(refusal);
    const { timestamp } = await client.getBlock();
    const session = requestedSession(handoff.request, { account: safe.address, now: Number(timestamp) });
    expect(session.budgets[0]).to.include({ signatures: 2, sizes: 1 });
    const grant = await enable({ ...proposal, session });
    const head = { version: 1, nonce: handoff.request.nonce, status: "granted" } as const;
    await handoff.receive(serializeHandoffAnswer({ ...head, grant, transactions: [] }, handoff.request));
    await handoff.answer;
    const total = await paid(async () => {
      expect((await agent.fetch(chain.shop.url("paper"))).status).to.equal(200);
    });
    expect(total).to.equal(parseUnits("3.21", 6));
    expect((await refusalOf(agent.fetch(chain.shop.url("paper")))).code).to.equal("PER_TRANSACTION");
  });

  it("makes the one payment by a transaction", async () => {
    const handoff = await ask(await refusalOf(expensive()));
    await handoff.receive(await allowed(handoff));
    await handoff.answer;
    expect(await paid(() => expensive())).to.equal(parseUnits("3", 6));
    expect((await refusalOf(expensive())).code).to.equal("PER_TRANSACTION");
  });

  it("keeps an answer that it has no gas to settle, and needs no second tap", async () => {
    const handoff = await ask(await refusalOf(expensive()), { for: "session" });
    await chain.testChain.setBalance(agent.key.address, 0n);
    await handoff.receive(await allowed(handoff));
    expect((await refusalOf(handoff.answer)).code).to.equal("NO_GAS");
    const before = agent.grant;
    agent = await restart();
    expect(agent.grant).to.deep.equal(before);
    await chain.faucet.sendEther(agent.key.address, "1");
    agent = await restart();
    expect(agent.grant).not.to.deep.equal(before);
    expect(await agent.folder.more.unsettled()).to.deep.equal([]);
    expect(await paid(() => expensive())).to.equal(parseUnits("3", 6));
  });

  it("asks for one thing at a time, in whatever process", async () => {
    const refusal = await refusalOf(expensive());
    const handoff = await ask(refusal);
    const other = await restart();
    const { code, details } = await refusalOf(ask(refusal, {}, other));
    expect(code).to.equal("ASKED_TOO_OFTEN");
    expect(Number(details.retryAt) - Date.now() / 1000).to.be.within(0, 61);
    await handoff.close();
    await ask(refusal, {}, other);
  });

  it("asks again after a process that waited was killed", async () => {
    const refusal = await refusalOf(expensive());
    await ask(refusal);
    await age(61);
    await ask(refusal, {}, await restart());
  });

  it("asks three times an hour", async () => {
    const refusal = await refusalOf(expensive());
    for (let time = 0; time < 3; time++) await (await ask(refusal)).close();
    const { code, details } = await refusalOf(ask(refusal, {}, await restart()));
    expect(code).to.equal("ASKED_TOO_OFTEN");
    expect(Number(details.retryAt) - Date.now() / 1000).to.be.within(3500, 3601);
    await age(3590);
    expect((await refusalOf(ask(refusal))).code).to.equal("ASKED_TOO_OFTEN");
    await age(11);
    await ask(refusal);
  });

  it("counts no request that could not be made", async () => {
    const refusal = await refusalOf(expensive());
    for (let time = 0; time < 4; time++)
      expect((await refusalOf(ask(refusal, { name: "" }))).code).to.equal("INVALID_REQUEST");
    await ask(refusal);
  });

  it("takes no for an answer for a day, whatever the amount and for whatever, unless a person insists", async () => {
    const refusal = await refusalOf(expensive());
    await decline(await ask(refusal));
    const other = await restart();
    for (const options of [{}, { for: "session" }] as const)
      for (const again of [refusal, await refusalOf(expensive("2.99"))]) {
        const { code, details } = await refusalOf(ask(again, options, other));
        expect(code).to.equal("DECLINED");
        expect(Number(details.retryAt) - Date.now() / 1000).to.be.within(86_300, 86_401);
      }
    await (await ask(refusal, { askAgain: true })).close();
    await age(86_390);
    expect((await refusalOf(ask(refusal))).code).to.equal("DECLINED");
    await age(11);
    await ask(refusal);
  });

  it("does not ask for a declined wider limit for the sake of another payee, but for another reason", async () => {
    const refusal = await refusalOf(expensive());
    await decline(await ask(refusal, { for: "session" }));
    const details = { ...refusal.details, recipient: safe.owner.signer };
    const elsewhere = { code: refusal.code, details };
    expect((await refusalOf(ask(elsewhere, { for: "session" }))).code).to.equal("DECLINED");
    await (await ask(elsewhere)).close();
    const payee = await refusalOf(agent.pay({ to: safe.owner.signer, amount: "1" }));
    expect(payee.code).to.equal("RECIPIENT");
    await ask(payee, { for: "session" });
  });

  it("asks only when it is told to", async () => {
    await refusalOf(expensive());
    await refusalOf(agent.fetch(chain.shop.url("study")));
    expect(await readFile(join(dir, "more.json"), "utf8").catch(({ code }) => code)).to.equal("ENOENT");
  });

  it("needs a page and a name, a session, and a memory that can be read", async () => {
    const refusal = await refusalOf(expensive());
    expect((await refusalOf(agent.requestMore(refusal))).code).to.equal("INVALID_INPUT");
    const empty = await agentFolder(join(dir, "..", "empty"));
    const asked = { client, refusal, page, name: "Research Bot" };
    expect((await refusalOf(askForMore(empty, asked))).code).to.equal("NOT_GRANTED");
    await writeFile(join(dir, "more.json"), "{}");
    expect((await refusalOf(ask(refusal))).code).to.equal("FOLDER");
  });
});
