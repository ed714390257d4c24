import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Merchant, openMerchant } from "@latchkey/devchain";
import {
  budgetSummary,
  enabledGrant,
  enableSession,
  execute,
  executeSigned,
  type Grant,
  type Ledger,
  type LedgerEntry,
  ledgerToCsv,
  memoryLedger,
  memoryPaymentStore,
  type PaidPayment,
  type PayingFetchParameters,
  type PaymentStore,
  pay,
  payingFetch,
  type RefusedPurchase,
  readLedger,
  reconcileLedger,
  type SessionRequest,
  type WaitingPurchase,
} from "@latchkey/sdk";
import { signExecution } from "@latchkey/sdk/encoding";
import { sessionHistory, spendMeter } from "@latchkey/sdk/history";
import { fileLedger, filePaymentStore } from "@latchkey/sdk/node";
import { encodePaymentResponseHeader } from "@x402/core/http";
import { expect } from "chai";
import { createPublicClient, custom, encodeFunctionData, erc20Abi, parseUnits } from "viem";
import {
  agent as key,
  mined,
  owner,
  propose,
  refusalOf,
  shop,
  USD,
  useSafe,
  walletOf,
} from "../safeFixture.ts";

describe("seen from outside, an agent", function () {
  this.timeout(120_000);
  const world = useSafe("1.4.1");
  let merchant: Merchant;

  // Opened for each test: what its facilitator has on the chain is undone after each.
  beforeEach(async () => {
    const { testChain, usdc } = world().env;
    const offer = (amount: bigint, other: object = {}) => ({
      amount,
      asset: usdc.address,
      payTo: shop,
      ...other,
    });
    merchant = await openMerchant(testChain, {
      fifth: offer(200_000n),
      tenth: offer(100_000n),
      odd: offer(123_456n),
      dollar: offer(USD),
      dear: offer(1_500_000n),
      short: offer(200_000n, { maxTimeoutSeconds: 20 }),
    });
  });
  afterEach(() => merchant.close());

  const client = () => world().env.testChain.client;
  const balance = () => world().env.usdc.balanceOf(world().safe.address);
  const pass = (seconds: number) => world().env.connection.networkHelpers.time.increase(seconds);
  const later = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

  async function enabled(changes: Partial<SessionRequest> = {}): Promise<Grant> {
    const proposal = await propose(world(), changes);
    await mined(world(), enableSession(walletOf(world(), owner), { proposal }));
    return enabledGrant(proposal);
  }
  /** An agent, and all that its hooks were told. */
  function open(grant: Grant, other: Partial<PayingFetchParameters> = {}) {
    const paid: PaidPayment[] = [];
    const refused: RefusedPurchase[] = [];
    const waiting: WaitingPurchase[] = [];
    const buy = payingFetch({
      client: client(),
      key,
      grant,
      maxWait: 5,
      pollingInterval: 20,
      resendDelay: 10,
      onPaid: (one) => paid.push(one),
      onRefused: (one) => refused.push(one),
      onWaiting: (one) => waiting.push(one),
      ...other,
    });
    return { buy, paid, refused, waiting };
  }
  const entriesOf = async (ledger: Ledger) => (await readLedger(ledger)).entries;
  const totalOf = (entries: readonly LedgerEntry[]) =>
    entries
      .filter(({ status }) => status === "settled")
      .reduce((sum, { units = "0" }) => sum + BigInt(units), 0n);

  describe("that pays", () => {
    it("says what, to whom, how much, when, by which transaction, with the merchant's receipt", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const { buy, paid, refused, waiting } = open(grant, { ledger, resendDelay: 60_000 });
      const init = { idempotencyKey: "order 17", purpose: "weather for Bern" };
      const began = Date.now();
      const response = await buy(`${merchant.url("fifth")}?token=secret#part`, init);
      expect(response.status).to.equal(200);
      expect(paid).to.have.length(1);
      const [payment] = paid as [PaidPayment];
      expect(payment).to.deep.include({
        kind: "x402",
        status: "settled",
        shownBy: "merchant",
        what: merchant.url("fifth"),
        purpose: "weather for Bern",
        chainId: 8453,
        account: world().safe.address,
        budget: 0,
        to: shop,
        token: world().env.usdc.address,
        symbol: "USDC",
        decimals: 6,
        amount: "0.2",
        units: "200000",
        text: "0.2 USDC",
        idempotencyKey: "order 17",
      });
      const receipt = await client().getTransactionReceipt({ hash: payment.transaction as `0x${string}` });
      expect(receipt.status).to.equal("success");
      expect(JSON.parse(payment.receipt as string)).to.deep.include({ success: true });
      for (const time of [payment.at, payment.closedAt])
        expect(Date.parse(time as string)).to.be.within(began, Date.now());
      expect(JSON.parse(JSON.stringify(payment))).to.deep.equal(payment);
      expect([refused, waiting]).to.deep.equal([[], []]);
      const { text: _, ...entry } = payment;
      expect(await entriesOf(ledger)).to.deep.equal([entry]);
      expect(JSON.stringify(await ledger.read())).not.to.match(/secret|part|word/);
    });

    it("has written it down as open before a node or the merchant sees it", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const seen: (string | undefined)[] = [];
      const note = async () => seen.push((await entriesOf(ledger))[0]?.status);
      const { buy } = open(grant, {
        ledger,
        client: createPublicClient({
          transport: custom({
            request: async (asked: { params?: unknown }) => {
              if (JSON.stringify(asked.params ?? "").includes("0x1626ba7e")) await note();
              return world().env.testChain.provider.request(asked as never);
            },
          }),
        }),
        fetch: async (input, init) => {
          if (new Headers(init?.headers).has("PAYMENT-SIGNATURE")) await note();
          return fetch(input, init);
        },
      });
      expect((await buy(merchant.url("fifth"))).status).to.equal(200);
      expect(new Set(seen)).to.deep.equal(new Set(["open"]));
      expect(seen.length).to.be.greaterThan(1);
      expect((await entriesOf(ledger))[0]?.status).to.equal("settled");
    });

    it("says it once where the answer was lost and the chain shows it, however often it is asked again", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const { buy, paid, refused } = open(grant, { ledger, resends: 0 });
      merchant.faults = ["drop after settling"];
      for (let turn = 0; turn < 3; turn++)
        expect((await refusalOf(buy(merchant.url("fifth")))).details.settled).to.equal(true);
      expect(paid).to.have.length(1);
      expect(paid[0]).to.include({ shownBy: "chain", units: "200000" });
      const receipt = await client().getTransactionReceipt({
        hash: paid[0]?.transaction as `0x${string}`,
      });
      expect(receipt.status).to.equal("success");
      expect(refused).to.deep.equal([]);
      expect((await ledger.read()).lines).to.have.length(2);
      expect(totalOf(await entriesOf(ledger))).to.equal(200_000n);
    });

    for (const [where, init] of [
      ["without a name", {}],
      ["with a name", { idempotencyKey: "order 17" }],
    ] as const)
      it(`says it once over a restart, ${where}, and completes the same entry`, async () => {
        const folder = await mkdtemp(join(tmpdir(), "latchkey-hooks-"));
        const grant = await enabled();
        const files = () => ({
          store: filePaymentStore(join(folder, "payments.jsonl")),
          ledger: fileLedger(join(folder, "ledger.jsonl")),
        });
        merchant.faults = ["drop after settling"];
        // The node goes away with the answer: nothing is known when the process ends.
        let isCut = false;
        const cut = createPublicClient({
          transport: custom(
            {
              request: async (asked: never) => {
                if (isCut) throw new Error("connection reset");
                return world().env.testChain.provider.request(asked);
              },
            },
            { retryCount: 0 },
          ),
        });
        const first = open(grant, {
          ...files(),
          client: cut,
          resends: 0,
          fetch: async (input, options) => {
            isCut = new Headers(options?.headers).has("PAYMENT-SIGNATURE");
            return fetch(input, options);
          },
        });
        expect((await refusalOf(first.buy(merchant.url("fifth"), init))).details.settled).to.equal(undefined);
        expect(first.paid).to.deep.equal([]);
        const [opened] = await entriesOf(files().ledger);
        expect(opened?.status).to.equal("open");
        const told: PaidPayment[] = [];
        for (let restart = 0; restart < 3; restart++) {
          const { buy, paid } = open(grant, { ...files(), resends: 0 });
          await refusalOf(buy(merchant.url("fifth"), init));
          told.push(...paid);
        }
        expect(told.map(({ id, shownBy }) => [id, shownBy])).to.deep.equal([[opened?.id, "chain"]]);
        const entries = await entriesOf(files().ledger);
        expect(entries).to.have.length(1);
        expect(entries[0]).to.include({ id: opened?.id, at: opened?.at, status: "settled" });
        expect(totalOf(entries)).to.equal(100n * USD - (await balance()));
        await rm(folder, { recursive: true });
      });

    it("says it where the restart comes after the payment is no longer offered, and then buys again", async () => {
      const grant = await enabled();
      const [store, ledger] = [memoryPaymentStore(), memoryLedger()];
      merchant.faults = ["silence"];
      const stop = new AbortController();
      const first = open(grant, { store, ledger });
      const request = first.buy(merchant.url("short"), { signal: stop.signal }).catch(() => {});
      while (merchant.headers.length === 0) await later(5);
      stop.abort();
      await request;
      // It reaches the shop after all.
      const settled = await fetch(merchant.url("short"), {
        headers: { "PAYMENT-SIGNATURE": merchant.headers[0] as string },
      });
      expect(settled.status).to.equal(200);
      await pass(3700);
      const second = open(grant, { store, ledger });
      expect((await second.buy(merchant.url("short"))).status).to.equal(200);
      expect(second.paid.map(({ shownBy }) => shownBy)).to.deep.equal(["chain", "merchant"]);
      expect(totalOf(await entriesOf(ledger))).to.equal(100n * USD - (await balance()));
    });

    it("says nothing of a lost answer that did not settle, whose entry is closed when it has expired", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const { buy, paid, refused } = open(grant, { ledger, resends: 0 });
      merchant.faults = ["drop before settling"];
      expect((await refusalOf(buy(merchant.url("short")))).details.settled).to.equal(false);
      expect([paid, refused]).to.deep.equal([[], []]);
      expect((await entriesOf(ledger)).map(({ status }) => status)).to.deep.equal(["open"]);
      await pass(21);
      expect((await buy(merchant.url("short"))).status).to.equal(200);
      expect((await entriesOf(ledger)).map(({ status, shownBy }) => `${status} by ${shownBy}`)).to.deep.equal(
        ["not settled by chain", "settled by merchant"],
      );
      expect(paid).to.have.length(1);
      expect(totalOf(await entriesOf(ledger))).to.equal(100n * USD - (await balance()));
    });

    it("leaves an entry open that a shop's 402 refused and may still settle; the chain closes it", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const { buy, paid, refused } = open(grant, {
        ledger,
        fetch: async (input, init) => {
          const headers = new Headers(init?.headers);
          headers.delete("PAYMENT-SIGNATURE");
          return fetch(input, { ...init, headers });
        },
      });
      expect((await buy(merchant.url("short"))).status).to.equal(402);
      expect([paid, refused]).to.deep.equal([[], []]);
      expect((await entriesOf(ledger)).map(({ status }) => status)).to.deep.equal(["open"]);
      expect(await reconcileLedger(client(), ledger)).to.deep.equal([]);
      await pass(21);
      await world().env.connection.networkHelpers.mine();
      const closed = await reconcileLedger(client(), ledger);
      expect(closed.map(({ status, shownBy }) => [status, shownBy])).to.deep.equal([
        ["not settled", "chain"],
      ]);
      expect(await reconcileLedger(client(), ledger)).to.deep.equal([]);
      expect(totalOf(await entriesOf(ledger))).to.equal(0n);
      expect(await balance()).to.equal(100n * USD);
    });

    it("asks the chain where a merchant delivers without a receipt, and does not wait for that", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const { buy, paid } = open(grant, {
        ledger,
        fetch: async (input, init) => {
          const response = await fetch(input, init);
          if (!response.ok) return response;
          return new Response(response.body, { status: 200 });
        },
      });
      expect((await buy(merchant.url("fifth"))).status).to.equal(200);
      while (paid.length === 0) await later(10);
      await later(50);
      expect(paid.map(({ shownBy, receipt }) => [shownBy, receipt])).to.deep.equal([["chain", undefined]]);
      expect((await entriesOf(ledger))[0]).to.include({ status: "settled", shownBy: "chain" });
    });

    it("is not believed a merchant's receipt where the chain shows otherwise", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const transaction = `0x${"de".repeat(32)}`;
      const lie = { success: true, transaction, network: "eip155:8453", payer: shop } as const;
      const { buy, paid } = open(grant, {
        ledger,
        fetch: async (input, init) =>
          new Headers(init?.headers).has("PAYMENT-SIGNATURE")
            ? new Response("sold", { headers: { "PAYMENT-RESPONSE": encodePaymentResponseHeader(lie) } })
            : fetch(input, init),
      });
      expect((await buy(merchant.url("short"))).status).to.equal(200);
      expect(paid.map(({ shownBy }) => shownBy)).to.deep.equal(["merchant"]);
      await pass(21);
      await world().env.connection.networkHelpers.mine();
      await reconcileLedger(client(), ledger);
      const [entry] = await entriesOf(ledger);
      expect(entry).to.include({ status: "not settled", shownBy: "chain" });
      expect(entry).not.to.have.property("transaction");
      expect(totalOf([entry as LedgerEntry])).to.equal(0n);
    });

    it("says it once where the answer is an error with a receipt, and the same request is made again", async () => {
      const folder = await mkdtemp(join(tmpdir(), "latchkey-hooks-"));
      const grant = await enabled();
      const told: string[] = [];
      const restarted = () =>
        open(grant, {
          store: filePaymentStore(join(folder, "payments.jsonl")),
          ledger: fileLedger(join(folder, "ledger.jsonl")),
          resends: 0,
          onPaid: ({ shownBy }) => told.push(`${shownBy}`),
          fetch: async (input, init) => {
            const response = await fetch(input, init);
            if (!response.ok) return response;
            return new Response("out of stock", { status: 500, headers: response.headers });
          },
        }).buy;
      const first = restarted();
      expect((await first(merchant.url("fifth"))).status).to.equal(500);
      await refusalOf(first(merchant.url("fifth")));
      await refusalOf(restarted()(merchant.url("fifth")));
      expect(told).to.deep.equal(["merchant"]);
      const entries = await entriesOf(fileLedger(join(folder, "ledger.jsonl")));
      expect(entries.map(({ status, shownBy }) => [status, shownBy])).to.deep.equal([["settled", "chain"]]);
      await rm(folder, { recursive: true });
    });

    it("corrects a false receipt when the payment has expired and the same request is made again", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const lie = {
        success: true,
        transaction: `0x${"de".repeat(32)}`,
        network: "eip155:8453",
        payer: shop,
      } as const;
      const { buy } = open(grant, {
        ledger,
        fetch: async (input, init) =>
          new Headers(init?.headers).has("PAYMENT-SIGNATURE")
            ? new Response("sorry", {
                status: 500,
                headers: { "PAYMENT-RESPONSE": encodePaymentResponseHeader(lie) },
              })
            : fetch(input, init),
      });
      expect((await buy(merchant.url("short"))).status).to.equal(500);
      await pass(21);
      expect((await buy(merchant.url("short"))).status).to.equal(500);
      expect((await entriesOf(ledger)).map(({ status, shownBy }) => `${status} by ${shownBy}`)).to.deep.equal(
        ["not settled by chain", "settled by merchant"],
      );
    });

    it("closes what another agent's payment has made void, and says the one that replaced it", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      let release: () => void = () => {};
      const gate = new Promise<void>((done) => (release = done));
      let held = 0;
      const late = open(grant, {
        ledger,
        fetch: async (input, init) => {
          if (new Headers(init?.headers).has("PAYMENT-SIGNATURE") && held++ === 0) await gate;
          return fetch(input, init);
        },
      });
      const second = late.buy(merchant.url("fifth"));
      while (held === 0) await later(5);
      const early = open(grant, { ledger });
      expect((await early.buy(merchant.url("fifth"))).status).to.equal(200);
      release();
      expect((await second).status).to.equal(200);
      expect([early.paid.length, late.paid.length]).to.deep.equal([1, 1]);
      const entries = await entriesOf(ledger);
      expect(entries.map(({ status }) => status)).to.deep.equal(["not settled", "settled", "settled"]);
      expect(totalOf(entries)).to.equal(100n * USD - (await balance()));
    });

    it("is written down whatever its caller takes for a name or a purpose", async () => {
      const folder = await mkdtemp(join(tmpdir(), "latchkey-hooks-"));
      const grant = await enabled();
      const ledger = fileLedger(join(folder, "ledger.jsonl"));
      const init = { idempotencyKey: 17, purpose: 5 } as never;
      expect((await open(grant, { ledger }).buy(merchant.url("fifth"), init)).status).to.equal(200);
      const { entries, damaged } = await readLedger(ledger);
      expect(entries[0]).to.include({ idempotencyKey: "17", purpose: "5" });
      expect(damaged).to.deep.equal([]);
      await rm(folder, { recursive: true });
    });

    it("is looked up as far back as the caller says", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const { buy } = open(grant, { ledger });
      expect((await buy(merchant.url("fifth"))).status).to.equal(200);
      await world().env.connection.networkHelpers.mine();
      const later = await client().getBlockNumber({ cacheTime: 0 });
      expect(await reconcileLedger(client(), ledger, { fromBlock: later })).to.deep.equal([]);
      expect((await entriesOf(ledger))[0]).to.include({ status: "settled", shownBy: "merchant" });
      expect(await reconcileLedger(client(), ledger, { fromBlock: 0n })).to.have.length(1);
      expect((await entriesOf(ledger))[0]).to.include({ status: "settled", shownBy: "chain" });
    });

    it("adds up: the ledger, the chain and the budget's summary say the same", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const { buy } = open(grant, { ledger, resends: 0 });
      for (const name of ["fifth", "odd", "tenth", "odd", "dollar"])
        expect((await buy(merchant.url(name))).status).to.equal(200);
      merchant.faults = ["drop after settling"];
      await refusalOf(buy(merchant.url("tenth")));
      await refusalOf(buy(merchant.url("dear")));
      const wallet = walletOf(world(), key);
      await mined(world(), pay(wallet, { grant, to: shop, amount: "0.35", ledger, purpose: "tip" }));
      await reconcileLedger(client(), ledger);
      const entries = await entriesOf(ledger);
      const expected = 200_000n + 2n * 123_456n + 100_000n + USD + 100_000n + 350_000n;
      expect(entries).to.have.length(7);
      expect(totalOf(entries)).to.equal(expected);
      expect(100n * USD - (await balance())).to.equal(expected);
      const { events } = await sessionHistory(client(), { grant, fromBlock: 0n });
      const [summary] = await budgetSummary(client(), grant, { meter: spendMeter(grant, events) });
      expect(parseUnits(summary?.paid as string, 6)).to.equal(expected);
      const amounts = entries.map(({ amount }) => parseUnits(amount as string, 6));
      expect(amounts.reduce((sum, one) => sum + one)).to.equal(expected);
      expect(ledgerToCsv(entries).split("\r\n")).to.have.length(entries.length + 2);
    });

    it("says fifty payments at once, each once, all in one file", async () => {
      const folder = await mkdtemp(join(tmpdir(), "latchkey-hooks-"));
      const grant = await enabled({
        budgets: { usdc: { perTransaction: "1", perDay: "90", recipients: [shop] } },
      });
      const ledger = fileLedger(join(folder, "ledger.jsonl"));
      const store = filePaymentStore(join(folder, "payments.jsonl"));
      const { buy, paid } = open(grant, { ledger, store, maxWait: 20, resendDelay: 30_000 });
      const responses = await Promise.all(
        Array.from({ length: 50 }, (_, place) => buy(`${merchant.url("tenth")}?order=${place}`)),
      );
      expect(responses.map(({ status }) => status)).to.deep.equal(Array(50).fill(200));
      expect(new Set(paid.map(({ id }) => id)).size).to.equal(50);
      expect(paid).to.have.length(50);
      expect(new Set(paid.map(({ transaction }) => transaction)).size).to.equal(50);
      const entries = await entriesOf(ledger);
      expect(entries).to.have.length(50);
      expect(totalOf(entries)).to.equal(100n * USD - (await balance()));
      await rm(folder, { recursive: true });
    });
  });

  describe("that is refused", () => {
    it("says why, and what was asked for, once: where the budget does not allow it", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const { buy, paid, refused } = open(grant, { ledger });
      const init = { idempotencyKey: "order 17", purpose: "a car" };
      const refusal = await refusalOf(buy(`${merchant.url("dear")}?secret=1`, init));
      expect(refusal.code).to.equal("PER_TRANSACTION");
      expect(refused).to.have.length(1);
      expect(refused[0]?.refusal).to.equal(refusal);
      expect(refused[0]).to.include({ url: merchant.url("dear"), method: "GET", ...init });
      expect(refused[0]?.offers?.map(({ amount, payTo }) => [amount, payTo])).to.deep.equal([
        ["1500000", shop],
      ]);
      expect(JSON.stringify(refused)).not.to.include("secret");
      expect(paid).to.deep.equal([]);
      expect(await entriesOf(ledger)).to.deep.equal([]);
    });

    it("says it of a name that stands for another request", async () => {
      const grant = await enabled();
      const { buy, refused } = open(grant);
      const init = { idempotencyKey: "order 17" };
      expect((await buy(merchant.url("fifth"), init)).status).to.equal(200);
      await refusalOf(buy(merchant.url("tenth"), init));
      expect(refused.map(({ refusal }) => refusal.code)).to.deep.equal(["IDEMPOTENCY_KEY"]);
    });

    it("does not say it of what may still settle", async () => {
      const grant = await enabled();
      const { buy, refused } = open(grant, { resends: 0 });
      merchant.faults = ["drop before settling"];
      expect((await refusalOf(buy(merchant.url("fifth")))).code).to.equal("OUTCOME_UNKNOWN");
      expect(refused).to.deep.equal([]);
    });

    it("sends nothing where its ledger cannot be written, and the same payment once it can", async () => {
      const grant = await enabled();
      const inner = memoryLedger();
      let isFull = true;
      const ledger: Ledger = {
        ...inner,
        append: (entry) => (isFull ? Promise.reject(new Error("disk full")) : inner.append(entry)),
      };
      const store = memoryPaymentStore();
      const { buy, paid, refused } = open(grant, { ledger, store });
      const refusal = await refusalOf(buy(merchant.url("fifth")));
      expect([refusal.code, (refusal.cause as Error).message]).to.deep.equal(["STORE", "disk full"]);
      expect([merchant.headers, refused]).to.deep.equal([[], []]);
      const sent = pay(walletOf(world(), key), { grant, to: shop, amount: "0.10", ledger });
      expect((await refusalOf(sent)).code).to.equal("STORE");
      expect(await client().getTransactionCount({ address: key.address })).to.equal(0);
      // The payment is stored by now, and no more sent than before: neither by this process nor by the next.
      for (const attempt of [buy, open(grant, { ledger, store }).buy])
        expect((await refusalOf(attempt(merchant.url("fifth")))).code).to.equal("STORE");
      expect([merchant.headers, refused]).to.deep.equal([[], []]);
      isFull = false;
      expect((await buy(merchant.url("fifth"))).status).to.equal(200);
      expect([merchant.headers.length, paid.length]).to.deep.equal([1, 1]);
      expect((await ledger.read()).lines.map(({ status }) => status)).to.deep.equal(["open", "settled"]);
      expect(totalOf(await entriesOf(ledger))).to.equal(200_000n);
    });
  });

  describe("that waits", () => {
    const check = (one: WaitingPurchase | undefined, began: number, most: number | undefined) => {
      expect(Date.parse(one?.since as string)).to.be.within(began - 50, Date.now());
      if (most === undefined) expect(one).not.to.have.property("until");
      else expect(Date.parse(one?.until as string)).to.be.within(Date.now(), began + most + 1000);
    };

    it("says so once for a free place", async () => {
      const grant = await enabled({
        budgets: { usdc: { perTransaction: "1", perDay: "1", recipients: [shop] } },
      });
      const { buy, waiting, refused } = open(grant, { resends: 0, maxWait: 2 });
      merchant.faults = ["drop before settling"];
      await refusalOf(buy(merchant.url("dollar")));
      // On a busy machine the response that is lost is waited for, too.
      waiting.length = 0;
      const began = Date.now();
      const second = refusalOf(buy(`${merchant.url("tenth")}?secret=1`, { purpose: "tea" }));
      while (waiting.length === 0) await later(5);
      const [one] = waiting;
      check(one, began, 2000);
      expect(one).to.include({ reason: "slot", url: merchant.url("tenth"), purpose: "tea" });
      expect((await second).code).to.equal("SLOTS_TAKEN");
      expect(waiting).to.have.length(1);
      expect(refused.map(({ refusal }) => refusal.code)).to.deep.equal(["SLOTS_TAKEN"]);
    });

    it("says so once for another process's claim, without a bound", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      const init = { idempotencyKey: "order 17" };
      merchant.faults = ["silence"];
      const stop = new AbortController();
      const first = open(grant, { store });
      const claimed = first.buy(merchant.url("fifth"), { ...init, signal: stop.signal }).catch(() => {});
      while (merchant.headers.length === 0) await later(5);
      const began = Date.now();
      const second = open(grant, { store, resendDelay: 60_000 });
      const bought = second.buy(merchant.url("fifth"), init);
      while (second.waiting.length === 0) await later(5);
      check(second.waiting[0], began, undefined);
      await later(300);
      stop.abort();
      await claimed;
      expect((await bought).status).to.equal(200);
      expect(second.waiting.map(({ reason }) => reason)).to.deep.equal(["claim"]);
      expect([first.paid.length, second.paid.length]).to.deep.equal([0, 1]);
    });

    it("says so once for a late answer", async () => {
      const grant = await enabled();
      const { buy, waiting } = open(grant, { timeout: 300, resends: 2, resendDelay: 50 });
      merchant.faults = ["silence"];
      const began = Date.now();
      const refused = refusalOf(buy(merchant.url("fifth")));
      while (waiting.length === 0) await later(5);
      check(waiting[0], began, 3 * 300 + 50 + 100 + 2000);
      expect((await refused).details.late).to.equal(true);
      expect(waiting.map(({ reason }) => reason)).to.deep.equal(["response"]);
    });

    it("takes options without an end for what they are", async () => {
      const grant = await enabled();
      const { buy, waiting } = open(grant, { resends: 2000, resendDelay: 1 });
      merchant.faults = ["drop before settling"];
      expect((await buy(merchant.url("fifth"))).status).to.equal(200);
      expect(waiting.map(({ until }) => until)).to.deep.equal(["+275760-09-13T00:00:00.000Z"]);
    });
  });

  describe("with a hook that", () => {
    const hooks: readonly (readonly [string, () => unknown, boolean])[] = [
      [
        "throws",
        () => {
          throw new Error("hook");
        },
        true,
      ],
      ["rejects", async () => Promise.reject(new Error("hook")), true],
      // biome-ignore lint/suspicious/noThenProperty: what a hook returns may be anything
      ["returns what throws when it is awaited", () => ({ then: () => JSON.parse("hook") }), true],
      ["never resolves", () => new Promise(() => {}), false],
    ];
    for (const [what, hook, isTold] of hooks)
      it(`${what} pays the same, once, and its error is written to the console alone`, async () => {
        const grant = await enabled();
        const unhandled: unknown[] = [];
        const note = (reason: unknown) => unhandled.push(reason);
        process.on("unhandledRejection", note);
        const { error } = console;
        const told: unknown[][] = [];
        console.error = (...words: unknown[]) => told.push(words);
        try {
          let calls = 0;
          const counted = () => {
            calls++;
            return hook();
          };
          const ledger = memoryLedger();
          const all = { onPaid: counted, onRefused: counted, onWaiting: counted };
          const { buy } = open(grant, { ...all, ledger, resends: 1 });
          merchant.faults = ["drop before settling"];
          expect((await buy(merchant.url("fifth"))).status).to.equal(200);
          expect((await refusalOf(buy(merchant.url("dear")))).code).to.equal("PER_TRANSACTION");
          await later(20);
          expect(calls).to.equal(3);
          expect(told).to.have.length(isTold ? 3 : 0);
          for (const [message] of told) expect(message).to.equal("A hook of payingFetch failed.");
          expect(unhandled).to.deep.equal([]);
          expect(totalOf(await entriesOf(ledger))).to.equal(100n * USD - (await balance()));
          expect(merchant.settlements).to.equal(1);
        } finally {
          console.error = error;
          process.off("unhandledRejection", note);
        }
      });

    it("changes what it is given changes nothing else", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const onPaid = (one: PaidPayment) => {
        Object.assign(one, { units: "1", to: "nobody" });
        Object.assign(one.authorization as object, { nonce: "0x" });
      };
      const { buy } = open(grant, { ledger, onPaid });
      expect((await buy(merchant.url("fifth"))).status).to.equal(200);
      const { lines } = await ledger.read();
      expect(lines[1]).to.deep.include({ units: "200000", to: shop });
      expect(lines[1]?.authorization).to.deep.equal(lines[0]?.authorization);
    });

    it("would be called when the store cannot say that it is the first time is not called, but the ledger is complete", async () => {
      const grant = await enabled();
      const inner = memoryPaymentStore();
      let isBroken = false;
      const store: PaymentStore = {
        ...inner,
        change: (request) => (isBroken ? Promise.reject(new Error("gone")) : inner.change(request)),
      };
      const ledger = memoryLedger();
      const { buy, paid } = open(grant, {
        store,
        ledger,
        fetch: async (input, init) => {
          const response = await fetch(input, init);
          isBroken = response.ok;
          return response;
        },
      });
      expect((await buy(merchant.url("fifth"))).status).to.equal(200);
      expect(paid).to.deep.equal([]);
      expect(totalOf(await entriesOf(ledger))).to.equal(200_000n);
    });

    it("waits for no ledger that hangs once it has paid", async () => {
      const grant = await enabled();
      const inner = memoryLedger();
      const ledger: Ledger = {
        ...inner,
        append: (entry) => (entry.status === "open" ? inner.append(entry) : new Promise(() => {})),
      };
      const { error } = console;
      const told: unknown[] = [];
      console.error = (message: unknown) => told.push(message);
      try {
        const { buy, paid } = open(grant, { ledger });
        const began = performance.now();
        expect((await buy(merchant.url("fifth"))).status).to.equal(200);
        expect(performance.now() - began).to.be.within(4900, 15_000);
        expect(paid).to.have.length(1);
        expect(told).to.deep.equal(["The ledger lacks a payment's outcome."]);
      } finally {
        console.error = error;
      }
    });
  });

  describe("that sends transactions has a ledger", () => {
    it("of pay, execute and executeSigned, whose receipts close it", async () => {
      const grant = await enabled();
      const ledger = memoryLedger();
      const wallet = walletOf(world(), key);
      const usdc = world().env.usdc.address;
      const transfer = (amount: bigint) => ({
        to: usdc,
        data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [shop, amount] }),
      });
      const paid = await pay(wallet, { grant, to: shop, amount: "0.35", ledger, purpose: "tip" });
      await mined(world(), Promise.resolve(paid));
      const executed = await execute(wallet, {
        grant,
        calls: [transfer(100_000n), transfer(50_000n)],
        ledger,
      });
      await mined(world(), Promise.resolve(executed));
      const deadline = Math.floor(Date.now() / 1000) + 3600;
      const signed = await signExecution(key, {
        grant,
        calls: [transfer(25_000n)],
        caller: "anyone",
        deadline,
      });
      const submitted = await executeSigned(walletOf(world(), owner), { grant, signed, ledger });
      await mined(world(), Promise.resolve(submitted));
      const before = await entriesOf(ledger);
      expect(
        before.map(({ kind, status, units, transaction }) => [kind, status, units, transaction]),
      ).to.deep.equal([
        ["pay", "open", "350000", paid],
        ["execute", "open", "100000", executed],
        ["execute", "open", "50000", executed],
        ["executeSigned", "open", "25000", submitted],
      ]);
      expect(before[0]).to.include({
        purpose: "tip",
        to: shop,
        token: usdc,
        symbol: "USDC",
        amount: "0.35",
        budget: 0,
      });
      expect(await reconcileLedger(client(), ledger)).to.have.length(4);
      expect(totalOf(await entriesOf(ledger))).to.equal(100n * USD - (await balance()));
      expect(totalOf(await entriesOf(ledger))).to.equal(525_000n);
    });

    it("of nothing that the simulation refuses, and of what failed in its block", async () => {
      const grant = await enabled({
        budgets: { usdc: { perTransaction: "1", perDay: "1", recipients: [shop] } },
      });
      const ledger = memoryLedger();
      const wallet = walletOf(world(), key);
      await refusalOf(pay(wallet, { grant, to: shop, amount: "5", ledger }));
      expect(await entriesOf(ledger)).to.deep.equal([]);
      // Sent while the module works, mined when it does not.
      const { provider, networkHelpers } = world().env.connection;
      const all = { grant, to: shop, amount: "0.5", ledger };
      await provider.request({ method: "evm_setAutomine", params: [false] });
      try {
        await pay(wallet, all);
        await networkHelpers.mine();
        await pay(wallet, { ...all, purpose: "fails" });
        await networkHelpers.setCode(grant.module, "0xfe");
        await networkHelpers.mine();
      } finally {
        await provider.request({ method: "evm_setAutomine", params: [true] });
      }
      await reconcileLedger(client(), ledger);
      expect((await entriesOf(ledger)).map(({ status, purpose }) => [status, purpose])).to.deep.equal([
        ["settled", undefined],
        ["not settled", "fails"],
      ]);
      expect(totalOf(await entriesOf(ledger))).to.equal(100n * USD - (await balance()));
    });
  });
});
