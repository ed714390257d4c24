import { asSafe } from "@latchkey/accounts/asSafe";
import { createSafe, installOnSafe, type SafeAccount, signAsSafe } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import {
  type Grant,
  grantDigest,
  hashSession,
  isRefusal,
  memoryPaymentStore,
  type PayingFetchParameters,
  type PaymentStore,
  payingFetch,
  type Refusal,
  type Session,
} from "@latchkey/sdk";
import { encodeEnable, encodeRevoke } from "@latchkey/sdk/encoding";
import { encodePaymentRequiredHeader } from "@x402/core/http";
import type { PaymentRequirements } from "@x402/core/types";
import { declarePaymentIdentifierExtension, PAYMENT_IDENTIFIER } from "@x402/extensions/payment-identifier";
import axios from "axios";
import { expect } from "chai";
import * as undici from "undici";
import { getAddress, keccak256, pad, parseAbiItem, toBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { aheadOfClock } from "../../environment/aheadOfClock.ts";
import { installLatchkey } from "../../environment/latchkey.ts";
import { type Environment, setUp } from "../../environment/setUp.ts";
import { openX402Shop, type X402Shop } from "../../environment/x402Shop.ts";

const DOLLAR = 1_000_000n;
const key = privateKeyToAccount(keccak256(toBytes("the agent that pays any server")));
const payee = getAddress("0x5409000000000000000000000000000000000001");
const stranger = getAddress("0x5409000000000000000000000000000000000bad");
const transfer = parseAbiItem("event Transfer(address indexed from, address indexed to, uint256 value)");

const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  const outcome = await work.catch((reason: unknown) => reason);
  if (isRefusal(outcome)) return outcome;
  throw new Error(outcome instanceof Response ? `status ${outcome.status}` : String(outcome));
};

describe("the paying fetch at any server", function () {
  this.timeout(120_000);

  let environment: Environment;
  let safe: SafeAccount;
  /** Of a session that is enabled. */
  let grant: Grant;
  /** Of one that is not: each payment carries the owner's signature. */
  let carried: Grant;
  let restore: () => Promise<void>;
  const open: X402Shop[] = [];

  before(async () => {
    environment = await setUp("base");
    const { testChain, usdc, connection } = environment;
    const latchkey = await installLatchkey(testChain);
    safe = await createSafe(environment, { version: "1.4.1", owner: ecdsaOwner("any server") });
    await installOnSafe(safe, latchkey, [usdc.domainSeparator]);
    await usdc.mint(safe.address, 100n * DOLLAR);
    await aheadOfClock(environment.connection);
    const now = Number((await testChain.client.getBlock()).timestamp);
    const session: Session = {
      account: safe.address,
      key: key.address,
      validAfter: now - 1000,
      validUntil: now + 7 * 86_400,
      epoch: 0n,
      salt: 1n,
      gasAllowance: 0n,
      paymaster: pad("0x", { size: 20 }),
      budgets: [
        {
          token: usdc.address,
          perTransaction: DOLLAR,
          perPeriod: 20n * DOLLAR,
          period: 86_400,
          initial: 0n,
          perSecond: 0n,
          signatures: 1,
          sizes: 5,
          recipients: [payee],
        },
      ],
      actions: [],
    };
    const { module } = latchkey;
    const { chainId } = testChain;
    const grantFor = async (granted: Session): Promise<Grant> => {
      const signature = await signAsSafe(safe, grantDigest(granted, { chainId, module }));
      return { version: 1, chainId, module, accountKind: "safe", session: granted, signature };
    };
    grant = await grantFor(session);
    carried = await grantFor({ ...session, salt: 2n });
    await asSafe(safe, [encodeEnable(grant)]);
    grant = { ...grant, signature: "0x" };
    const snapshot = await connection.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => aheadOfClock(environment.connection));
  afterEach(async () => {
    for (const shop of open.splice(0)) await shop.close();
    await restore();
  });
  after(() => environment.connection.close());

  const shopOf = async (
    options: Omit<Parameters<typeof openX402Shop>[1], "payTo"> & { payTo?: typeof payee },
  ) => {
    const shop = await openX402Shop(environment.testChain, { payTo: payee, ...options });
    open.push(shop);
    return shop;
  };
  const agent = (other: Partial<PayingFetchParameters> = {}) =>
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
  async function paid(): Promise<bigint[]> {
    const { testChain, usdc } = environment;
    const range = { address: usdc.address, event: transfer, fromBlock: 0n } as const;
    const logs = await testChain.client.getLogs({ ...range, args: { from: safe.address } });
    return logs.map(({ args }) => args.value as bigint);
  }
  const decoded = (header: string) => JSON.parse(Buffer.from(header, "base64").toString());
  const offer = (change: Partial<PaymentRequirements> = {}): PaymentRequirements => ({
    scheme: "exact",
    network: "eip155:8453",
    asset: environment.usdc.address,
    amount: "200000",
    payTo: payee,
    maxTimeoutSeconds: 60,
    extra: { name: "USD Coin", version: "2" },
    ...change,
  });
  const offerV1 = (change: Record<string, unknown> = {}) => {
    const { amount, ...rest } = offer();
    const resource = { resource: "https://shop.example/", description: "", mimeType: "" };
    return { ...rest, ...resource, network: "base", maxAmountRequired: amount, ...change };
  };
  /** A server that answers as it is told. `ask` makes the 402. */
  const hostile = (
    ask: () => Response,
    answer: (payment: { name: string; value: string }) => Response | Promise<Response>,
  ) => {
    const payments: { name: string; value: string }[] = [];
    const send: typeof fetch = async (input, init) => {
      const { headers } = new Request(input, init);
      const name = ["X-PAYMENT", "PAYMENT-SIGNATURE"].find((each) => headers.has(each));
      if (!name) return ask();
      const payment = { name, value: headers.get(name) as string };
      payments.push(payment);
      return answer(payment);
    };
    return { payments, send };
  };
  const asksV1 = (change: Record<string, unknown> = {}) =>
    Response.json({ x402Version: 1, error: "pay", accepts: [offerV1(change)] }, { status: 402 });
  const asksV2 = (change: Partial<PaymentRequirements> = {}, extensions?: Record<string, unknown>) => {
    const resource = { url: "https://shop.example/" };
    const required = {
      x402Version: 2,
      resource,
      accepts: [offer(change)],
      ...(extensions ? { extensions } : {}),
    };
    const headers = { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required) };
    return new Response("{}", { status: 402, headers });
  };

  describe("of x402 version 1", () => {
    it("pays it as it pays others, in that version's header and network name, and gets the receipt", async () => {
      const shop = await shopOf({ version: 1 });
      const response = await agent()(shop.url);
      expect(await response.json()).to.deep.equal({ sold: "report" });
      expect(decoded(response.headers.get("X-PAYMENT-RESPONSE") as string)).to.include({ success: true });
      expect(shop.payments.map(({ name }) => name)).to.deep.equal(["X-PAYMENT"]);
      const { payload, ...rest } = decoded(shop.payments[0]?.value as string);
      expect(rest).to.deep.equal({ x402Version: 1, scheme: "exact", network: "base" });
      expect(payload.authorization.value).to.equal("200000");
      expect(await paid()).to.deep.equal([200_000n]);
    });

    it("carries the grant of a session that is not enabled", async () => {
      const shop = await shopOf({ version: 1 });
      expect((await agent({ grant: carried })(shop.url)).status).to.equal(200);
      expect(await paid()).to.deep.equal([200_000n]);
    });

    it("sends the same payment again where the connection broke before it was settled", async () => {
      const shop = await shopOf({ version: 1 });
      shop.faults = ["drop before settling", "drop before settling"];
      expect((await agent()(shop.url)).status).to.equal(200);
      expect(shop.payments).to.have.length(3);
      expect(new Set(shop.payments.map(({ value }) => value)).size).to.equal(1);
      expect(await paid()).to.have.length(1);
    });

    for (const [what, init] of [
      ["without a name", {}],
      ["with a name", { idempotencyKey: "order 17" }],
    ] as const)
      it(`offers the same payment after a restart, ${what}, and never pays twice`, async () => {
        const shop = await shopOf({ version: 1 });
        const store = memoryPaymentStore();
        shop.faults = ["drop after settling"];
        const refusal = await refusalOf(agent({ store, resends: 0 })(shop.url, init));
        expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
        const { value } = shop.payments[0] as { value: string };
        expect(refusal.details).to.include({ settled: true, header: value, headerName: "X-PAYMENT" });
        const again = await refusalOf(agent({ store, resends: 0 })(shop.url, init));
        expect(again.details).to.include({ settled: true, header: value });
        expect(new Set(shop.payments.map((payment) => payment.value)).size).to.equal(1);
        expect(shop.payments).to.have.length(2);
        expect(await paid()).to.have.length(1);
      });

    it("keeps what it bought by name bought", async () => {
      const shop = await shopOf({ version: 1 });
      const store = memoryPaymentStore();
      const init = { idempotencyKey: "order 17" };
      expect((await agent({ store })(shop.url, init)).status).to.equal(200);
      expect((await refusalOf(agent({ store, resends: 0 })(shop.url, init))).details.settled).to.equal(true);
      expect(new Set(shop.payments.map(({ value }) => value)).size).to.equal(1);
      expect(await paid()).to.have.length(1);
    });

    it("refuses by the same rules, before anything is signed", async () => {
      const cases: [Record<string, unknown>, string][] = [
        [{ maxAmountRequired: `${DOLLAR + 1n}` }, "PER_TRANSACTION"],
        [{ payTo: stranger }, "RECIPIENT"],
        [{ asset: stranger }, "UNKNOWN_TOKEN"],
        [{ network: "base-sepolia" }, "WRONG_CHAIN"],
        [{ scheme: "upto" }, "NOT_OFFERED"],
        [{ extra: { name: "USDC", version: "2" } }, "WRONG_DOMAIN"],
        [{ maxTimeoutSeconds: 5 }, "INVALID_TIME"],
        [{ network: "eip155:8453" }, "OFFER_MALFORMED"],
        [{ maxAmountRequired: "0.20" }, "OFFER_MALFORMED"],
        [{ maxAmountRequired: undefined, amount: "200000" }, "OFFER_MALFORMED"],
        [{ extra: undefined }, "OFFER_MALFORMED"],
      ];
      for (const [change, code] of cases) {
        const { send, payments } = hostile(
          () => asksV1(change),
          () => new Response("sold"),
        );
        const refusal = await refusalOf(agent({ fetch: send })("https://shop.example/"));
        expect(refusal.code, JSON.stringify(change)).to.equal(code);
        if (code === "OFFER_MALFORMED") expect(refusal.message).to.match(/[Tt]ell the merchant/);
        expect(payments).to.deep.equal([]);
      }
      const none = hostile(
        () => Response.json({ x402Version: 1, accepts: [] }, { status: 402 }),
        () => new Response("sold"),
      );
      expect((await refusalOf(agent({ fetch: none.send })("https://shop.example/"))).code).to.equal(
        "OFFER_MALFORMED",
      );
    });

    it("names the chain's reason where the owner revoked the session while the payment was in flight", async () => {
      const shop = await shopOf({ version: 1 });
      const pay = agent({
        fetch: async (input, init) => {
          if (new Request(input, init).headers.has("X-PAYMENT")) await asSafe(safe, [encodeRevoke(grant)]);
          return fetch(input, init);
        },
      });
      expect((await refusalOf(pay(shop.url))).code).to.equal("REVOKED");
      expect(await paid()).to.deep.equal([]);
    });

    it("spends the same budget, and says PERIOD as for others", async () => {
      const shop = await shopOf({ version: 1 });
      const other = await shopOf({ version: 2 });
      const pay = agent();
      expect((await pay(shop.url)).status).to.equal(200);
      expect((await pay(other.url)).status).to.equal(200);
      expect(await paid()).to.deep.equal([200_000n, 200_000n]);
      const { send } = hostile(
        () => asksV1({ maxAmountRequired: `${DOLLAR}` }),
        () => new Response("sold"),
      );
      const greedy = agent({ fetch: send, maxWait: 0 });
      let bought = 0;
      let refusal: unknown;
      while (!refusal && bought < 25)
        await greedy(`https://shop.example/${bought}`).then(
          () => bought++,
          (error: unknown) => (refusal = error),
        );
      expect(bought).to.be.within(18, 19);
      expect((refusal as Refusal).code).to.be.oneOf(["PERIOD", "SLOTS_TAKEN"]);
    });
  });

  describe("that is hostile pays once", () => {
    it("where it offers both versions with different sums: the header counts, and what it says is paid", async () => {
      const both = () => {
        const { headers } = asksV2({ amount: "100000" });
        const body = { x402Version: 1, accepts: [offerV1({ maxAmountRequired: "900000" })] };
        return Response.json(body, { status: 402, headers });
      };
      const { send, payments } = hostile(both, () => new Response("sold"));
      expect(await (await agent({ fetch: send })("https://shop.example/")).text()).to.equal("sold");
      expect(payments.map(({ name }) => name)).to.deep.equal(["PAYMENT-SIGNATURE"]);
      expect(decoded(payments[0]?.value as string).payload.authorization.value).to.equal("100000");
    });

    for (const [first, then] of [
      [1, 2],
      [2, 1],
    ] as const)
      it(`where it changes from version ${first} to ${then} before a resend: the payment stays the same`, async () => {
        let version: 1 | 2 = first;
        let broken = true;
        const ask = () => (version === 1 ? asksV1() : asksV2());
        const { send, payments } = hostile(ask, () => {
          if (broken) throw new TypeError("connection reset");
          return ask();
        });
        const store = memoryPaymentStore();
        const lost = await refusalOf(agent({ fetch: send, store, resends: 1 })("https://shop.example/"));
        expect(lost.details).to.include({ settled: false });
        version = then;
        broken = false;
        // In the other version it is asked again, in the same process and after a restart.
        for (let restart = 0; restart < 2; restart++)
          expect((await agent({ fetch: send, store })("https://shop.example/")).status).to.equal(402);
        expect(payments).to.have.length(4);
        expect(new Set(payments.map(({ name, value }) => `${name} ${value}`)).size).to.equal(1);
      });

    for (const [what, change] of [
      ["price", { maxAmountRequired: "300000" }],
      ["payee", { payTo: stranger }],
    ] as const)
      it(`where it changes its ${what} under one purchase: nothing else is signed`, async () => {
        let now: Record<string, unknown> = {};
        const { send, payments } = hostile(
          () => asksV1(now),
          () => asksV1(now),
        );
        const pay = agent({ fetch: send });
        expect((await pay("https://shop.example/", { idempotencyKey: "order" })).status).to.equal(402);
        now = change;
        expect((await pay("https://shop.example/", { idempotencyKey: "order" })).status).to.equal(402);
        expect(payments).to.have.length(2);
        expect(new Set(payments.map(({ value }) => value)).size).to.equal(1);
      });

    it("where a body in version 1 never ends, or is larger than any offer", async () => {
      const endless = new ReadableStream({ pull: () => new Promise(() => {}) });
      const flood = new ReadableStream({
        start: (controller) => controller.enqueue(toBytes('{"x402Version":1,"accepts":[')),
        pull: (controller) => controller.enqueue(toBytes(`${JSON.stringify(offerV1())},`.repeat(100))),
      });
      for (const body of [endless, flood]) {
        const { send, payments } = hostile(
          () => new Response(body, { status: 402 }),
          () => new Response("sold"),
        );
        expect((await agent({ fetch: send, timeout: 300 })("https://shop.example/")).status).to.equal(402);
        expect(payments).to.deep.equal([]);
      }
    });

    it("where it allows 30,000 years for the payment: it is valid for an hour, and waited for as long", async () => {
      const delays: (number | undefined)[] = [];
      const { setTimeout: real } = globalThis;
      const { send, payments } = hostile(
        () => asksV2({ maxTimeoutSeconds: 1e12 }),
        () => new Response("sold"),
      );
      globalThis.setTimeout = ((work: () => void, delay?: number) => {
        delays.push(delay);
        return real(work, delay);
      }) as typeof setTimeout;
      try {
        expect(await (await agent({ fetch: send })("https://shop.example/")).text()).to.equal("sold");
      } finally {
        globalThis.setTimeout = real;
      }
      const { validBefore } = decoded(payments[0]?.value as string).payload.authorization;
      const now = Number((await environment.testChain.client.getBlock()).timestamp);
      expect(Number(validBefore)).to.be.within(now + 3590, now + 3610);
      expect(delays).to.include(3_600_000);
      expect(Math.max(...delays.map((delay) => delay ?? 0))).to.equal(3_600_000);
    });
  });

  describe("with several offers", () => {
    const several = (...changes: Partial<PaymentRequirements>[]) => {
      const accepts = changes.map(offer);
      const required = { x402Version: 2, resource: { url: "https://shop.example/" }, accepts };
      const headers = { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required) };
      return hostile(
        () => new Response(null, { status: 402, headers }),
        () => new Response("sold"),
      );
    };

    it("takes the cheapest that the session allows, of those by signature", async () => {
      const { send, payments } = several(
        { amount: "300000" },
        { amount: "10", scheme: "upto" },
        { amount: "10", extra: { ...offer().extra, assetTransferMethod: "permit2" } },
        { amount: "10", payTo: stranger },
        { amount: "10", network: "eip155:1" },
        { amount: "100000" },
        { amount: "200000" },
      );
      expect(await (await agent({ fetch: send })("https://shop.example/")).text()).to.equal("sold");
      expect(decoded(payments[0]?.value as string).accepted.amount).to.equal("100000");
    });

    it("takes the next where only the chain objects to the cheapest, and names the closest reason", async () => {
      const misnamed = { amount: "100000", extra: { name: "USDC", version: "2" } };
      const { send, payments } = several({ amount: "300000" }, misnamed);
      expect(await (await agent({ fetch: send })("https://shop.example/")).text()).to.equal("sold");
      expect(decoded(payments[0]?.value as string).accepted.amount).to.equal("300000");
      const none = several({ network: "eip155:1" }, { payTo: stranger }, { amount: "0.1" }, misnamed);
      expect((await refusalOf(agent({ fetch: none.send })("https://shop.example/"))).code).to.equal(
        "WRONG_DOMAIN",
      );
    });
  });

  describe("with extensions", () => {
    const required = () => ({ [PAYMENT_IDENTIFIER]: declarePaymentIdentifierExtension(true) });
    const idOf = ({ value }: { value: string }) => decoded(value).extensions[PAYMENT_IDENTIFIER].info.id;

    it("gives a server that requires an identifier one per purchase, the same after a restart", async () => {
      const shop = await shopOf({ version: 2, extensions: required() });
      const store = memoryPaymentStore();
      shop.faults = ["drop after settling"];
      await refusalOf(agent({ store, resends: 0 })(shop.url));
      const answer = await agent({ store })(shop.url);
      expect(await answer.json()).to.deep.equal({ sold: "report", again: true });
      expect(new Set(shop.payments.map(({ value }) => value)).size).to.equal(1);
      expect(shop.runs).to.equal(1);
      expect(await paid()).to.have.length(1);
      expect((await agent({ store })(shop.url)).status).to.equal(200);
      const ids = shop.payments.map(idOf);
      expect(new Set(ids).size).to.equal(2);
      for (const id of ids) expect(id).to.match(/^[\w-]{16,128}$/);
    });

    it("keeps the identifier where the process dies between its claim and its payment", async () => {
      const shop = await shopOf({ version: 2, extensions: required() });
      const store = memoryPaymentStore();
      let claimed: string | undefined;
      const dying: PaymentStore = {
        ...store,
        change: async (request) => {
          if (claimed) return new Promise(() => {});
          const after = await store.change(request);
          claimed = after[0]?.id;
          return after;
        },
        take: () => new Promise(() => {}),
      };
      const stop = new AbortController();
      const dead = agent({ store: dying })(shop.url, { signal: stop.signal, idempotencyKey: "order" });
      dead.catch(() => {});
      while (!claimed) await new Promise((done) => setTimeout(done, 5));
      expect((await agent({ store })(shop.url, { idempotencyKey: "order" })).status).to.equal(200);
      expect(idOf(shop.payments[0] as { value: string })).to.equal(claimed);
      stop.abort();
    });

    it("lets no server choose the identifier, nor change the purchase by it", async () => {
      const declared = declarePaymentIdentifierExtension(true);
      const chosen = { ...declared, info: { required: true, id: "another-purchase-0001" } };
      const { send, payments } = hostile(
        () => asksV2({}, { [PAYMENT_IDENTIFIER]: chosen, other: { info: 1 } }),
        () =>
          asksV2(
            {},
            { [PAYMENT_IDENTIFIER]: { ...chosen, info: { required: true, id: "yet-another-000001" } } },
          ),
      );
      const pay = agent({ fetch: send });
      for (let turn = 0; turn < 2; turn++) expect((await pay("https://shop.example/")).status).to.equal(402);
      expect(new Set(payments.map(({ value }) => value)).size).to.equal(1);
      expect(idOf(payments[0] as { value: string })).to.match(/^[0-9a-f-]{36}$/);
      expect(decoded(payments[0]?.value as string).extensions.other).to.deep.equal({ info: 1 });
    });

    it("hands over what the caller's own extensions add, and never another payment than was signed", async () => {
      const { send, payments } = hostile(
        () => asksV2({}, { badge: { info: { needed: true } } }),
        () => new Response("sold", { headers: { "PAYMENT-RESPONSE": btoa('{"success":true}') } }),
      );
      const seen: string[] = [];
      const pay = agent({
        fetch: send,
        extensions: [
          {
            key: "badge",
            enrichPaymentPayload: async (payload) => ({
              ...payload,
              payload: { authorization: { value: "1" } },
              accepted: { ...payload.accepted, amount: "1" },
              extensions: { ...payload.extensions, badge: { info: { needed: true, number: 7 } } },
            }),
            hooks: {
              onPaymentResponse: async (_, { settleResponse }) => {
                seen.push(`${settleResponse?.success}`);
                throw new Error("cannot be stored");
              },
            },
          },
        ],
      });
      expect(await (await pay("https://shop.example/")).text()).to.equal("sold");
      const sent = decoded(payments[0]?.value as string);
      expect(sent.extensions.badge.info).to.deep.equal({ needed: true, number: 7 });
      expect(sent.accepted.amount).to.equal("200000");
      expect(sent.payload.authorization.value).to.equal("200000");
      expect(seen).to.deep.equal(["true"]);
    });

    it("stops where an extension rejects the payment: nothing is sent, and its slot is free again", async () => {
      const { send, payments } = hostile(
        () => asksV2({}, { badge: {} }),
        () => new Response("sold"),
      );
      const store = memoryPaymentStore();
      const abort = { onBeforePaymentCreation: async () => ({ abort: true as const, reason: "not today" }) };
      const pay = agent({ fetch: send, store, extensions: [{ key: "badge", hooks: abort }] });
      const error = await pay("https://shop.example/").catch((reason: Error) => reason.message);
      expect(error).to.contain("not today");
      expect(payments).to.deep.equal([]);
      const account = `eip155:8453:${safe.address.toLowerCase()}`;
      const budget = `${hashSession(grant.session)}/0`;
      expect(await store.held({ account, budget })).to.deep.equal([]);
      expect(await (await agent({ fetch: send, store })("https://shop.example/")).text()).to.equal("sold");
      expect(await store.held({ account, budget })).to.have.length(1);
    });

    it("shows what an extension has instead of a payment, and pays where that is not enough", async () => {
      const asked: (string | null)[] = [];
      let isKnown = true;
      const { send, payments } = hostile(
        () => asksV2({}, { pass: {} }),
        () => new Response("sold"),
      );
      const pay = agent({
        fetch: async (input, init) => {
          const pass = new Request(input, init).headers.get("X-PASS");
          asked.push(pass);
          return pass && isKnown ? new Response("known") : send(input, init);
        },
        extensions: [
          {
            key: "pass",
            transportHooks: { http: { onPaymentRequired: async () => ({ headers: { "X-PASS": "7" } }) } },
          },
        ],
      });
      expect(await (await pay("https://shop.example/")).text()).to.equal("known");
      expect(payments).to.deep.equal([]);
      isKnown = false;
      expect(await (await pay("https://shop.example/")).text()).to.equal("sold");
      expect(payments).to.have.length(1);
    });
  });

  describe("that is slow", () => {
    for (const version of [1, 2] as const)
      it(`has it work once for one payment, however late it answers, in version ${version}`, async () => {
        const shop = await shopOf({ version });
        shop.work = 1500;
        const refusal = await refusalOf(agent({ timeout: 400 })(shop.url));
        expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
        expect(refusal.details).to.include({ late: true, settled: false, expired: false });
        await new Promise((done) => setTimeout(done, 1500));
        expect(shop.runs).to.equal(1);
        expect(shop.payments).to.have.length(1);
        expect((await paid()).length).to.be.at.most(1);
      });

    it("works once where the runtime's own fetch has given up, as Node's does after five minutes", async () => {
      const shop = await shopOf({ version: 2 });
      shop.work = 3000;
      const before = undici.getGlobalDispatcher();
      const impatient = new undici.Agent({ headersTimeout: 1000 });
      undici.setGlobalDispatcher(impatient);
      try {
        const refusal = await refusalOf(agent()(shop.url));
        expect((refusal.cause as { cause: Error }).cause.name).to.equal("HeadersTimeoutError");
        expect(refusal.details).to.include({ late: true });
        await new Promise((done) => setTimeout(done, 100));
        expect(shop.payments).to.have.length(1);
      } finally {
        undici.setGlobalDispatcher(before);
        await impatient.destroy();
      }
      expect(shop.runs).to.equal(1);
    });

    it("waits for what takes long, and sends nothing again meanwhile", async () => {
      const shop = await shopOf({ version: 2 });
      shop.work = 2000;
      expect((await agent()(shop.url)).status).to.equal(200);
      expect(shop.runs).to.equal(1);
      expect(await paid()).to.have.length(1);
    });

    it("is not asked again where a gateway has given up waiting for it, and the money's state is told", async () => {
      for (const status of [504, 524]) {
        const { send, payments } = hostile(
          () => asksV2(),
          () => new Response("timeout", { status }),
        );
        const refusal = await refusalOf(agent({ fetch: send })(`https://shop.example/${status}`));
        expect(refusal.details).to.include({ late: true, settled: false });
        expect(payments).to.have.length(1);
      }
    });

    it("is said not to be paid once the payment has expired, and then bought again", async () => {
      let isSlow = true;
      const { send, payments } = hostile(
        () => asksV2(),
        async () => {
          if (!isSlow) return new Response("sold");
          await environment.connection.networkHelpers.time.increase(75);
          return new Response("timeout", { status: 504 });
        },
      );
      const pay = agent({ fetch: send });
      const refusal = await refusalOf(pay("https://shop.example/"));
      expect(refusal.details).to.include({ late: true, settled: false, expired: true });
      expect(refusal.message).to.contain("was not paid");
      expect(payments).to.have.length(1);
      isSlow = false;
      expect(await (await pay("https://shop.example/")).text()).to.equal("sold");
      expect(new Set(payments.map(({ value }) => value)).size).to.equal(2);
    });
  });

  it("pays through axios, whose fetch it is", async () => {
    const shop = await shopOf({ version: 2 });
    const http = axios.create({ adapter: "fetch", env: { fetch: agent() } });
    expect((await http.get(shop.url)).data).to.deep.equal({ sold: "report" });
    expect(await paid()).to.have.length(1);
  });
});
