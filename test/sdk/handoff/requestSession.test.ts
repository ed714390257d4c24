import { once } from "node:events";
import { connect } from "node:net";
import { Writable } from "node:stream";
import { createSafe, type Latchkey } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { createPasskey } from "@latchkey/devchain";
import { type Budget, isRefusal, pay, type RefusalCode, verifyGrant } from "@latchkey/sdk";
import { safeAbi } from "@latchkey/sdk/encoding";
import {
  type GrantedAnswer,
  handoffCode,
  keyFingerprint,
  parseHandoffRequest,
  requestedSession,
  settleHandoff,
} from "@latchkey/sdk/handoff";
import { requestSession, type SessionHandoff } from "@latchkey/sdk/node";
import { mostSpendable } from "@latchkey/sdk/review";
import { expect } from "chai";
import {
  createPublicClient,
  createWalletClient,
  custom,
  encodeFunctionData,
  HttpRequestError,
  type LocalAccount,
  parseAbi,
  parseEther,
  zeroAddress,
} from "viem";
import { installLatchkey } from "../../environment/latchkey.ts";
import { type Environment, setUp } from "../../environment/setUp.ts";
import { answerAsNewOwner } from "./newOwner.ts";
import { keyOf } from "./requests.ts";

const page = "http://localhost:4173/";
const origin = "http://localhost:4173";
const shop = keyOf("a shop").address;

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

describe("a session that an agent asks for", function () {
  this.timeout(60_000);
  let env: Environment;
  let latchkey: Latchkey;
  let key: LocalAccount;
  let client: ReturnType<typeof clientOf>;
  let count = 0;
  const open: SessionHandoff[] = [];

  const clientOf = ({ testChain }: Environment) =>
    createPublicClient({
      transport: custom(testChain.provider, { retryCount: 0 }),
      pollingInterval: 20,
      cacheTime: 0,
    });

  before(async () => {
    env = await setUp("base");
    latchkey = await installLatchkey(env.testChain);
    client = clientOf(env);
  });
  beforeEach(async () => {
    key = keyOf(`agent ${count++}`);
    await env.testChain.setBalance(key.address, parseEther("1"));
  });
  afterEach(async () => {
    for (const handoff of open.splice(0)) await handoff.close();
  });
  after(() => env.connection.close());

  async function ask(part: Partial<Parameters<typeof requestSession>[0]> = {}) {
    const handoff = await requestSession({
      client,
      key,
      page,
      name: "Research Bot",
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      until: "7d",
      ...part,
    });
    open.push(handoff);
    return handoff;
  }
  const answerOf = ({ request }: SessionHandoff, change?: Parameters<typeof answerAsNewOwner>[0]["change"]) =>
    answerAsNewOwner({ ...env, latchkey, passkey: createPasskey(), request, ...(change ? { change } : {}) });
  const post = (handoff: SessionHandoff, body: string, headers: Record<string, string> = {}) =>
    fetch(handoff.request.callback ?? "", {
      method: "POST",
      body,
      headers: { origin, "content-type": "application/json", ...headers },
    });
  const isWaiting = (handoff: SessionHandoff) =>
    Promise.race([handoff.received.then(() => false), new Promise((done) => setTimeout(done, 20, true))]);

  it("has one period where a limit is for all of it, also by a node that is a minute behind", async () => {
    const { request } = await ask({
      budgets: { usdc: { perTransaction: "1", inAll: "5", recipients: [shop] } },
      until: "1h",
    });
    const { timestamp } = await client.getBlock();
    const session = requestedSession(request, { account: shop, now: Number(timestamp) - 60 });
    expect(mostSpendable(session, session.budgets[0] as Budget)).to.deep.equal({
      periods: 1n,
      most: 5_000_000n,
    });
  });

  it("is granted by a new owner without a transaction of his, and works", async () => {
    const passkey = createPasskey();
    const handoff = await ask();
    // What the page reads is what the agent asked for.
    const request = parseHandoffRequest(handoff.link);
    expect(request).to.deep.equal(handoff.request);
    expect(handoff.code).to.equal(handoffCode(request));
    expect(handoff.fingerprint).to.equal(keyFingerprint(key.address));

    const answer = await answerAsNewOwner({ ...env, latchkey, passkey, request });
    const heard = await post(handoff, JSON.stringify(answer));
    expect(heard.status).to.equal(200);
    expect(passkey.assertions).to.equal(1);
    const grant = await handoff.answer;
    expect(await verifyGrant(client, grant)).to.deep.equal({ valid: true });
    const [budget] = grant.session.budgets;
    expect(budget).to.deep.include({
      token: env.usdc.address,
      perTransaction: 1_000_000n,
      perPeriod: 20_000_000n,
      period: 86_400,
      recipients: [shop],
    });

    await env.usdc.mint(grant.session.account, 5_000_000n);
    const hash = await pay(createWalletClient({ account: key, transport: custom(env.testChain.provider) }), {
      grant,
      to: shop,
      amount: "0.50",
    });
    expect((await client.waitForTransactionReceipt({ hash })).status).to.equal("success");
  });

  it("comes back by paste or file as well", async () => {
    const handoff = await ask({ callback: false });
    expect(handoff.request).not.to.have.property("callback");
    const answer = await answerOf(handoff);
    await handoff.receive(JSON.stringify(answer, undefined, 2));
    expect((await handoff.answer).session.key).to.equal(key.address);
  });

  it("may be lowered by its owner, and is then what he granted", async () => {
    const handoff = await ask();
    const answer = await answerOf(handoff, (session) => ({
      ...session,
      budgets: session.budgets.map((budget) => ({ ...budget, perPeriod: 5_000_000n })),
    }));
    expect((await post(handoff, JSON.stringify(answer))).status).to.equal(200);
    expect((await handoff.answer).session.budgets[0]?.perPeriod).to.equal(5_000_000n);
  });

  it("is refused when it comes back wider, and the wait goes on", async () => {
    const handoff = await ask();
    const wider = await answerOf(handoff, (session) => ({ ...session, validUntil: session.validUntil + 1 }));
    const heard = await post(handoff, JSON.stringify(wider));
    expect(heard.status).to.equal(400);
    expect(await heard.json()).to.deep.equal({
      code: "INVALID_ANSWER",
      message: "The grant allows more than was requested.",
    });
    expect(await codeOf(handoff.receive(JSON.stringify(wider)))).to.equal("INVALID_ANSWER");
    expect(await isWaiting(handoff)).to.equal(true);
    expect((await post(handoff, JSON.stringify(await answerOf(handoff)))).status).to.equal(200);
    await handoff.answer;
  });

  it("is refused when no owner stands behind it, and the wait goes on", async () => {
    const handoff = await ask();
    const made = await answerOf(handoff);
    await settleHandoff(client, made, { sender: key });
    // The account is there, and somebody else's passkey signed.
    const signature = (await answerOf(handoff)).grant.signature;
    const forged: GrantedAnswer = { ...made, transactions: [], grant: { ...made.grant, signature } };
    const heard = await post(handoff, JSON.stringify(forged));
    expect(heard.status).to.equal(400);
    expect(await heard.json()).to.include({ code: "NOT_GRANTED" });
    expect(await isWaiting(handoff)).to.equal(true);
  });

  describe("is tried before the wait ends, if it carries transactions", () => {
    it("and refused where they create another account than the one that grants", async () => {
      const handoff = await ask();
      const answer = await answerOf(handoff);
      const { transactions } = await answerOf(handoff);
      const heard = await post(handoff, JSON.stringify({ ...answer, transactions }));
      expect(heard.status).to.equal(400);
      expect(await heard.json()).to.include({ code: "INVALID_ANSWER" });
      expect(await isWaiting(handoff)).to.equal(true);
      expect((await post(handoff, JSON.stringify(answer))).status).to.equal(200);
      await handoff.answer;
    });

    it("and refused where the account already exists and does not accept the grant", async () => {
      const handoff = await ask();
      const made = await answerOf(handoff);
      await settleHandoff(client, made, { sender: key });
      const { signature } = (await answerOf(handoff)).grant;
      const forged = { ...made, grant: { ...made.grant, signature } };
      expect(await codeOf(handoff.receive(JSON.stringify(forged)))).to.equal("NOT_GRANTED");
      expect(await isWaiting(handoff)).to.equal(true);
      await handoff.receive(JSON.stringify(made));
      await handoff.answer;
    });

    /** A client whose node stops answering when it is told to. */
    const unsteady = (whatThen: () => Promise<never>) => {
      const node = { isThere: true };
      const request: typeof env.testChain.provider.request = (asked) =>
        node.isThere ? env.testChain.provider.request(asked) : whatThen();
      const unsteadyClient = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) });
      return { node, client: unsteadyClient };
    };

    it("and accepted if the node cannot be reached, to be settled later", async () => {
      const { node, client: failing } = unsteady(async () => {
        throw new HttpRequestError({ url: "http://node.example", status: 503 });
      });
      const handoff = await ask({ client: failing });
      const answer = await answerOf(handoff);
      node.isThere = false;
      expect((await post(handoff, JSON.stringify(answer))).status).to.equal(200);
      expect(await codeOf(handoff.answer)).to.equal("NETWORK");
      node.isThere = true;
      await settleHandoff(failing, await handoff.received, { sender: key });
    });

    it("and taken where the chain says nothing while the page waits", async () => {
      const { node, client: silent } = unsteady(() => new Promise(() => {}));
      const handoff = await ask({ client: silent });
      const answer = await answerOf(handoff);
      node.isThere = false;
      const began = Date.now();
      expect((await post(handoff, JSON.stringify(answer))).status).to.equal(200);
      expect(Date.now() - began).to.be.lessThan(10_000);
      expect((await handoff.received).grant).to.deep.equal(answer.grant);
    });
  });

  it("ends with DECLINED if its owner declines", async () => {
    const handoff = await ask();
    const no = JSON.stringify({ version: 1, nonce: handoff.request.nonce, status: "declined" });
    expect((await post(handoff, no)).status).to.equal(200);
    expect(await codeOf(handoff.answer)).to.equal("DECLINED");
    expect(await codeOf(handoff.received)).to.equal("DECLINED");
  });

  it("is answered once", async () => {
    const handoff = await ask();
    const answer = JSON.stringify(await answerOf(handoff));
    await handoff.receive(answer);
    expect(await codeOf(handoff.receive(answer))).to.equal("HANDOFF_CLOSED");
    const gone = await post(handoff, answer).then(
      ({ status }) => status,
      () => "nobody there",
    );
    expect(gone).to.equal("nobody there");
    await handoff.answer;
  });

  it("ends when the agent stops waiting", async () => {
    const ending = new AbortController();
    const [closed, aborted] = [await ask(), await ask({ signal: ending.signal })];
    await closed.close();
    ending.abort();
    for (const handoff of [closed, aborted]) {
      expect(await codeOf(handoff.answer)).to.equal("HANDOFF_CLOSED");
      expect(await codeOf(handoff.receive("{}"))).to.equal("HANDOFF_CLOSED");
    }
    expect(await codeOf(ask({ signal: ending.signal }))).to.equal("HANDOFF_CLOSED");
  });

  it("is not asked for without limits that a session needs", async () => {
    expect(await codeOf(ask({ budgets: {} }))).to.equal("INVALID_LIMIT");
    expect(await codeOf(ask({ name: "" }))).to.equal("INVALID_REQUEST");
    expect(await codeOf(ask({ page: "http://page.example/" }))).to.equal("INVALID_REQUEST");
  });

  it("is printed with its link, its codes and a QR code", async () => {
    let text = "";
    const output = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    });
    const { link, code, fingerprint, qr } = await ask({ output });
    for (const part of [link, code, fingerprint, qr]) expect(text).to.include(part ?? "no QR code");
    expect(text).to.match(/[▀▄█]{10}/);
    expect(link.length).to.be.lessThan(2953);
  });

  describe("by its callback", () => {
    it("hears nobody but the page", async () => {
      const handoff = await ask();
      const answer = JSON.stringify(await answerOf(handoff));
      for (const sender of [
        "https://evil.example",
        "http://localhost:4174",
        "http://127.0.0.1:4173",
        "https://localhost:4173",
        "null",
        "",
      ]) {
        const heard = await post(handoff, answer, { origin: sender });
        expect(heard.status, sender).to.equal(403);
        expect(heard.headers.get("access-control-allow-origin")).to.equal(null);
      }
      expect(await isWaiting(handoff)).to.equal(true);
    });

    it("hears nobody who guesses the path, or gave the machine another name", async () => {
      const handoff = await ask();
      const { callback = "" } = handoff.request;
      const { port, pathname } = new URL(callback);
      expect(pathname).to.match(/^\/[A-Za-z0-9_-]{32}$/);
      expect((await fetch(`http://127.0.0.1:${port}/`, { headers: { origin } })).status).to.equal(404);
      const socket = connect(Number(port), "127.0.0.1");
      socket.write(`POST ${pathname} HTTP/1.1\r\nHost: evil.example:${port}\r\nOrigin: ${origin}\r\n\r\n`);
      const [first] = await once(socket, "data");
      expect(String(first)).to.match(/^HTTP\/1\.1 421 /);
      socket.destroy();
    });

    it("is on the loopback interface only", async () => {
      const { request } = await ask();
      expect(request.callback).to.match(/^http:\/\/127\.0\.0\.1:\d+\//);
      const { port } = new URL(request.callback ?? "");
      // Another address of this very machine.
      const socket = connect(Number(port), "127.0.0.2");
      const heard = await new Promise((done) => {
        socket.on("error", ({ code }: NodeJS.ErrnoException) => done(code));
        socket.on("connect", () => done("connected"));
      });
      socket.destroy();
      expect(heard).to.equal("ECONNREFUSED");
    });

    it("lets a browser's page ask first, also from a public network", async () => {
      const { request } = await ask();
      const heard = await fetch(request.callback ?? "", {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-private-network": "true",
        },
      });
      expect(heard.status).to.equal(204);
      const headers = {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type",
        "access-control-allow-private-network": "true",
      };
      for (const [name, value] of Object.entries(headers))
        expect(heard.headers.get(name), name).to.equal(value);
    });

    it("takes POST, JSON and 64 KiB at most, and goes on waiting", async () => {
      const handoff = await ask();
      const callback = handoff.request.callback ?? "";
      expect((await fetch(callback, { headers: { origin } })).status).to.equal(405);
      expect((await post(handoff, "{}", { "content-type": "text/plain" })).status).to.equal(415);
      expect((await post(handoff, "{}")).status).to.equal(400);
      const long = await post(handoff, " ".repeat(64 * 1024 + 1)).then(
        ({ status }) => status,
        // The server may hang up before all is sent.
        () => 413,
      );
      expect(long).to.equal(413);
      expect((await post(handoff, " ".repeat(64 * 1024))).status).to.equal(400);
      expect(await isWaiting(handoff)).to.equal(true);
    });

    it("does not keep its agent from ending because somebody holds a connection", async () => {
      const handoff = await ask();
      const { port, pathname } = new URL(handoff.request.callback ?? "");
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => {});
      socket.write(
        `POST ${pathname} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
      );
      await new Promise((done) => setTimeout(done, 50));
      const began = Date.now();
      await handoff.close();
      expect(Date.now() - began).to.be.lessThan(3000);
    });
  });

  describe("when its transactions are sent", () => {
    it("sends none that somebody else has sent", async () => {
      const handoff = await ask();
      const answer = await answerOf(handoff);
      const [creation] = answer.transactions;
      await env.testChain.send({ from: shop, to: creation?.to ?? zeroAddress, data: creation?.data ?? "0x" });
      const before = await client.getBlockNumber();
      await settleHandoff(client, answer, { sender: key });
      expect(await client.getBlockNumber()).to.equal(before);
    });

    it("says NO_GAS when the sender cannot pay, and can be tried again", async () => {
      const poor = keyOf("a poor agent");
      const handoff = await ask({ key: poor });
      await handoff.receive(JSON.stringify(await answerOf(handoff)));
      expect(await codeOf(handoff.answer)).to.equal("NO_GAS");
      const received = await handoff.received;
      const grant = await settleHandoff(client, received, { sender: key });
      expect(grant.session.key).to.equal(poor.address);
    });

    it("lets another account pay", async () => {
      const poor = keyOf("another poor agent");
      const handoff = await ask({ key: poor, sender: key });
      await handoff.receive(JSON.stringify(await answerOf(handoff)));
      await handoff.answer;
      expect(await client.getTransactionCount({ address: poor.address })).to.equal(0);
      expect(await client.getTransactionCount({ address: key.address })).to.equal(1);
    });

    it("refuses one that costs too much", async () => {
      const handoff = await ask();
      const answer = await answerOf(handoff);
      expect(await codeOf(settleHandoff(client, answer, { sender: key, mostGas: 100_000n }))).to.equal(
        "INVALID_ANSWER",
      );
      expect(await client.getTransactionCount({ address: key.address })).to.equal(0);
    });

    it("needs somebody who sends", async () => {
      const answer = await answerOf(await ask());
      expect(await codeOf(settleHandoff(client, answer))).to.equal("INVALID_SIGNER");
    });

    it("sends none that creates another account than the one that grants", async () => {
      const handoff = await ask();
      const answer = await answerOf(handoff);
      const { transactions } = await answerOf(handoff);
      expect(await codeOf(settleHandoff(client, { ...answer, transactions }, { sender: key }))).to.equal(
        "INVALID_ANSWER",
      );
      expect(await client.getTransactionCount({ address: key.address })).to.equal(0);
    });

    it("sends none that works only because of who sends it", async () => {
      // A Safe that the agent's own key owns: in its own name it could make that Safe do anything.
      const owned = await createSafe(env, { version: "1.4.1", owner: ecdsaOwner("the agent itself") });
      const owner = keyOf("owner the agent itself");
      expect(
        await env.testChain.client.readContract({
          address: owned.address,
          abi: parseAbi(["function getOwners() view returns (address[])"]),
          functionName: "getOwners",
        }),
      ).to.deep.equal([owner.address]);
      await env.testChain.setBalance(owner.address, parseEther("1"));
      const handoff = await ask({ sender: owner });
      const session = requestedSession(handoff.request, {
        account: owned.address,
        now: Number((await client.getBlock()).timestamp),
      });
      const made = await answerOf(handoff, () => session);
      const approvedBySending = `0x${owner.address.slice(2).padStart(64, "0")}${"0".repeat(64)}01` as const;
      const data = encodeFunctionData({
        abi: parseAbi([
          "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool success)",
        ]),
        args: [
          owned.address,
          0n,
          encodeFunctionData({ abi: safeAbi, functionName: "enableModule", args: [shop] }),
          0,
          0n,
          0n,
          0n,
          zeroAddress,
          zeroAddress,
          approvedBySending,
        ],
      });
      // Sent by the owner it would work: that is what makes the attack.
      await client.call({ account: owner, to: owned.address, data });
      const answer = { ...made, transactions: [{ to: owned.address, data, value: "0x0" as const }] };
      expect(await codeOf(handoff.receive(JSON.stringify(answer)))).to.equal("SAFE_ERROR");
      expect(await isWaiting(handoff)).to.equal(true);
      expect(await codeOf(settleHandoff(client, answer, { sender: owner }))).to.equal("SAFE_ERROR");
      expect(await client.getTransactionCount({ address: owner.address })).to.equal(0);
    });
  });
});
