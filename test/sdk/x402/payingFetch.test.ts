import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { asSafe } from "@latchkey/accounts/asSafe";
import {
  createPasskeySafe,
  createSafe,
  installOnSafe,
  type Latchkey,
  type SafeAccount,
  signAsSafe,
} from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { createPasskey, type Merchant, type Offer, openMerchant, type SafeVersion } from "@latchkey/devchain";
import {
  ANYONE,
  type Budget,
  budgetSpendControls,
  type Grant,
  grantDigest,
  hashSession,
  type Ledger,
  latchkeyScheme,
  memoryPaymentStore,
  type PayingFetchParameters,
  type PayingRequestInit,
  type PaymentStore,
  payingFetch,
  Refusal,
  readLedger,
  reconcileLedger,
  type Session,
  safeInstallation,
} from "@latchkey/sdk";
import {
  decodePayload,
  encodeEnable,
  encodeExecute,
  encodePause,
  encodeResume,
  encodeRevoke,
  encodeRevokeAll,
  safeAbi,
  slotNonce,
} from "@latchkey/sdk/encoding";
import { fileLedger, filePaymentStore } from "@latchkey/sdk/node";
import { x402Client } from "@x402/core/client";
import { decodePaymentSignatureHeader, encodePaymentRequiredHeader } from "@x402/core/http";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { wrapFetchWithPayment } from "@x402/fetch";
import { expect } from "chai";
import * as undici from "undici";
import {
  type Address,
  createPublicClient,
  custom,
  decodeFunctionData,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  HttpRequestError,
  keccak256,
  pad,
  parseAbi,
  parseAbiItem,
  toBytes,
  toFunctionSelector,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { SENTINEL_MODULE } from "#sdk/accounts/safe/safeAddresses.ts";
import { aheadOfClock } from "../../environment/aheadOfClock.ts";
import { installLatchkey } from "../../environment/latchkey.ts";
import { type Environment, setUp } from "../../environment/setUp.ts";

const DOLLAR = 1_000_000n;
const key = privateKeyToAccount(keccak256(toBytes("the agent of the x402 tests")));
const shop = getAddress("0x5409000000000000000000000000000000000001");
const stranger = getAddress("0x5409000000000000000000000000000000000bad");
const erc1271 = parseAbi(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);
const settleAbi = parseAbi([
  "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
]);
const transfer = parseAbiItem("event Transfer(address indexed from, address indexed to, uint256 value)");

const budgetOf = (session: Session) => ({
  account: `eip155:1:${session.account.toLowerCase()}`,
  budget: `${hashSession(session)}/0`,
});

const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  const outcome = await work.then(
    (value) => value,
    (reason: unknown) => reason,
  );
  expect(
    outcome,
    outcome instanceof Response ? `status ${outcome.status}` : String(outcome),
  ).to.be.instanceOf(Refusal);
  return outcome as Refusal;
};

describe("the paying fetch", function () {
  this.timeout(120_000);

  let environment: Environment;
  let latchkey: Latchkey;
  let merchant: Merchant;
  const safes = {} as Record<SafeVersion, SafeAccount>;
  let restore: () => Promise<void>;

  before(async () => {
    environment = await setUp("ethereum");
    const { testChain, usdc, connection } = environment;
    latchkey = await installLatchkey(testChain);
    safes["1.4.1"] = await createSafe(environment, { version: "1.4.1", owner: ecdsaOwner("x402") });
    await installOnSafe(safes["1.4.1"], latchkey, [usdc.domainSeparator]);
    safes["1.5.0"] = await createPasskeySafe(environment, {
      version: "1.5.0",
      passkey: createPasskey("x402"),
      latchkey,
      domainSeparators: [usdc.domainSeparator],
    });
    for (const { address } of Object.values(safes)) await usdc.mint(address, 1000n * DOLLAR);
    const offer = (amount: bigint, other: Partial<Offer> = {}): Offer => ({
      amount,
      asset: usdc.address,
      payTo: shop,
      ...other,
    });
    merchant = await openMerchant(testChain, {
      ...Object.fromEntries(PRICES.map((amount) => [`price-${amount}`, offer(amount)])),
      fifth: offer(200_000n),
      "1.5": offer(1_500_000n),
      "elsewhere-paid": offer(1n, { payTo: stranger }),
      misnamed: offer(1n, { extra: { name: "USDC", version: "2" } }),
      permit2: offer(1n, {
        extra: { name: "USD Coin", version: "2", assetTransferMethod: "permit2" },
      }),
      erc7710: offer(DOLLAR, { extra: { assetTransferMethod: "erc7710" } }),
      "another-token": offer(1n, { asset: stranger }),
      short: offer(200_000n, { maxTimeoutSeconds: 20 }),
      hasty: offer(200_000n, { maxTimeoutSeconds: 9 }),
    });
    const snapshot = await connection.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => aheadOfClock(environment.connection));
  afterEach(async () => {
    merchant.faults = [];
    merchant.headers = [];
    merchant.settlements = 0;
    await restore();
  });
  after(async () => {
    await merchant.close();
    await environment.connection.close();
  });

  const PRICES = [1n, 999n, 3_906n, 10_000n, 62_500n, 62_501n, 123_456n, 250_000n, 500_000n, 1_000_000n];

  // A block first: the latest one may be older than what a block mined now would say.
  const chainTime = async () => {
    await mine();
    return Number((await environment.testChain.client.getBlock()).timestamp);
  };
  const mine = (seconds?: number) =>
    seconds
      ? environment.connection.networkHelpers.time.increase(seconds)
      : environment.connection.networkHelpers.mine();

  /** A session of one dollar a payment, twenty a day, unless told otherwise. */
  async function sessionFor(
    { address }: SafeAccount,
    budget: Partial<Budget> = {},
    other: Partial<Session> = {},
  ): Promise<Session> {
    const now = await chainTime();
    return {
      account: address,
      key: key.address,
      validAfter: now - 1000,
      validUntil: now + 7 * 86_400,
      epoch: 0n,
      salt: 7n,
      gasAllowance: 0n,
      paymaster: pad("0x", { size: 20 }),
      budgets: [
        {
          token: environment.usdc.address,
          perTransaction: DOLLAR,
          perPeriod: 20n * DOLLAR,
          period: 86_400,
          initial: 0n,
          perSecond: 0n,
          signatures: 1,
          sizes: 5,
          recipients: [shop],
          ...budget,
        },
      ],
      actions: [],
      ...other,
    };
  }
  async function grantFor(safe: SafeAccount, session: Session): Promise<Grant> {
    const { chainId } = environment.testChain;
    const digest = grantDigest(session, { chainId, module: latchkey.module });
    return {
      version: 1,
      chainId,
      module: latchkey.module,
      accountKind: "safe",
      session,
      signature: await signAsSafe(safe, digest),
    };
  }
  async function enabled(budget: Partial<Budget> = {}, other: Partial<Session> = {}): Promise<Grant> {
    const safe = safes["1.4.1"];
    const grant = await grantFor(safe, await sessionFor(safe, budget, other));
    await asSafe(safe, [encodeEnable(grant)]);
    return { ...grant, signature: "0x" };
  }
  const agent = (grant: Grant, other: Partial<PayingFetchParameters> = {}) =>
    payingFetch({
      client: environment.testChain.client,
      key,
      grant,
      maxWait: 5,
      pollingInterval: 20,
      resendDelay: 10,
      ...other,
    });

  /** What was really paid, as the token tells it. */
  async function payments(from: Address): Promise<{ to: Address; value: bigint }[]> {
    const logs = await environment.testChain.client.getLogs({
      address: environment.usdc.address,
      event: transfer,
      args: { from },
      fromBlock: 0n,
    });
    return logs.map(({ args }) => ({ to: args.to as Address, value: args.value as bigint }));
  }
  const payment = (header: string) => {
    const decoded = JSON.parse(Buffer.from(header, "base64").toString());
    return decoded.payload as {
      signature: Hex;
      authorization: { nonce: Hex; validBefore: string };
      permissionContext?: Hex;
    };
  };

  for (const version of ["1.4.1", "1.5.0"] as const) {
    it(`pays ten prices from a Safe ${version} with a grant that was never put on chain`, async () => {
      const safe = safes[version];
      const pay = agent(await grantFor(safe, await sessionFor(safe)));
      for (const price of PRICES) {
        const response = await pay(merchant.url(`price-${price}`));
        expect(response.status, `${price}`).to.equal(200);
        expect(await response.json()).to.deep.equal({ sold: `price-${price}`, body: null });
      }
      expect(await payments(safe.address)).to.deep.equal(PRICES.map((value) => ({ to: shop, value })));
      expect(merchant.settlements).to.equal(PRICES.length);
    });

    it(`sends the short payload from a Safe ${version} once the session is enabled`, async () => {
      const safe = safes[version];
      // Of an enabled session the budget that pays travels, and no more.
      const rules = Array.from({ length: 8 }, (_, index) => ({
        offset: 4 + 32 * index,
        op: 0,
        value: keccak256(toBytes(`value ${index}`)),
      }));
      const actions = [{ target: stranger, selector: "0x00000001" as const, rules }];
      const session = await sessionFor(safe, {}, { actions });
      const [budget] = session.budgets as [Budget];
      const another = { ...budget, token: latchkey.handler, recipients: Array(8).fill(shop) };
      const grant = await grantFor(safe, { ...session, budgets: [budget, another] });
      const pay = agent(grant);
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      await asSafe(safe, [encodeEnable(grant)]);
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      const [long, short] = merchant.headers.map((header) => payment(header).signature.length);
      expect(short).to.be.lessThan((long as number) - 1000);
      expect(await payments(safe.address)).to.have.length(2);
    });
  }

  it("passes everything else through: free pages, bodies, methods, and headers", async () => {
    const pay = agent(await enabled());
    const free = await pay(merchant.url("free"));
    expect(await free.json()).to.deep.equal({ sold: "free", body: null });
    const posted = await pay(merchant.url("fifth"), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ question: 42 }),
    });
    expect(await posted.json()).to.deep.equal({ sold: "fifth", body: { question: 42 } });
  });

  it("pays more than x402's own dollar where the session allows it", async () => {
    const pay = agent(await enabled({ perTransaction: 2n * DOLLAR }));
    expect((await pay(merchant.url("1.5"))).status).to.equal(200);
  });

  it("works as a scheme of the stock client and of the stock fetch", async () => {
    const grant = await enabled();
    const { client } = environment.testChain;
    const scheme = latchkeyScheme({ client, key, grant });
    const x402 = new x402Client()
      .register(scheme.network, scheme)
      .setSpendControls(budgetSpendControls(scheme.session, scheme.network));
    const pay = wrapFetchWithPayment(fetch, x402);
    expect((await pay(merchant.url("fifth"))).status).to.equal(200);
    const refused = await pay(merchant.url("1.5")).catch((error: Error) => error.message);
    expect(refused).to.contain("maxAmountPerPayment");
  });

  it("pays ten requests at once, opening no more lots at a time than it may, then follows", async () => {
    const grant = await enabled();
    const pay = agent(grant, { maxOpenersInFlight: 2, maxWait: 30 });
    const responses = await Promise.all(Array.from({ length: 10 }, () => pay(merchant.url("fifth"))));
    expect(responses.map(({ status }) => status)).to.deep.equal(Array(10).fill(200));
    expect(new Set(merchant.headers.map((header) => payment(header).authorization.nonce)).size).to.equal(10);
    expect(await payments(grant.session.account)).to.have.length(10);
  });

  it("lets two agents with one store pay at the same time without one refusal", async () => {
    const folder = await mkdtemp(join(tmpdir(), "latchkey-x402-"));
    const grant = await enabled();
    const store = () => filePaymentStore(join(folder, "payments.jsonl"));
    const agents = [agent(grant, { store: store() }), agent(grant, { store: store() })];
    const responses = await Promise.all(
      Array.from({ length: 8 }, (_, turn) => (agents[turn % 2] as typeof fetch)(merchant.url("fifth"))),
    );
    await rm(folder, { recursive: true });
    expect(responses.map(({ status }) => status)).to.deep.equal(Array(8).fill(200));
    expect(merchant.headers).to.have.length(8);
  });

  describe("when the outcome is unknown", () => {
    it("sends the same payment again where the connection broke before it was settled", async () => {
      const grant = await enabled();
      merchant.faults = ["drop before settling", "drop before settling"];
      expect((await agent(grant)(merchant.url("fifth"))).status).to.equal(200);
      expect(merchant.headers).to.have.length(3);
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await payments(grant.session.account)).to.have.length(1);
    });

    it("says that it is paid where the connection broke after it was settled, and never pays twice", async () => {
      const grant = await enabled();
      const pay = agent(grant);
      merchant.faults = ["drop after settling"];
      const refusal = await refusalOf(pay(merchant.url("fifth")));
      expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
      expect(refusal.details).to.include({ settled: true, header: merchant.headers[0] });
      expect(new Set(merchant.headers).size).to.equal(1);
      // An agent that simply asks again, as agents do.
      expect((await refusalOf(pay(merchant.url("fifth")))).details.settled).to.equal(true);
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await payments(grant.session.account)).to.have.length(1);
      // Another request is another purchase.
      expect((await pay(merchant.url("price-10000"))).status).to.equal(200);
    });

    it("does not sign again if the server settled the payment and asks for it again", async () => {
      const grant = await enabled();
      merchant.faults = ["402 after settling"];
      const refusal = await refusalOf(agent(grant)(merchant.url("fifth")));
      expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
      expect(refusal.details.settled).to.equal(true);
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await payments(grant.session.account)).to.have.length(1);
    });

    it("offers the same payment when a request is repeated after the server stayed away", async () => {
      const grant = await enabled();
      const pay = agent(grant, { resends: 1 });
      merchant.faults = ["drop before settling", "drop before settling"];
      const refusal = await refusalOf(pay(merchant.url("fifth")));
      expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
      expect(refusal.details.settled).to.equal(false);
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect(merchant.headers).to.have.length(3);
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await payments(grant.session.account)).to.have.length(1);
      // It was bought, so the next one is a new purchase.
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect(await payments(grant.session.account)).to.have.length(2);
    });

    it("pays again once the first payment has expired", async () => {
      const grant = await enabled();
      const pay = agent(grant, { resends: 0 });
      merchant.faults = ["drop before settling"];
      await refusalOf(pay(merchant.url("short")));
      await mine(21);
      expect((await pay(merchant.url("short"))).status).to.equal(200);
      expect(new Set(merchant.headers).size).to.equal(2);
      expect(await payments(grant.session.account)).to.have.length(1);
    });

    it("sends it again after a gateway's error, but not after silence: the server may be at work", async () => {
      const grant = await enabled();
      const pay = agent(grant, { timeout: 300 });
      merchant.faults = ["502", "silence"];
      const refusal = await refusalOf(pay(merchant.url("fifth")));
      expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
      expect(refusal.details).to.include({ settled: false, expired: false, late: true });
      expect(merchant.headers).to.have.length(2);
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect(merchant.headers).to.have.length(3);
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await payments(grant.session.account)).to.have.length(1);
    });

    it("keeps the payments of equal requests apart that are made at the same time", async () => {
      const grant = await enabled();
      const pay = agent(grant, { timeout: 3000, resends: 0 });
      merchant.faults = ["silence"];
      const first = refusalOf(pay(merchant.url("fifth")));
      while (merchant.headers.length === 0) await new Promise((done) => setTimeout(done, 5));
      // While the first one waits for its answer, and before it gives up.
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect((await first).code).to.equal("OUTCOME_UNKNOWN");
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect(merchant.headers).to.have.length(3);
      expect(merchant.headers[1]).not.to.equal(merchant.headers[0]);
      expect(merchant.headers[2]).to.equal(merchant.headers[0]);
      expect(await payments(grant.session.account)).to.have.length(2);
    });

    it("pays a server that has changed its price only once the first payment has lapsed", async () => {
      const grant = await enabled();
      const asked: string[] = [];
      let amount = "200000";
      let broken = true;
      const pay = agent(grant, {
        resends: 0,
        fetch: async (input, init) => {
          const header = new Request(input, init).headers.get("PAYMENT-SIGNATURE");
          if (header) {
            if (broken) throw new TypeError("connection reset");
            const { accepted } = decodePaymentSignatureHeader(header);
            asked.push(accepted.amount);
            if (accepted.amount === amount) return new Response("sold");
          }
          const accepts: PaymentRequirements[] = [
            {
              scheme: "exact",
              network: "eip155:1",
              asset: environment.usdc.address,
              amount,
              payTo: shop,
              maxTimeoutSeconds: 60,
              extra: { name: "USD Coin", version: "2" },
            },
          ];
          const required = { x402Version: 2, resource: { url: "https://shop.example/" }, accepts };
          const headers = { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required) };
          return new Response("pay first", { status: 402, headers });
        },
      });
      expect((await refusalOf(pay("https://shop.example/"))).code).to.equal("OUTCOME_UNKNOWN");
      broken = false;
      amount = "210000";
      // The shop has the first payment, and could settle it beside a second one.
      const refused = await pay("https://shop.example/");
      expect([refused.status, await refused.text()]).to.deep.equal([402, "pay first"]);
      expect(asked).to.deep.equal(["200000"]);
      await mine(61);
      expect(await (await pay("https://shop.example/")).text()).to.equal("sold");
      expect(asked).to.deep.equal(["200000", "210000"]);
      expect(await (await pay("https://shop.example/")).text()).to.equal("sold");
      expect(asked).to.deep.equal(["200000", "210000", "210000"]);
    });

    for (const [unanswered, faults, outcomes] of [
      ["one", ["drop after settling"], [200, "OUTCOME_UNKNOWN"]],
      ["both", ["drop after settling", "drop after settling"], ["OUTCOME_UNKNOWN", "OUTCOME_UNKNOWN"]],
    ] as const)
      it(`does not pay again for two equal requests at once of which ${unanswered} stayed unanswered`, async () => {
        const grant = await enabled();
        const pay = agent(grant, { resends: 0 });
        const attempt = () =>
          pay(merchant.url("fifth")).then(
            ({ status }) => status,
            (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
          );
        merchant.faults = [...faults];
        expect((await Promise.all([attempt(), attempt()])).sort()).to.deep.equal(outcomes);
        expect(await payments(grant.session.account)).to.have.length(2);
        // What the refusal says to do: the same request again. It was paid already.
        await Promise.all(faults.map(attempt));
        expect(new Set(merchant.headers).size).to.equal(2);
        expect(await payments(grant.session.account)).to.have.length(2);
      });

    it("offers a payment that is still open although an earlier one of the same request has lapsed", async () => {
      const grant = await enabled();
      const attempts: string[] = [];
      let answer: (() => void) | undefined;
      const pay = agent(grant, {
        resends: 0,
        fetch: async (input, init) => {
          const request = new Request(input, init);
          const header = request.headers.get("PAYMENT-SIGNATURE");
          if (!header) return fetch(request);
          attempts.push(header);
          if (attempts.length === 1) await new Promise<void>((done) => (answer = done));
          throw new TypeError("connection reset");
        },
      });
      const first = refusalOf(pay(merchant.url("short")));
      while (attempts.length < 1) await new Promise((done) => setTimeout(done, 5));
      await mine(12);
      const second = refusalOf(pay(merchant.url("short")));
      while (attempts.length < 2) await new Promise((done) => setTimeout(done, 5));
      // The first is remembered before the second, and lapses before it.
      await second;
      answer?.();
      await first;
      await mine(12);
      await refusalOf(pay(merchant.url("short")));
      await refusalOf(pay(merchant.url("short")));
      expect(attempts).to.have.length(4);
      expect(new Set(attempts).size).to.equal(2);
      expect(attempts.slice(2)).to.deep.equal([attempts[1], attempts[1]]);
    });

    it("remembers a payment that was settled and bought nothing for an hour after its end", async () => {
      const grant = await enabled();
      const pay = agent(grant, { resends: 0 });
      merchant.faults = ["drop after settling"];
      expect((await refusalOf(pay(merchant.url("short")))).details.settled).to.equal(true);
      await mine(21);
      const refusal = await refusalOf(pay(merchant.url("short")));
      expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
      expect(refusal.details.settled).to.equal(true);
      expect(new Set(merchant.headers).size).to.equal(1);
      await mine(3600);
      expect((await pay(merchant.url("short"))).status).to.equal(200);
      expect(await payments(grant.session.account)).to.have.length(2);
    });

    it("keeps what it has when the chain does not answer, and says NETWORK", async () => {
      const grant = await enabled();
      let cut = false;
      const { provider } = environment.testChain;
      const client = createPublicClient({
        transport: custom(
          {
            request: async (asked: never) => {
              if (cut) throw new HttpRequestError({ url: "", details: "connection reset" });
              return provider.request(asked);
            },
          },
          { retryCount: 0 },
        ),
      });
      const pay = agent(grant, { client, resends: 0 });
      merchant.faults = ["drop before settling"];
      await refusalOf(pay(merchant.url("fifth")));
      cut = true;
      expect((await refusalOf(pay(merchant.url("fifth")))).code).to.equal("NETWORK");
      cut = false;
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect(new Set(merchant.headers).size).to.equal(1);
    });

    it("stops when the caller does, and keeps the payment for the next try", async () => {
      const grant = await enabled();
      const pay = agent(grant);
      merchant.faults = ["silence"];
      const stop = new AbortController();
      const request = pay(merchant.url("fifth"), { signal: stop.signal });
      while (merchant.headers.length === 0) await new Promise((done) => setTimeout(done, 5));
      stop.abort(new Error("enough"));
      expect(await request.catch((error: Error) => error.message)).to.equal("enough");
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect(new Set(merchant.headers).size).to.equal(1);
    });
  });

  describe("remembers a purchase in its store", () => {
    const settledAndLost = async (
      grant: Grant,
      parameters: Partial<PayingFetchParameters>,
      init?: PayingRequestInit,
    ) => {
      merchant.faults = ["drop after settling"];
      const refusal = await refusalOf(
        agent(grant, { resends: 0, ...parameters })(merchant.url("fifth"), init),
      );
      expect(refusal.details.settled).to.equal(true);
    };

    for (const [what, init] of [
      ["without a name", {}],
      ["with a name", { idempotencyKey: "order 17" }],
    ] as const)
      it(`offers the same payment after a restart, ${what}`, async () => {
        const grant = await enabled();
        const store = memoryPaymentStore();
        await settledAndLost(grant, { store }, init);
        const refusal = await refusalOf(agent(grant, { store, resends: 0 })(merchant.url("fifth"), init));
        expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
        expect(refusal.details.settled).to.equal(true);
        expect(merchant.headers).to.have.length(2);
        expect(new Set(merchant.headers).size).to.equal(1);
        expect(await payments(grant.session.account)).to.have.length(1);
      });

    it("before a node sees the payment, which it could pass on: a restart offers the same", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      let stored = 0;
      const client = createPublicClient({
        transport: custom(
          {
            request: async (asked: { method: string; params?: unknown }) => {
              const [call] = Array.isArray(asked.params) ? (asked.params as [{ data?: Hex }]) : [];
              if (asked.method === "eth_call" && call?.data?.startsWith("0x1626ba7e")) {
                stored++;
                throw new HttpRequestError({ url: "", details: "connection reset" });
              }
              return environment.testChain.provider.request(asked as never);
            },
          },
          { retryCount: 0 },
        ),
      });
      const refusal = await refusalOf(agent(grant, { store, client })(merchant.url("fifth")));
      expect(refusal.code).to.equal("NETWORK");
      expect(stored).to.be.greaterThan(0);
      expect((await agent(grant, { store })(merchant.url("fifth"))).status).to.equal(200);
      expect(merchant.headers.map((header) => payment(header).authorization.nonce)).to.deep.equal([
        refusal.details.nonce,
      ]);
      expect(await payments(grant.session.account)).to.have.length(1);
    });

    it("and pays a named one once: what is done is sent again with the same payment, and never another", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      const init = { idempotencyKey: "order 17" };
      expect((await agent(grant, { store })(merchant.url("fifth"), init)).status).to.equal(200);
      for (const pay of [agent(grant, { store, resends: 0 }), agent(grant, { store, resends: 0 })]) {
        const refusal = await refusalOf(pay(merchant.url("fifth"), init));
        expect([refusal.code, refusal.details.settled]).to.deep.equal(["OUTCOME_UNKNOWN", true]);
      }
      expect(merchant.headers).to.have.length(3);
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await payments(grant.session.account)).to.have.length(1);
      // Another name is another purchase, and so is a request without one.
      const pay = agent(grant, { store });
      expect((await pay(merchant.url("fifth"), { idempotencyKey: "order 18" })).status).to.equal(200);
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect(await payments(grant.session.account)).to.have.length(4);
    });

    it("and returns the answer of a server that knows the payment again", async () => {
      const grant = await enabled();
      const answers = new Map<string, string>();
      const pay = agent(grant, {
        fetch: async (input, init) => {
          const request = new Request(input, init);
          const header = request.headers.get("PAYMENT-SIGNATURE") ?? "";
          const known = answers.get(header);
          if (known) return new Response(known);
          const response = await fetch(request);
          if (response.ok) answers.set(header, "the same order");
          return response;
        },
      });
      const init = { idempotencyKey: "order 17" };
      expect((await pay(merchant.url("fifth"), init)).status).to.equal(200);
      expect(await (await pay(merchant.url("fifth"), init)).text()).to.equal("the same order");
      expect(await payments(grant.session.account)).to.have.length(1);
    });

    it("and pays a named one once that two processes make at the same time, and one twice", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      const init = { idempotencyKey: "order 17" };
      const [one, other] = [agent(grant, { store, resends: 0 }), agent(grant, { store, resends: 0 })];
      const attempts = [one, one, other].map((pay) =>
        pay(merchant.url("fifth"), init).then(
          ({ status }) => status,
          (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
        ),
      );
      expect((await Promise.all(attempts)).sort()).to.deep.equal([200, "OUTCOME_UNKNOWN", "OUTCOME_UNKNOWN"]);
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await payments(grant.session.account)).to.have.length(1);
    });

    it("and refuses a name for another request", async () => {
      const grant = await enabled();
      const pay = agent(grant);
      const init = { idempotencyKey: "order 17" };
      expect((await pay(merchant.url("fifth"), init)).status).to.equal(200);
      expect((await refusalOf(pay(merchant.url("price-999"), init))).code).to.equal("IDEMPOTENCY_KEY");
      expect(merchant.headers).to.have.length(1);
      for (const idempotencyKey of ["", "x".repeat(256)]) {
        const refusal = await refusalOf(pay(merchant.url("fifth"), { idempotencyKey }));
        expect(refusal.code).to.equal("INVALID_LIMIT");
      }
    });

    it("and takes over what a dead process claimed, within seconds, unless that has only been slow", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      // It signs, and does not get on with it until another one has paid.
      let goOn: (() => void) | undefined;
      const slow = {
        ...key,
        signTypedData: (async (data: never) => {
          await new Promise<void>((done) => {
            goOn = done;
          });
          return key.signTypedData(data);
        }) as typeof key.signTypedData,
      };
      // Suspended: its signs of life do not arrive.
      const suspended: PaymentStore = {
        ...store,
        change: (request) =>
          store.change({
            ...request,
            change: (before) => {
              const after = request.change(before);
              const beats = after?.some(({ claim }) => claim && claim.beat > 0);
              return beats ? undefined : after;
            },
          }),
      };
      const init = { idempotencyKey: "order 17" };
      const first = refusalOf(
        agent(grant, { key: slow, store: suspended, resends: 0 })(merchant.url("fifth"), init),
      );
      while (!goOn) await new Promise((done) => setTimeout(done, 5));
      const start = performance.now();
      expect((await agent(grant, { store })(merchant.url("fifth"), init)).status).to.equal(200);
      expect(performance.now() - start).to.be.within(4000, 12_000);
      goOn();
      expect((await first).code).to.equal("OUTCOME_UNKNOWN");
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await payments(grant.session.account)).to.have.length(1);
      expect(await store.held(budgetOf(grant.session))).to.have.length(1);
    });

    for (const [method, offered] of [
      ["EIP-3009", "price-1000000"],
      ["ERC-7710", "erc7710"],
    ] as const)
      it(`and pays once by ${method} wherever the process is killed: before and after every write and every send`, async () => {
        const grant = await enabled({ perPeriod: 200n * DOLLAR });
        const folder = await mkdtemp(join(tmpdir(), "latchkey-killed-"));
        const path = join(folder, "payments.jsonl");
        const url = merchant.url(offered);
        // One for all that are killed and one for their successors: each of many would wait long for the lock.
        const [store, reopened] = [filePaymentStore(path), filePaymentStore(path)];
        const written = fileLedger(join(folder, "ledger.jsonl"));
        const told: string[] = [];
        /** An agent that is gone from a point on: nothing that it does then arrives, and nothing reaches it. */
        const mortal = (diesAt?: string) => {
          const points: string[] = [];
          let isDead = false;
          let die = () => {};
          const death = new Promise<"dead">((done) => {
            die = () => done("dead");
          });
          const at = async (point: string) => {
            if (!isDead) points.push(point);
            if (isDead || point === diesAt) {
              isDead = true;
              die();
              await new Promise<never>(() => {});
            }
          };
          const around = async <result>(what: string, work: () => Promise<result>): Promise<result> => {
            await at(`before ${what}`);
            const result = await work();
            await at(`after ${what}`);
            return result;
          };
          /** What a change would do. A sign of life does not count: it comes at any time, and says nothing else. */
          const meant = async (request: Parameters<PaymentStore["change"]>[0]) => {
            let what = "nothing";
            await store.change({
              ...request,
              change: (before) => {
                const after = request.change(before);
                const [was] = before;
                const [is] = after ?? [];
                if (is && is.payment !== was?.payment) what = "the payment";
                else if (is?.done) what = "its success";
                else if (is?.claim?.by !== was?.claim?.by) what = "a claim";
                else if (is && is.claim?.beat !== was?.claim?.beat) what = "a sign of life";
                else if (after) what = "another change";
                return undefined;
              },
            });
            return what;
          };
          const watched: PaymentStore = {
            take: async (request) => {
              await at("before taking a slot");
              const slot = await store.take(request);
              // Otherwise nothing was written: it has looked for one.
              if (slot) await at("after taking a slot");
              return slot;
            },
            release: (...parameters) => around("releasing a slot", () => store.release(...parameters)),
            held: store.held,
            change: async (request) => {
              const what = await meant(request);
              if (what !== "a sign of life") return around(`storing ${what}`, () => store.change(request));
              if (isDead) await new Promise<never>(() => {});
              return store.change(request);
            },
          };
          const client = createPublicClient({
            transport: custom({
              request: (asked: { method: string; params?: unknown }) => {
                const [call] = Array.isArray(asked.params) ? (asked.params as [{ data?: Hex }]) : [];
                const ask = () => environment.testChain.provider.request(asked as never);
                const showsPayment = [
                  "isValidSignature(bytes32,bytes)",
                  "redeemDelegations(bytes[],bytes32[],bytes[])",
                ].some((shown) => call?.data?.startsWith(toFunctionSelector(shown)));
                return showsPayment ? around("showing the node the payment", ask) : ask();
              },
            }),
          });
          const ledger: Ledger = {
            ...written,
            append: (line) =>
              around(`writing it down as ${line.status}`, async () => void (await written.append(line))),
          };
          const pay = agent(grant, {
            store: watched,
            ledger,
            onPaid: ({ id }) => void told.push(id),
            client,
            fetch: async (input, init) => {
              const request = new Request(input, init);
              const what = request.headers.has("PAYMENT-SIGNATURE") ? "the payment" : "the request";
              return around(`sending ${what}`, () => fetch(request));
            },
          });
          return { pay, points, death };
        };
        const clean = mortal();
        expect((await clean.pay(url, { idempotencyKey: "clean" })).status).to.equal(200);
        // A new write or send needs its name here, and is killed at below.
        const points = [
          "storing a claim",
          "sending the request",
          "taking a slot",
          "storing the payment",
          "writing it down as open",
          "showing the node the payment",
          "sending the payment",
          "storing its success",
          "writing it down as settled",
        ].flatMap((what) => [`before ${what}`, `after ${what}`]);
        expect([...new Set(clean.points)].sort()).to.deep.equal([...points].sort());
        await Promise.all(
          points.map(async (point) => {
            const init = { idempotencyKey: `killed ${point}` };
            const { pay, points: reached, death } = mortal(point);
            await Promise.race([death, pay(url, init)]);
            expect(reached.at(-1)).to.equal(point);
            const successor = agent(grant, {
              store: reopened,
              ledger: fileLedger(join(folder, "ledger.jsonl")),
              onPaid: ({ id }) => void told.push(id),
              resends: 0,
            });
            const outcome = await successor(url, init).catch((error: unknown) => error);
            if (outcome instanceof Response) expect(outcome.status, point).to.equal(200);
            else expect((outcome as Refusal).details.settled, `${point}: ${outcome}`).to.equal(true);
          }),
        );
        // One entry for each; the chain closes those whose agent died before it could.
        await reconcileLedger(environment.testChain.client, written);
        const { entries } = await readLedger(written);
        await rm(folder, { recursive: true });
        expect(entries.map(({ status }) => status)).to.deep.equal(Array(points.length + 1).fill("settled"));
        expect(entries.every(({ units }) => units === "1000000")).to.equal(true);
        // Told once, but for the one that died after the store had its success, and before it was told.
        expect(new Set(told).size).to.equal(told.length);
        expect(told).to.have.length(points.length);
        expect(await payments(grant.session.account)).to.have.length(points.length + 1);
        const nonces = merchant.headers.map((header) => {
          const { authorization, permissionContext } = payment(header);
          return permissionContext ?? authorization.nonce;
        });
        expect(new Set(nonces).size).to.equal(new Set(merchant.headers).size);
      });

    it("and stores nothing of a free page, nor a URL", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      const names: string[] = [];
      const watched: PaymentStore = {
        ...store,
        change: (request) => {
          names.push(request.name);
          return store.change(request);
        },
      };
      const pay = agent(grant, { store: watched });
      await pay(merchant.url("free"));
      expect(names).to.deep.equal([]);
      await pay(`${merchant.url("fifth")}?secret=1`);
      expect(names.length).to.be.greaterThan(0);
      for (const name of names) expect(name).to.match(/^0x[0-9a-f]{64}$/);
    });
  });

  describe("one purchase, however the runtime sends it,", () => {
    /** Takes something from the runtime, as others lack it. */
    async function without(owner: object, name: string, work: () => Promise<void>): Promise<void> {
      const property = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor;
      Object.defineProperty(owner, name, { configurable: true, get: () => undefined });
      try {
        await work();
      } finally {
        Object.defineProperty(owner, name, property);
      }
    }

    it("is paid once where it is a form, whose boundary is another each time", async () => {
      const grant = await enabled();
      const pay = agent(grant, { resends: 0 });
      const form = (dish: string) => {
        const body = new FormData();
        body.set("dish", dish);
        body.set("photo", new File([new Uint8Array([0, 200, 45, 45])], "photo.bin"));
        return { method: "POST", body };
      };
      merchant.faults = ["drop after settling"];
      expect((await refusalOf(pay(merchant.url("fifth"), form("soup")))).details.settled).to.equal(true);
      expect((await refusalOf(pay(merchant.url("fifth"), form("soup")))).details.settled).to.equal(true);
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await payments(grant.session.account)).to.have.length(1);
      expect((await pay(merchant.url("fifth"), form("fish"))).status).to.equal(200);
      expect(await payments(grant.session.account)).to.have.length(2);
    });

    it("is another one with another body, also where there is no Request.body", async () => {
      const grant = await enabled();
      const pay = agent(grant, { resends: 0 });
      await without(Request.prototype, "body", async () => {
        merchant.faults = ["drop before settling"];
        await refusalOf(pay(merchant.url("fifth"), { method: "POST", body: "soup" }));
        expect((await pay(merchant.url("fifth"), { method: "POST", body: "fish" })).status).to.equal(200);
        expect((await pay(merchant.url("fifth"), { method: "POST", body: "soup" })).status).to.equal(200);
      });
      expect(merchant.headers).to.have.length(3);
      expect(merchant.headers[1]).not.to.equal(merchant.headers[0]);
      expect(merchant.headers[2]).to.equal(merchant.headers[0]);
    });

    it("keeps the bytes of a stream where requests cannot stream, and sends them again", async () => {
      const grant = await enabled();
      const { Request: Streaming } = globalThis;
      // Firefox makes text of what it does not know as a body.
      globalThis.Request = class extends Streaming {
        constructor(input: RequestInfo | URL, init?: RequestInit) {
          super(input, init?.body instanceof ReadableStream ? { ...init, body: String(init.body) } : init);
        }
      };
      try {
        merchant.faults = ["drop before settling"];
        const response = await agent(grant)(merchant.url("fifth"), {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: new Blob([JSON.stringify({ question: 42 })]).stream(),
          duplex: "half",
        } as RequestInit);
        expect(await response.json()).to.deep.equal({ sold: "fifth", body: { question: 42 } });
      } finally {
        globalThis.Request = Streaming;
      }
      expect(merchant.headers).to.have.length(2);
    });

    it("pays through undici's fetch, which rejects the runtime's Request, with method, headers and body", async () => {
      const grant = await enabled();
      const sent: unknown[] = [];
      const pay = agent(grant, {
        fetch: (input, init) => {
          sent.push(input);
          return undici.fetch(input as string, init as undici.RequestInit) as unknown as Promise<Response>;
        },
      });
      const asked = {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"question":42}',
      };
      const bought = await pay(new Request(merchant.url("fifth"), asked));
      expect(await bought.json()).to.deep.equal({ sold: "fifth", body: { question: 42 } });
      expect((await pay(merchant.url("free"))).status).to.equal(200);
      expect(sent.every((input) => typeof input === "string")).to.equal(true);
      expect(await payments(safes["1.4.1"].address)).to.have.length(1);
    });

    it("pays through a fetch of Node's streams, as node-fetch is, and keeps what the caller chose", async () => {
      const grant = await enabled();
      const chosen: (RequestInit | undefined)[] = [];
      const pay = agent(grant, {
        fetch: async (input, init) => {
          if (typeof input !== "string") throw new TypeError("Only absolute URLs are supported");
          chosen.push(init);
          const answer = await fetch(input, init);
          const { status, ok, headers, url } = answer;
          const text = await answer.text();
          const made = () => ({
            status,
            ok,
            headers,
            url,
            body: Readable.from([text]),
            text: async () => text,
          });
          return { ...made(), clone: made } as unknown as Response;
        },
      });
      const bought = await pay(merchant.url("fifth"), { redirect: "error", cache: "no-store" });
      expect(JSON.parse(await bought.text())).to.deep.include({ sold: "fifth" });
      expect(chosen).to.have.length(2);
      for (const init of chosen) {
        expect(init).to.include({ method: "GET", redirect: "error", cache: "no-store" });
        expect(init).not.to.have.any.keys("mode", "credentials", "body", "keepalive");
      }
    });

    it("needs neither AbortSignal.any nor crypto.subtle", async () => {
      const grant = await enabled();
      await without(AbortSignal, "any", () =>
        without(Crypto.prototype, "subtle", async () => {
          expect((await agent(grant)(merchant.url("fifth"))).status).to.equal(200);
          expect((await agent(grant)(merchant.url("free"))).status).to.equal(200);
        }),
      );
      expect(merchant.headers).to.have.length(1);
    });
  });

  describe("never waits without a bound", () => {
    const offer = () => ({
      scheme: "exact",
      network: "eip155:1" as const,
      asset: environment.usdc.address,
      amount: "200000",
      payTo: shop,
      maxTimeoutSeconds: 60,
      extra: { name: "USD Coin", version: "2" },
    });
    /** A body that never ends, and never lets go. */
    const endless = () =>
      new ReadableStream({ pull: () => new Promise(() => {}), cancel: () => new Promise(() => {}) });
    const required = () => ({
      x402Version: 2,
      resource: { url: "https://shop.example/" },
      accepts: [offer()],
    });

    it("for the body of an answer that makes its offer in the header", async () => {
      const grant = await enabled();
      const headers = { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required()) };
      const pay = agent(grant, {
        fetch: async (input, init) =>
          new Request(input, init).headers.has("PAYMENT-SIGNATURE")
            ? new Response("sold")
            : new Response(endless(), { status: 402, headers }),
      });
      expect(await (await pay("https://shop.example/")).text()).to.equal("sold");
    });

    it("for an offer in a body that never ends, or is larger than any offer: the answer is handed on", async () => {
      const grant = await enabled();
      const answers = async (body: ReadableStream) => {
        const fetch = async () => new Response(body, { status: 402 });
        return (await agent(grant, { timeout: 200, fetch })("https://shop.example/")).status;
      };
      expect(await answers(endless())).to.equal(402);
      const flood = new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(100_000).fill(32)),
      });
      expect(await answers(flood)).to.equal(402);
    });

    it("for a fetch that ignores its signal", async () => {
      const grant = await enabled();
      const headers = { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required()) };
      const silent = agent(grant, {
        timeout: 100,
        resends: 1,
        fetch: async (input, init) =>
          new Request(input, init).headers.has("PAYMENT-SIGNATURE")
            ? new Promise<Response>(() => {})
            : new Response(null, { status: 402, headers }),
      });
      expect((await refusalOf(silent("https://shop.example/"))).code).to.equal("OUTCOME_UNKNOWN");
    });

    it("for a key that signs too late: nothing is sent, and the slot is free again", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      const slow = {
        address: key.address,
        signTypedData: (async (typedData: never) => {
          await new Promise((done) => setTimeout(done, 4500));
          return key.signTypedData(typedData);
        }) as typeof key.signTypedData,
      };
      const refusal = await refusalOf(agent(grant, { key: slow, store })(merchant.url("hasty")));
      expect(refusal.code).to.equal("NOT_SIGNED");
      expect(refusal.message).to.contain("expired");
      expect(merchant.headers).to.deep.equal([]);
      expect(await store.held(budgetOf(grant.session))).to.deep.equal([]);
    });

    for (const [name, value] of [
      ["resends", Number.NaN],
      ["resends", -1],
      ["resends", Number.POSITIVE_INFINITY],
      ["resendDelay", Number.NaN],
      ["timeout", 0],
      ["maxOpenersInFlight", 0],
      ["maxOpenersInFlight", 1.5],
      ["margin", -1],
      ["maxWait", Number.NaN],
      ["pollingInterval", 0],
    ] as const)
      it(`and takes no ${name} of ${value}`, async () => {
        const grant = await enabled();
        expect(() => agent(grant, { [name]: value }))
          .to.throw(Refusal, name)
          .with.property("code", "INVALID_LIMIT");
      });
  });

  describe("signs nothing that has expired by then", () => {
    it("where the slot was long in coming: the payment's life begins when it is found", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      const began = await chainTime();
      const pay = agent(grant, {
        store: {
          ...store,
          take: async (request) => {
            await new Promise((done) => setTimeout(done, 2200));
            return store.take(request);
          },
        },
      });
      expect((await pay(merchant.url("short"))).status).to.equal(200);
      const { validBefore } = payment(merchant.headers[0] as string).authorization;
      expect(Number(validBefore)).to.be.within(began + 22, began + 30);
    });

    it("where the node took too long to say that the account agrees", async () => {
      const grant = await enabled();
      const { provider } = environment.testChain;
      const client = createPublicClient({
        transport: custom(
          {
            request: async (asked: { method: string; params?: unknown }) => {
              const [call] = Array.isArray(asked.params) ? (asked.params as [{ data?: Hex }]) : [];
              if (call?.data?.startsWith(toFunctionSelector("isValidSignature(bytes32,bytes)")))
                await new Promise((done) => setTimeout(done, 4500));
              return provider.request(asked as never);
            },
          },
          { retryCount: 0 },
        ),
      });
      const refusal = await refusalOf(agent(grant, { client })(merchant.url("hasty")));
      expect(refusal.code).to.equal("NETWORK");
      expect(refusal.message).to.contain("expired");
      expect(merchant.headers).to.deep.equal([]);
    });
  });

  describe("stops when the caller does", () => {
    const delayed = (milliseconds: (asked: { method: string; params?: unknown }) => number) =>
      createPublicClient({
        transport: custom(
          {
            request: async (asked: { method: string; params?: unknown }) => {
              await new Promise((done) => setTimeout(done, milliseconds(asked)));
              return environment.testChain.provider.request(asked as never);
            },
          },
          { retryCount: 0 },
        ),
      });
    const isAboutSignature = ({ params }: { params?: unknown }) =>
      Array.isArray(params) &&
      !!params[0]?.data?.startsWith(toFunctionSelector("isValidSignature(bytes32,bytes)"));

    it("at once, with a slow node, signing nothing and keeping no slot", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      let signed = 0;
      const counting = {
        address: key.address,
        signTypedData: ((typedData: never) => {
          signed++;
          return key.signTypedData(typedData);
        }) as typeof key.signTypedData,
      };
      const pay = agent(grant, { client: delayed(() => 150), key: counting, store });
      const began = performance.now();
      const error = await pay(merchant.url("fifth"), { signal: AbortSignal.timeout(300) }).catch(
        (reason: Error) => reason.name,
      );
      expect(error).to.equal("TimeoutError");
      expect(performance.now() - began).to.be.lessThan(2000);
      // What was under way then goes no further than the key.
      await new Promise((done) => setTimeout(done, 2500));
      expect(signed).to.equal(0);
      expect(await store.held(budgetOf(grant.session))).to.deep.equal([]);
      expect((await agent(grant, { store })(merchant.url("fifth"))).status).to.equal(200);
      expect(await payments(grant.session.account)).to.have.length(1);
    });

    it("before anything is asked, where it is so from the start", async () => {
      const grant = await enabled();
      let asked = 0;
      const pay = agent(grant, {
        fetch: async () => {
          asked++;
          return new Response();
        },
      });
      const reason = new Error("never mind");
      const error = await pay("https://shop.example/", { signal: AbortSignal.abort(reason) }).catch(
        (one) => one,
      );
      expect([error, asked]).to.deep.equal([reason, 0]);
    });

    it("while the key signs: what it signs then is thrown away", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      const stop = new AbortController();
      const slow = {
        address: key.address,
        signTypedData: (async (typedData: never) => {
          stop.abort(new Error("enough"));
          return key.signTypedData(typedData);
        }) as typeof key.signTypedData,
      };
      const pay = agent(grant, { key: slow, store });
      const error = await pay(merchant.url("fifth"), { signal: stop.signal }).catch(
        (one: Error) => one.message,
      );
      expect(error).to.equal("enough");
      await new Promise((done) => setTimeout(done, 100));
      expect(await store.held(budgetOf(grant.session))).to.deep.equal([]);
      expect(merchant.headers).to.deep.equal([]);
    });

    it("and keeps a payment that a node has seen by then for the next such request", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      const stop = new AbortController();
      const client = delayed((asked) => {
        if (!isAboutSignature(asked)) return 0;
        stop.abort(new Error("enough"));
        return 100;
      });
      const pay = agent(grant, { client, store });
      const error = await pay(merchant.url("fifth"), { signal: stop.signal }).catch(
        (one: Error) => one.message,
      );
      expect(error).to.equal("enough");
      await new Promise((done) => setTimeout(done, 500));
      const held = await store.held(budgetOf(grant.session));
      expect(held).to.have.length(1);
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect(await store.held(budgetOf(grant.session))).to.deep.equal(held);
      expect(await payments(grant.session.account)).to.have.length(1);
    });

    it("while it waits to send a payment again, which stays open", async () => {
      const grant = await enabled();
      const pay = agent(grant, { resendDelay: 60_000 });
      merchant.faults = ["drop before settling"];
      const stop = new AbortController();
      const request = pay(merchant.url("fifth"), { signal: stop.signal });
      while (merchant.headers.length === 0) await new Promise((done) => setTimeout(done, 5));
      await new Promise((done) => setTimeout(done, 100));
      stop.abort(new Error("enough"));
      expect(await request.catch((error: Error) => error.message)).to.equal("enough");
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      expect(new Set(merchant.headers).size).to.equal(1);
    });

    it("while a slot in flight is waited for", async () => {
      const grant = await enabled({ perPeriod: DOLLAR });
      const pay = agent(grant, { maxWait: 60, pollingInterval: 50_000, resends: 0 });
      merchant.faults = ["drop before settling"];
      await refusalOf(pay(merchant.url("price-1000000")));
      const began = performance.now();
      const error = await pay(merchant.url("price-500000"), { signal: AbortSignal.timeout(500) }).catch(
        (reason: Error) => reason.name,
      );
      expect(error).to.equal("TimeoutError");
      expect(performance.now() - began).to.be.lessThan(5000);
    });
  });

  describe("where two agents share a session, but no store,", () => {
    it("both pay for what they bought, and neither is told of the other's payment as its own", async () => {
      const grant = await enabled();
      let release: () => void = () => {};
      const gate = new Promise<void>((done) => (release = done));
      let waiting = 0;
      // Signs first, and comes second.
      const late = agent(grant, {
        fetch: async (input, init) => {
          const request = new Request(input, init);
          if (request.headers.has("PAYMENT-SIGNATURE") && waiting++ === 0) await gate;
          return fetch(request);
        },
      });
      const second = late(merchant.url("fifth"));
      while (waiting === 0) await new Promise((done) => setTimeout(done, 5));
      expect((await agent(grant)(merchant.url("fifth"))).status).to.equal(200);
      release();
      expect((await second).status).to.equal(200);
      const [first, lost, again] = merchant.headers.map((header) => payment(header).authorization.nonce);
      expect(lost).to.equal(first);
      expect(again).not.to.equal(first);
      expect(new Set(merchant.headers).size).to.equal(3);
      expect(await payments(grant.session.account)).to.have.length(2);
    });

    it("gives up after three lost slots, and says that nothing is open", async () => {
      const grant = await enabled();
      const rival = agent(grant);
      let purchases = 0;
      const pay = agent(grant, {
        fetch: async (input, init) => {
          const request = new Request(input, init);
          if (request.headers.has("PAYMENT-SIGNATURE")) {
            purchases++;
            expect((await rival(merchant.url("fifth"))).status).to.equal(200);
          }
          return fetch(request);
        },
      });
      const refusal = await refusalOf(pay(merchant.url("fifth")));
      expect(refusal.code).to.equal("TOKEN_AUTHORIZATION_USED");
      expect(purchases).to.equal(3);
      expect(await payments(grant.session.account)).to.have.length(3);
    });
  });

  describe("refuses, before anything is signed,", () => {
    const refused = async (grant: Grant, name: string, other: Partial<PayingFetchParameters> = {}) => {
      const store = memoryPaymentStore();
      const refusal = await refusalOf(agent(grant, { store, ...other })(merchant.url(name)));
      expect(merchant.headers).to.deep.equal([]);
      const session = grant.session;
      expect(await store.held(budgetOf(session))).to.deep.equal([]);
      expect(await payments(session.account)).to.deep.equal([]);
      return refusal;
    };

    it("a price over the limit of one payment", async () => {
      const refusal = await refused(await enabled(), "1.5");
      expect(refusal.code).to.equal("PER_TRANSACTION");
      expect(refusal.details).to.include({ amount: 1_500_000n, limit: DOLLAR });
    });

    it("a payee who is not among the recipients", async () => {
      const refusal = await refused(await enabled(), "elsewhere-paid");
      expect(refusal.code).to.equal("RECIPIENT");
      expect(refusal.details.recipient).to.equal(stranger);
    });

    it("an offer that gives the token another name than it has", async () => {
      expect((await refused(await enabled(), "misnamed")).code).to.equal("WRONG_DOMAIN");
    });

    it("another transfer method than eip3009", async () => {
      expect((await refused(await enabled(), "permit2")).code).to.equal("NOT_OFFERED");
    });

    it("a token without a budget, or with one that is closed to signatures", async () => {
      expect((await refused(await enabled(), "another-token")).code).to.equal("UNKNOWN_TOKEN");
      expect(
        (await refused(await enabled({ signatures: 0, sizes: 0 }, { salt: 8n }), "fifth")).code,
      ).to.equal("UNKNOWN_TOKEN");
    });

    it("a session that was revoked", async () => {
      const grant = await enabled();
      await asSafe(safes["1.4.1"], [encodeRevoke(grant)]);
      expect((await refused(grant, "fifth")).code).to.equal("REVOKED");
    });

    it("a session that is paused, enabled or not, until it is resumed", async () => {
      const grant = await enabled();
      await asSafe(safes["1.4.1"], [encodePause(grant)]);
      const refusal = await refused(grant, "fifth");
      expect(refusal.code).to.equal("PAUSED");
      expect(refusal.message).to.contain("resumes");
      const session = await sessionFor(safes["1.4.1"], {}, { salt: 8n });
      const unused = await grantFor(safes["1.4.1"], session);
      await asSafe(safes["1.4.1"], [encodePause(unused)]);
      expect((await refused(unused, "fifth")).code).to.equal("PAUSED");
      for (const one of [grant, unused]) {
        await asSafe(safes["1.4.1"], [encodeResume(one)]);
        expect((await agent(one)(merchant.url("fifth"))).status).to.equal(200);
      }
    });

    it("a session of another epoch", async () => {
      const grant = await enabled();
      await asSafe(safes["1.4.1"], [encodeRevokeAll(grant)]);
      expect((await refused(grant, "fifth")).code).to.equal("WRONG_EPOCH");
    });

    it("a session that is over, is about to be, or has not begun", async () => {
      const now = await chainTime();
      const grant = await enabled({}, { validUntil: now + 1000 });
      await mine(1000);
      expect((await refused(grant, "fifth")).code).to.equal("EXPIRED");
      await restore();
      const ending = await enabled({}, { validUntil: (await chainTime()) + 15 });
      expect((await refused(ending, "fifth")).code).to.equal("EXPIRED");
      const later = await enabled({}, { validAfter: now + 1000 });
      expect((await refused(later, "fifth")).code).to.equal("NOT_YET_VALID");
    });

    it("a session that nobody granted, or that somebody else did", async () => {
      const safe = safes["1.4.1"];
      const grant = await grantFor(safe, await sessionFor(safe));
      expect((await refused({ ...grant, signature: "0x" }, "fifth")).code).to.equal("NOT_GRANTED");
      const owner = ecdsaOwner("somebody else");
      const { signature } = await grantFor({ ...safe, owner }, grant.session);
      expect((await refused({ ...grant, signature }, "fifth")).code).to.equal("NOT_GRANTED");
    });

    it("a key that the session does not name", async () => {
      const other = privateKeyToAccount(keccak256(toBytes("another agent")));
      const grant = await enabled();
      expect(() => agent(grant, { key: other }))
        .to.throw(Refusal)
        .with.property("code", "NOT_KEY");
    });

    it("a chain that is not the grant's", async () => {
      const grant = await enabled();
      expect((await refused({ ...grant, chainId: 8453 }, "fifth")).code).to.equal("WRONG_CHAIN");
    });

    it("more than the account has", async () => {
      const grant = await enabled();
      await environment.usdc.deal(grant.session.account, 199_999n);
      const refusal = await refused(grant, "fifth");
      expect(refusal.code).to.equal("TOKEN_INSUFFICIENT_BALANCE");
      expect(refusal.details).to.include({ balance: 199_999n, amount: 200_000n });
    });

    it("a token that is paused, and a party on its blacklist", async () => {
      const { usdc } = environment;
      for (const [code, spoil] of [
        ["TOKEN_PAUSED", () => usdc.pause()],
        ["TOKEN_BLACKLISTED", () => usdc.blacklist(shop)],
        ["TOKEN_BLACKLISTED", () => usdc.blacklist(safes["1.4.1"].address)],
      ] as const) {
        const grant = await enabled();
        await spoil();
        expect((await refused(grant, "fifth")).code).to.equal(code);
        await restore();
      }
    });

    it("a Safe without the module, or whose handler does not ask it", async () => {
      const bare = await createSafe(environment, { version: "1.4.1", owner: ecdsaOwner("bare") });
      await environment.usdc.mint(bare.address, DOLLAR);
      const grant = await grantFor(bare, await sessionFor(bare));
      expect((await refused(grant, "fifth")).code).to.equal("MODULE_NOT_ENABLED");
      const [enableModule] = safeInstallation({
        version: "1.4.1",
        handler: latchkey.handler,
        safe: bare.address,
        module: latchkey.module,
      });
      if (enableModule) await asSafe(bare, [enableModule]);
      expect((await refused(grant, "fifth")).code).to.equal("MODULE_NOT_ENABLED");
    });

    it("a Safe that has dropped the module but still asks it", async () => {
      const grant = await enabled();
      const { account } = grant.session;
      const data = encodeFunctionData({
        abi: safeAbi,
        functionName: "disableModule",
        args: [SENTINEL_MODULE, latchkey.module],
      });
      await asSafe(safes["1.4.1"], [{ to: account, value: 0n, data }]);
      expect((await refused(grant, "fifth")).code).to.equal("MODULE_NOT_ENABLED");
    });

    it("a header of more than 8,000 bytes", async () => {
      const safe = safes["1.4.1"];
      const recipients = [
        shop,
        ...Array.from({ length: 31 }, (_, index) => getAddress(toHex(index + 1, { size: 20 }))),
      ];
      const rules = Array.from({ length: 8 }, (_, index) => ({
        offset: 4 + 32 * index,
        op: 0,
        value: keccak256(toBytes(`value ${index}`)),
      }));
      const actions = Array.from({ length: 12 }, (_, index) => ({
        target: stranger,
        selector: toHex(index + 1, { size: 4 }),
        rules,
      }));
      const session = await sessionFor(safe, { recipients }, { actions });
      const refusal = await refused(await grantFor(safe, session), "fifth");
      expect(refusal.code).to.equal("TOO_LARGE");
      expect(refusal.details.bytes).to.be.greaterThan(8000);
    });

    it("what no longer fits into the period, and says until when", async () => {
      const grant = await enabled({ perPeriod: DOLLAR });
      const pay = agent(grant);
      expect((await pay(merchant.url("price-1000000"))).status).to.equal(200);
      const refusal = await refusalOf(pay(merchant.url("fifth")));
      expect(refusal.code).to.equal("PERIOD");
      expect(refusal.details).to.include({
        remaining: 0n,
        resetsAt: grant.session.validAfter + 86_400,
        amount: 200_000n,
      });
      expect(merchant.headers).to.have.length(1);
    });

    it("what executions have already spent", async () => {
      const grant = await enabled({ perPeriod: 2n * DOLLAR });
      const { to, data } = encodeExecute({
        grant,
        isEnabled: true,
        calls: [
          {
            to: environment.usdc.address,
            data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [shop, 700_000n] }),
          },
        ],
      });
      await environment.testChain.send({ from: key.address, to, data });
      const pay = agent(grant);
      expect((await pay(merchant.url("price-1000000"))).status).to.equal(200);
      expect((await refusalOf(pay(merchant.url("price-250000")))).code).to.equal("PERIOD");
      expect(await payments(grant.session.account)).to.deep.equal([
        { to: shop, value: 700_000n },
        { to: shop, value: DOLLAR },
      ]);
    });
  });

  it("takes the offer that it can pay among several, and says of the nearest one why it cannot", async () => {
    const grant = await enabled();
    const offer = {
      scheme: "exact",
      network: "eip155:1" as const,
      asset: environment.usdc.address,
      amount: "200000",
      payTo: shop,
      maxTimeoutSeconds: 60,
      extra: { name: "USD Coin", version: "2" },
    };
    const others = [
      { ...offer, network: "eip155:8453" as const },
      { ...offer, scheme: "upto" },
      { ...offer, asset: stranger },
    ];
    const sent: PaymentPayload[] = [];
    const shopWith = (accepts: PaymentRequirements[]) =>
      agent(grant, {
        fetch: async (input, init) => {
          const header = new Request(input, init).headers.get("PAYMENT-SIGNATURE");
          if (header) sent.push(decodePaymentSignatureHeader(header));
          if (header) return new Response("sold");
          const required = { x402Version: 2, resource: { url: "https://shop.example/" }, accepts };
          const headers = { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required) };
          return new Response("pay first", { status: 402, headers });
        },
      })("https://shop.example/");
    expect(await (await shopWith([...others, { ...offer, amount: "1000001" }, offer])).text()).to.equal(
      "sold",
    );
    expect(sent.map(({ accepted }) => accepted)).to.deep.equal([offer]);
    expect((await refusalOf(shopWith([...others, { ...offer, amount: "1000001" }]))).code).to.equal(
      "PER_TRANSACTION",
    );
    expect((await refusalOf(shopWith(others))).code).to.equal("WRONG_CHAIN");
    expect((await refusalOf(shopWith([]))).code).to.equal("OFFER_MALFORMED");
    // An offer that is nearly right says more than one for another chain, and less than one that can be read.
    const malformed = { ...offer, amount: "0.20" };
    const refused = await refusalOf(shopWith([...others, malformed, null as never]));
    expect(refused.code).to.equal("OFFER_MALFORMED");
    expect(refused.details).to.deep.equal({ field: "amount", value: '"0.20"' });
    expect((await refusalOf(shopWith([malformed, { ...offer, amount: "1000001" }]))).code).to.equal(
      "PER_TRANSACTION",
    );
    expect(sent).to.have.length(1);
  });

  it("leaves a 402 alone that makes no x402 offer, and names one that it cannot read", async () => {
    const grant = await enabled();
    const answer = (body: string, headers = {}) =>
      agent(grant, { fetch: async () => new Response(body, { status: 402, headers }) })(
        "https://shop.example/",
      );
    expect(await (await answer("insert coin")).text()).to.equal("insert coin");
    const version3 = encodePaymentRequiredHeader({ x402Version: 3, resource: { url: "" }, accepts: [] });
    expect((await refusalOf(answer("", { "PAYMENT-REQUIRED": version3 }))).code).to.equal("NOT_OFFERED");
    for (const malformed of [
      "null",
      "5",
      "{}",
      '{"x402Version":"2"}',
      '{"x402Version":2,"accepts":[{}],"extensions":7}',
    ])
      expect((await refusalOf(answer("", { "PAYMENT-REQUIRED": btoa(malformed) }))).code, malformed).to.equal(
        "OFFER_MALFORMED",
      );
    expect((await refusalOf(answer("", { "PAYMENT-REQUIRED": "%%%" }))).code).to.equal("OFFER_MALFORMED");
  });

  it("throws REVOKED if the owner revoked the session while the payment was in flight", async () => {
    const grant = await enabled();
    const pay = agent(grant, {
      fetch: async (input, init) => {
        const request = new Request(input, init);
        if (request.headers.has("PAYMENT-SIGNATURE")) await asSafe(safes["1.4.1"], [encodeRevoke(grant)]);
        return fetch(request);
      },
    });
    expect((await refusalOf(pay(merchant.url("fifth")))).code).to.equal("REVOKED");
    expect(await payments(grant.session.account)).to.deep.equal([]);
  });

  it("says PAUSED where the owner paused the session while the payment was on its way", async () => {
    const grant = await enabled();
    const pay = agent(grant, {
      fetch: async (input, init) => {
        const request = new Request(input, init);
        if (request.headers.has("PAYMENT-SIGNATURE")) await asSafe(safes["1.4.1"], [encodePause(grant)]);
        return fetch(request);
      },
    });
    expect((await refusalOf(pay(merchant.url("fifth")))).code).to.equal("PAUSED");
    expect(await payments(grant.session.account)).to.deep.equal([]);
  });

  it("hands on the server's 402 where the payment was refused for a reason of the server's", async () => {
    const grant = await enabled();
    const pay = agent(grant, {
      fetch: async (input, init) => {
        const request = new Request(input, init);
        const header = request.headers.get("PAYMENT-SIGNATURE");
        if (header) {
          const decoded = JSON.parse(Buffer.from(header, "base64").toString());
          decoded.accepted.amount = "1";
          request.headers.set("PAYMENT-SIGNATURE", Buffer.from(JSON.stringify(decoded)).toString("base64"));
        }
        return fetch(request);
      },
    });
    const response = await pay(merchant.url("fifth"));
    expect(response.status).to.equal(402);
    expect(response.headers.has("PAYMENT-REQUIRED")).to.equal(true);
    // Asked again, it is the same payment: the server could still settle the first one.
    expect((await pay(merchant.url("fifth"))).status).to.equal(402);
    const nonces = merchant.headers.map((header) => payment(header).authorization.nonce);
    expect(nonces).to.deep.equal([nonces[0], nonces[0]]);
    expect(await payments(grant.session.account)).to.deep.equal([]);
  });

  describe("once the node has seen an authorization", () => {
    /** A client whose node does something of its own when the account is asked about a signature. */
    const nodeThat = (answers: (call: Hex) => Promise<Hex>) =>
      createPublicClient({
        transport: custom(
          {
            request: async (asked: { method: string; params?: unknown }) => {
              const [call] = Array.isArray(asked.params) ? (asked.params as [{ data?: Hex }]) : [];
              return asked.method === "eth_call" && call?.data?.startsWith(isValidSignature)
                ? answers(call.data)
                : environment.testChain.provider.request(asked as never);
            },
          },
          { retryCount: 0 },
        ),
      });
    const isValidSignature = toFunctionSelector("isValidSignature(bytes32,bytes)");
    const no = pad("0xffffffff", { dir: "right" });

    it("keeps its slot, and does not say that nothing was sent: the node can settle it for the shop", async () => {
      const grant = await enabled();
      const { testChain, usdc } = environment;
      const session = grant.session;
      const client = nodeThat(async (call) => {
        const { args } = decodeFunctionData({ abi: erc1271, data: call });
        const { to, value, validAfter, validBefore, slot } = decodePayload(args[1]);
        const { timestamp } = await testChain.client.getBlock();
        const period = (timestamp - BigInt(session.validAfter)) / 86_400n;
        const nonce = slotNonce({ id: hashSession(session), budgetIndex: 0, period, ...slot });
        await testChain.send({
          from: shop,
          to: usdc.address,
          data: encodeFunctionData({
            abi: settleAbi,
            args: [session.account, to, value, validAfter, validBefore, nonce, args[1]],
          }),
        });
        return no;
      });
      const store = memoryPaymentStore();
      const refusal = await refusalOf(agent(grant, { client, store })(merchant.url("fifth")));
      expect(refusal.code).to.equal("TOKEN_INVALID_SIGNATURE");
      expect(await payments(session.account)).to.have.length(1);
      expect(refusal.message).not.to.contain("Nothing was sent");
      const { nonce, validBefore } = refusal.details;
      expect([nonce, validBefore]).to.satisfy(([one, end]: [Hex, number]) => one.length === 66 && end > 0);
      expect(await store.held(budgetOf(session))).to.have.length(1);
    });

    it("throws NETWORK, not a rejection by the account, if the connection fails", async () => {
      const grant = await enabled();
      const client = nodeThat(async () => {
        throw new HttpRequestError({ url: "", details: "connection reset" });
      });
      const store = memoryPaymentStore();
      const refusal = await refusalOf(agent(grant, { client, store })(merchant.url("fifth")));
      expect(refusal.code).to.equal("NETWORK");
      expect(refusal.details).to.include.keys("token", "nonce", "validBefore");
      expect(await store.held(budgetOf(grant.session))).to.have.length(1);
    });

    it("asks about the grant again where the owners have changed, and signs no more", async () => {
      const safe = safes["1.4.1"];
      const grant = await grantFor(safe, await sessionFor(safe));
      const store = memoryPaymentStore();
      const pay = agent(grant, { store });
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      const data = encodeFunctionData({
        abi: parseAbi(["function swapOwner(address prevOwner, address oldOwner, address newOwner)"]),
        args: [SENTINEL_MODULE, safe.owner.address, stranger],
      });
      await asSafe(safe, [{ to: safe.address, value: 0n, data }]);
      const first = await refusalOf(pay(merchant.url("price-10000")));
      expect(first.code).to.equal("NOT_GRANTED");
      expect(first.details).to.include.keys("nonce");
      const held = await store.held(budgetOf(grant.session));
      const second = await refusalOf(pay(merchant.url("price-10000")));
      expect(second.code).to.equal("NOT_GRANTED");
      expect(second.details).not.to.include.keys("nonce");
      expect(await store.held(budgetOf(grant.session))).to.deep.equal(held);
    });

    it("signs for no other offer of the same request", async () => {
      const grant = await enabled();
      // The same signature is asked about for some seconds.
      const asked = new Set<Hex>();
      const client = nodeThat(async (call) => {
        asked.add(call);
        return no;
      });
      const offer = (amount: string): PaymentRequirements => ({
        scheme: "exact",
        network: "eip155:1",
        asset: environment.usdc.address,
        amount,
        payTo: shop,
        maxTimeoutSeconds: 60,
        extra: { name: "USD Coin", version: "2" },
      });
      const accepts = [offer("200000"), offer("100000")];
      const required = { x402Version: 2, resource: { url: "https://shop.example/" }, accepts };
      const headers = { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required) };
      const pay = agent(grant, { client, fetch: async () => new Response("", { status: 402, headers }) });
      expect((await refusalOf(pay("https://shop.example/"))).code).to.equal("TOKEN_INVALID_SIGNATURE");
      expect(asked.size).to.equal(1);
    });

    it("asks again where the account refuses only at first, as a node that lags behind does", async () => {
      const grant = await enabled();
      let asked = 0;
      const { testChain } = environment;
      const client = nodeThat(async (data) => {
        asked++;
        if (asked < 4) return no;
        const { data: answer = "0x" } = await testChain.client.call({ to: grant.session.account, data });
        return answer;
      });
      expect((await agent(grant, { client })(merchant.url("fifth"))).status).to.equal(200);
      expect(asked).to.equal(4);
      expect(await payments(grant.session.account)).to.have.length(1);
    });
  });

  describe("at the end of a period", () => {
    it("waits for the next one if that begins soon, and pays from that one's budget", async () => {
      const grant = await enabled(
        { perPeriod: DOLLAR, period: 3600 },
        { validAfter: (await chainTime()) - 3000 },
      );
      const pay = agent(grant, { maxWait: 30 });
      expect((await pay(merchant.url("price-1000000"))).status).to.equal(200);
      await mine(590);
      const resetsAt = grant.session.validAfter + 3600;
      expect(await chainTime()).to.be.lessThan(resetsAt);
      const response = pay(merchant.url("price-1000000"));
      let settled = false;
      response.finally(() => {
        settled = true;
      });
      while ((await chainTime()) < resetsAt) {
        expect(settled).to.equal(false);
        expect(merchant.headers).to.have.length(1);
        await new Promise((done) => setTimeout(done, 50));
      }
      expect((await response).status).to.equal(200);
      expect(await payments(grant.session.account)).to.have.length(2);
    });

    it("refuses if it does not begin soon enough", async () => {
      const grant = await enabled({ period: 3600 }, { validAfter: (await chainTime()) - 3585 });
      const refusal = await refusalOf(agent(grant, { maxWait: 1 })(merchant.url("fifth")));
      expect(refusal.code).to.equal("PERIOD");
      expect(refusal.details.resetsAt).to.equal(grant.session.validAfter + 3600);
    });

    it("signs nothing that outlives the period", async () => {
      const grant = await enabled({ period: 3600 }, { validAfter: (await chainTime()) - 3540 });
      const pay = agent(grant);
      expect((await pay(merchant.url("fifth"))).status).to.equal(200);
      const { validBefore } = payment(merchant.headers[0] as string).authorization;
      expect(Number(validBefore)).to.equal(grant.session.validAfter + 3600);
    });
  });

  it("pays anyone where the budget says anyone", async () => {
    const grant = await enabled({ recipients: [ANYONE] });
    expect((await agent(grant)(merchant.url("elsewhere-paid"))).status).to.equal(200);
    expect(await payments(grant.session.account)).to.deep.equal([{ to: stranger, value: 1n }]);
  });

  it("pays on Base as on Ethereum", async () => {
    const base = await setUp("base");
    const { testChain, usdc } = base;
    const installed = await installLatchkey(testChain);
    const safe = await createPasskeySafe(base, {
      version: "1.5.0",
      passkey: createPasskey("x402 on Base"),
      latchkey: installed,
      domainSeparators: [usdc.domainSeparator],
    });
    await usdc.mint(safe.address, DOLLAR);
    const session = await sessionFor(safe, { token: usdc.address });
    const { chainId } = testChain;
    const { module } = installed;
    const grant: Grant = {
      version: 1,
      chainId,
      module,
      accountKind: "safe",
      session,
      signature: await signAsSafe(safe, grantDigest(session, { chainId, module })),
    };
    const baseShop = await openMerchant(testChain, {
      page: { amount: 200_000n, asset: usdc.address, payTo: shop },
    });
    const response = await agent(grant, { client: testChain.client })(baseShop.url("page"));
    await baseShop.close();
    expect(response.status).to.equal(200);
    expect(await usdc.balanceOf(shop)).to.equal(200_000n);
    await base.connection.close();
  });
});
