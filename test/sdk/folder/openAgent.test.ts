import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { createPasskey, type DevChain, type DevSafe, startDevChain } from "@latchkey/devchain";
import {
  GRANT_VERSION,
  isRefusal,
  memoryPaymentStore,
  pauseSession,
  type RefusalCode,
  readLedger,
  renounceSession,
  revokeSession,
  signGrant,
} from "@latchkey/sdk";
import {
  type HandoffRequest,
  parseHandoffRequest,
  requestedSession,
  serializeHandoffAnswer,
} from "@latchkey/sdk/handoff";
import { agentFolder, type OpenAgentParameters, openAgent, type SessionHandoff } from "@latchkey/sdk/node";
import { expect } from "chai";
import { createPublicClient, createWalletClient, http, type PublicClient, parseUnits } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { answerAsNewOwner } from "../handoff/newOwner.ts";

const page = "http://localhost:4173/";

/** The code of a refusal that a promise must end with. */
async function codeOf(promise: Promise<unknown>): Promise<RefusalCode | "none"> {
  try {
    await promise;
    return "none";
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
}

/** What an agent prints, and the first link in it. */
class Printed extends Writable {
  text = "";
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  async link(): Promise<string> {
    for (;;) {
      const found = /^http:\/\/localhost:4173\/\S+/m.exec(this.text);
      if (found) return found[0];
      await new Promise((again) => setTimeout(again, 20));
    }
  }
}

describe("an agent that is opened", function () {
  this.timeout(60_000);
  let chain: DevChain;
  let client: PublicClient;
  let safe: DevSafe;
  let parent: string;
  let dir: string;

  before(async () => {
    chain = await startDevChain({ shop: { report: { price: "0.05" } } });
    client = createPublicClient({ chain: chain.chain, transport: http(chain.url), pollingInterval: 20 });
    safe = await chain.createSafe();
    await chain.faucet.mintUsdc(safe.address, "100");
  });
  after(() => chain.close());
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "latchkey-agent-"));
    dir = join(parent, "agent");
  });
  afterEach(() => rm(parent, { recursive: true }));

  const asking = (part: Partial<OpenAgentParameters["request"]> = {}) => ({
    page,
    name: "Research Bot",
    budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [chain.shop.address] } },
    until: "7d" as const,
    ...part,
  });
  /** What the page would send for an owner of this Safe. */
  async function grantedBy(request: HandoffRequest): Promise<string> {
    const { timestamp } = await client.getBlock();
    const session = requestedSession(request, { account: safe.address, now: Number(timestamp) });
    const { module } = chain.latchkey;
    const grant = await signGrant(safe.owner, {
      version: GRANT_VERSION,
      chainId: chain.chainId,
      module,
      accountKind: "safe",
      session,
    });
    return serializeHandoffAnswer(
      { version: 1, nonce: request.nonce, status: "granted", grant, transactions: [] },
      request,
    );
  }
  const post = async (request: HandoffRequest, body: string) => {
    const { status } = await fetch(request.callback ?? "", {
      method: "POST",
      body,
      headers: { origin: new URL(page).origin, "content-type": "application/json" },
    });
    return status;
  };
  /** Opens the folder's agent as one that has no session, and has the owner allow it. */
  async function granted(parameters: Partial<OpenAgentParameters> = {}) {
    const output = new Printed();
    const opening = openAgent({ dir, client, request: asking(), output, ...parameters });
    const request = parseHandoffRequest(await output.link());
    expect(await post(request, await grantedBy(request))).to.equal(200);
    return opening;
  }

  it("asks its owner, pays a shop and an address, and needs nobody when it is opened again", async () => {
    const agent = await granted();
    const before = await chain.usdc.balanceOf(chain.shop.address);
    expect((await agent.fetch(chain.shop.url("report"))).status).to.equal(200);
    await chain.faucet.sendEther(agent.key.address, "1");
    await agent.pay({ to: chain.shop.address, amount: "0.5", purpose: "a book" });
    expect((await chain.usdc.balanceOf(chain.shop.address)) - before).to.equal(parseUnits("0.55", 6));
    const [usdc] = await agent.summary();
    expect(usdc).to.include({ symbol: "USDC", limit: "20", paid: "0.5" });
    const { entries } = await readLedger(agent.ledger);
    expect(entries.map(({ kind, status, purpose }) => ({ kind, status, purpose }))).to.deep.equal([
      { kind: "x402", status: "settled", purpose: undefined },
      { kind: "pay", status: "settled", purpose: "a book" },
    ]);

    const output = new Printed();
    const again = await openAgent({ dir, client, request: asking(), output });
    expect(output.text).to.equal("");
    expect(again.key.address).to.equal(agent.key.address);
    expect(again.grant).to.deep.equal(agent.grant);
    expect((await again.fetch(chain.shop.url("report"))).status).to.equal(200);
  });

  it("remembers its payments in another store, if it is given one", async () => {
    const store = memoryPaymentStore();
    const agent = await granted({ store });
    expect((await agent.fetch(chain.shop.url("report"), { idempotencyKey: "one" })).status).to.equal(200);
    const again = await openAgent({ dir, client, store });
    // It is resent, and this shop does not know it any more: paid already.
    const resent = again.fetch(chain.shop.url("report"), { idempotencyKey: "one" });
    expect(await codeOf(resent)).to.equal("OUTCOME_UNKNOWN");
    expect((await readLedger(agent.ledger)).entries.length).to.equal(1);
    expect(existsSync(join(dir, "payments.jsonl"))).to.equal(false);
  });

  it("is refused without a session and without a request, and keeps its key", async () => {
    expect(await codeOf(openAgent({ dir, client }))).to.equal("NOT_GRANTED");
    const { address } = await (await agentFolder(dir)).key();
    expect((await granted()).key.address).to.equal(address);
  });

  it("asks again once its session was revoked, or is refused with REVOKED", async () => {
    const { key, grant } = await granted();
    await chain.faucet.sendEther(key.address, "1");
    const wallet = createWalletClient({ account: key, chain: chain.chain, transport: http(chain.url) });
    await client.waitForTransactionReceipt({ hash: await renounceSession(wallet, { grant }) });
    expect(await codeOf(openAgent({ dir, client }))).to.equal("REVOKED");
    const next = await granted();
    expect(next.grant.session).not.to.deep.equal(grant.session);
    expect((await next.fetch(chain.shop.url("report"))).status).to.equal(200);
  });

  it("asks again once its session has expired", async () => {
    const { grant } = await granted({ request: asking({ until: "10m" }) });
    await chain.testChain.client.increaseTime({ seconds: 601 });
    await chain.testChain.client.mine({ blocks: 1 });
    expect(await codeOf(openAgent({ dir, client }))).to.equal("EXPIRED");
    expect((await granted()).grant.session).not.to.deep.equal(grant.session);
  });

  it("does not ask while its owner has paused the session", async () => {
    const { grant } = await granted();
    const sponsor = privateKeyToAccount(generatePrivateKey());
    await chain.faucet.sendEther(sponsor.address, "1");
    const wallet = createWalletClient({ account: sponsor, chain: chain.chain, transport: http(chain.url) });
    const hash = await pauseSession(wallet, { grant, owner: safe.owner });
    await client.waitForTransactionReceipt({ hash });
    const output = new Printed();
    expect(await codeOf(openAgent({ dir, client, request: asking(), output }))).to.equal("PAUSED");
    expect(output.text).to.equal("");
    const end = await revokeSession(wallet, { grant, owner: safe.owner });
    await client.waitForTransactionReceipt({ hash: end });
  });

  it("ends with DECLINED when its owner declines, and forgets the request", async () => {
    const output = new Printed();
    const opening = codeOf(openAgent({ dir, client, request: asking(), output }));
    const request = parseHandoffRequest(await output.link());
    expect((await (await agentFolder(dir)).pending.read())?.request).to.deep.equal(request);
    const no = serializeHandoffAnswer({ version: 1, nonce: request.nonce, status: "declined" }, request);
    expect(await post(request, no)).to.equal(200);
    expect(await opening).to.equal("DECLINED");
    expect(await (await agentFolder(dir)).pending.read()).to.equal(undefined);
  });

  it("stops waiting when its signal aborts", async () => {
    const output = new Printed();
    const stop = new AbortController();
    const opening = codeOf(openAgent({ dir, client, request: asking(), output, signal: stop.signal }));
    await output.link();
    stop.abort();
    expect(await opening).to.equal("HANDOFF_CLOSED");
  });

  /** Asks, and stops waiting at once: what is left is the request in the folder. */
  async function askedBefore(): Promise<HandoffRequest> {
    const stop = new AbortController();
    let asked: HandoffRequest | undefined;
    const onRequest = ({ request }: SessionHandoff) => {
      asked = request;
      stop.abort();
    };
    const opening = openAgent({ dir, client, request: asking(), onRequest, signal: stop.signal });
    expect(await codeOf(opening)).to.equal("HANDOFF_CLOSED");
    if (!asked) throw new Error("nothing was asked");
    return asked;
  }

  it("goes on waiting for the request of a process that has ended, at the same place", async () => {
    const asked = await askedBefore();
    const again: HandoffRequest[] = [];
    const shown = Promise.withResolvers<void>();
    const opening = openAgent({
      dir,
      client,
      resume: true,
      onRequest({ request }) {
        again.push(request);
        shown.resolve();
      },
    });
    await shown.promise;
    expect(again).to.deep.equal([asked]);
    expect(await post(asked, await grantedBy(asked))).to.equal(200);
    const { grant, folder } = await opening;
    expect(grant.session.account).to.equal(safe.address);
    expect(await folder.pending.read()).to.equal(undefined);
  });

  it("takes a pasted answer to it while another process waits, which gets it as well", async () => {
    const asked = await askedBefore();
    const waiting = openAgent({ dir, client, resume: true, output: new Printed() });
    const answer = await grantedBy(asked);
    const pasting = await openAgent({
      dir,
      client,
      resume: true,
      onRequest: (handoff) => void handoff.receive(answer),
    });
    expect((await waiting).grant).to.deep.equal(pasting.grant);
  });

  it("asks again where there is nothing to go on with, and is refused without a request", async () => {
    expect(await codeOf(openAgent({ dir, client, resume: true }))).to.equal("NOT_GRANTED");
    expect((await granted({ resume: true })).grant.session.account).to.equal(safe.address);
  });

  it("keeps an answer that it has no gas to settle, and needs no second tap", async () => {
    const output = new Printed();
    const opening = codeOf(openAgent({ dir, client, request: asking(), output }));
    const request = parseHandoffRequest(await output.link());
    const answer = await answerAsNewOwner({
      testChain: chain.testChain,
      safe: chain.safe,
      latchkey: chain.latchkey,
      passkey: createPasskey(),
      request,
    });
    expect(await post(request, serializeHandoffAnswer(answer, request))).to.equal(200);
    expect(await opening).to.equal("NO_GAS");
    // Also another start without gas keeps it.
    expect(await codeOf(openAgent({ dir, client, request: asking(), output }))).to.equal("NO_GAS");
    const { key } = await agentFolder(dir);
    await chain.faucet.sendEther((await key()).address, "1");
    const silent = new Printed();
    const agent = await openAgent({ dir, client, request: asking(), output: silent });
    expect(silent.text).to.equal("");
    expect(agent.grant).to.deep.equal(answer.grant);
    expect(await agent.folder.pending.read()).to.equal(undefined);
  });

  it("serves several that wait with one answer", async () => {
    const outputs = [new Printed(), new Printed(), new Printed()];
    const openings = outputs.map((output) => openAgent({ dir, client, request: asking(), output }));
    const requests = await Promise.all(
      outputs.map(async (output) => parseHandoffRequest(await output.link())),
    );
    const [, second] = requests as [HandoffRequest, HandoffRequest, HandoffRequest];
    expect(await post(second, await grantedBy(second))).to.equal(200);
    const agents = await Promise.all(openings);
    for (const { grant } of agents) expect(grant).to.deep.equal(agents[1]?.grant);
  });

  it("refuses a grant that is for another key, and does not replace it", async () => {
    const { grant } = await granted();
    const other = join(parent, "other");
    const folder = await agentFolder(other);
    await folder.saveGrant(grant);
    expect(await codeOf(openAgent({ dir: other, client, request: asking() }))).to.equal("INVALID_GRANT");
    expect(await folder.grant()).to.deep.equal(grant);
  });

  it("does not take an answer that it cannot store: the page keeps it", async () => {
    const output = new Printed();
    const stop = new AbortController();
    const opening = codeOf(openAgent({ dir, client, request: asking(), output, signal: stop.signal }));
    const request = parseHandoffRequest(await output.link());
    await rm(join(dir, "request.json"));
    // A folder of that name cannot be replaced by a file.
    await mkdir(join(dir, "request.json", "in the way"), { recursive: true });
    expect(await post(request, await grantedBy(request))).to.equal(400);
    await rm(join(dir, "request.json"), { recursive: true });
    expect(await post(request, await grantedBy(request))).to.equal(200);
    expect(await opening).to.equal("none");
    stop.abort();
  });

  it("reports a damaged grant before it asks anybody", async () => {
    await agentFolder(dir);
    await writeFile(join(dir, "grant.json"), "{}");
    const output = new Printed();
    expect(await codeOf(openAgent({ dir, client, request: asking(), output }))).to.equal("INVALID_GRANT");
    expect(output.text).to.equal("");
  });
});
