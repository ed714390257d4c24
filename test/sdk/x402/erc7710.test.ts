import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asSafe } from "@latchkey/accounts/asSafe";
import { deployMock } from "@latchkey/accounts/deployMock";
import type { Latchkey } from "@latchkey/accounts/safeAccount";
import {
  createFacilitator,
  type Facilitator,
  installPermit2,
  type Merchant,
  type Offer,
  openMerchant,
  SAFE_VERSIONS,
} from "@latchkey/devchain";
import {
  ANYONE,
  budgetSpendControls,
  delegationProvider,
  type Grant,
  hashSession,
  latchkeyScheme,
  memoryLedger,
  memoryPaymentStore,
  type PaidPayment,
  type PayingFetchParameters,
  payingFetch,
  readLedger,
  reconcileLedger,
} from "@latchkey/sdk";
import { decodePermissionContext, encodeEnable, encodePause, encodeRevoke } from "@latchkey/sdk/encoding";
import { filePaymentStore } from "@latchkey/sdk/node";
import { x402Erc7710Client, x402ExactEvmErc7710ServerScheme } from "@metamask/x402";
import { x402Client } from "@x402/core/client";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { wrapFetchWithPayment } from "@x402/fetch";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeFunctionData,
  erc20Abi,
  getAddress,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  parseAbi,
  toBytes,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { authorizationFate } from "#sdk/agent/x402/authorizationFate.ts";
import { openPayment } from "#sdk/agent/x402/openPayment.ts";
import * as modular from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import type { Environment } from "../../environment/setUp.ts";
import { grantBy } from "../erc7579/sessionGrants.ts";
import { DOLLAR, ETHER, type PayersWorld, refusalOf, shop, stranger, usePayers } from "./usePayers.ts";

const key = privateKeyToAccount(keccak256(toBytes("the agent of the ERC-7710 tests")));
const secondFacilitator = getAddress("0xfac1000000000000000000000000000000000002");
const byErc7710 = { assetTransferMethod: "erc7710" };
const byToken = { name: "USD Coin", version: "2" };

const redemption = parseAbi(["function redeemDelegations(bytes[], bytes32[], bytes[])"]);

/** What a merchant was sent. */
type Sent = PaymentPayload & {
  payload: { delegationManager: Address; permissionContext: Hex; delegator: Address };
};
const sentIn = (header: string): Sent => JSON.parse(Buffer.from(header, "base64").toString());

/** The transaction by which a payment is redeemed, for whatever offer. */
function redemptionOf(
  { payload }: Sent,
  { asset, payTo, amount }: Pick<PaymentRequirements, "asset" | "payTo" | "amount">,
) {
  const transfer = encodeFunctionData({
    abi: erc20Abi,
    functionName: "transfer",
    args: [payTo as Address, BigInt(amount)],
  });
  const execution = concat([asset as Address, pad("0x"), transfer]);
  const data = encodeFunctionData({
    abi: redemption,
    args: [[payload.permissionContext], [pad("0x")], [execution]],
  });
  return { to: payload.delegationManager, data };
}

describe("a payment by ERC-7710", function () {
  this.timeout(120_000);

  let environment: Environment;
  let latchkey: Latchkey;
  let facilitator: Facilitator;
  let facilitatorAddress: Address;
  let merchant: Merchant;
  let tokens: PayersWorld["tokens"];
  const { safes, chainTime, budgetOf, sessionFor, grantFor, enabled, agent, balanceOf } = usePayers({
    name: "erc7710",
    key,
    signatures: 0,
    sizes: 0,
    async open(world) {
      ({ environment, latchkey, tokens } = world);
      const { testChain } = environment;
      await installPermit2(testChain);
      facilitator = await createFacilitator(testChain);
      const extra = facilitator.getSupported().kinds[0]?.extra;
      [facilitatorAddress] = (extra as { facilitatorAddresses: [Address] }).facilitatorAddresses;
      const offer = (amount: bigint, other: Partial<Offer> = {}): Offer => ({
        amount,
        asset: tokens.usdc,
        payTo: shop,
        extra: byErc7710,
        ...other,
      });
      const several = { ...byErc7710, facilitatorAddresses: [facilitatorAddress, secondFacilitator] };
      merchant = await openMerchant(
        testChain,
        {
          usdc: offer(200_000n),
          weth: offer(ETHER / 5n, { asset: tokens.weth }),
          noReturn: offer(ETHER / 5n, { asset: tokens.noReturn }),
          dollar: offer(DOLLAR),
          dear: offer(DOLLAR + 1n),
          odd: offer(300_001n),
          most: offer(700_000n),
          unit: offer(1n),
          elsewhere: offer(1n, { payTo: stranger }),
          several: offer(200_000n, { extra: several }),
          malformed: offer(1n, { extra: { ...byErc7710, facilitatorAddresses: [ANYONE] } }),
          eip3009: offer(200_000n, { extra: byToken }),
          "erc7710-first": [offer(200_000n), offer(200_000n, { extra: byToken })],
          "eip3009-first": [offer(200_000n, { extra: byToken }), offer(200_000n)],
        },
        facilitator,
      );
      return merchant;
    },
  });
  const accountOf = ({ chainId, session }: Grant) => `eip155:${chainId}:${session.account.toLowerCase()}`;
  /** A key that says what it has signed. */
  const watchedKey = () => {
    const signed: unknown[] = [];
    const watched = {
      address: key.address,
      signTypedData: async (data: never) => {
        signed.push(data);
        return key.signTypedData(data);
      },
    };
    return { signed, key: watched as never };
  };
  const requirementsOf = (header: string): PaymentRequirements => sentIn(header).accepted;
  const fateOf = (header: string) => {
    const sent = sentIn(header);
    const { authorization } = openPayment(sent, sent.accepted);
    return authorizationFate(environment.testChain.client, { token: tokens.usdc, authorization });
  };

  for (const version of SAFE_VERSIONS)
    it(`is settled in three kinds of tokens, from a Safe ${version} with a grant, and enabled`, async () => {
      const safe = safes[version];
      const session = await sessionFor(safe, { signatures: 1, sizes: 5 }, [
        budgetOf(tokens.weth, ETHER),
        budgetOf(tokens.noReturn, ETHER, { signatures: 6, sizes: 5 }),
      ]);
      const grant = await grantFor(safe, session);
      for (const pass of ["carried", "enabled"]) {
        if (pass === "enabled") await asSafe(safe, [encodeEnable(grant)]);
        const pay = agent(pass === "enabled" ? { ...grant, signature: "0x" } : grant);
        for (const [name, token] of Object.entries(tokens)) {
          const exact = name === "usdc" ? 200_000n : ETHER / 5n;
          const before = await balanceOf(token);
          expect((await pay(merchant.url(name))).status, `${pass} ${name}`).to.equal(200);
          expect((await balanceOf(token)) - before, name).to.equal(exact);
        }
      }
      expect(merchant.settlements).to.equal(6);
      for (const header of merchant.headers) {
        const { payload } = sentIn(header);
        expect(payload.delegator).to.equal(safe.address);
        expect(payload.delegationManager).to.equal(latchkey.module);
        const { signed } = decodePermissionContext(payload.permissionContext);
        expect(signed?.caller).to.equal(facilitatorAddress);
      }
    });

  it("pays exact sums, to the last unit of the period, and says what is left and until when", async () => {
    const grant = await enabled({ perPeriod: 1_000_001n });
    const pay = agent(grant);
    expect((await pay(merchant.url("most"))).status).to.equal(200);
    const early = await refusalOf(pay(merchant.url("most")));
    expect(early.code).to.equal("PERIOD");
    expect(early.details).to.include({ remaining: 300_001n });
    expect((await pay(merchant.url("odd"))).status).to.equal(200);
    const refusal = await refusalOf(pay(merchant.url("unit")));
    expect(refusal.code).to.equal("PERIOD");
    const { validAfter } = grant.session;
    expect(refusal.details).to.deep.equal({
      token: tokens.usdc,
      amount: 1n,
      recipient: shop,
      method: "erc7710",
      remaining: 0n,
      resetsAt: validAfter + 86_400,
    });
    expect(await balanceOf()).to.equal(1_000_001n);
  });

  it("is made twenty times at once, none of which waits", async () => {
    const waits: string[] = [];
    const pay = agent(await enabled(), { maxWait: 0, onWaiting: ({ reason }) => void waits.push(reason) });
    const responses = await Promise.all(Array.from({ length: 20 }, () => pay(merchant.url("usdc"))));
    expect(responses.map(({ status }) => status)).to.deep.equal(Array(20).fill(200));
    expect(new Set(merchant.headers).size).to.equal(20);
    expect(await balanceOf()).to.equal(20n * 200_000n);
    expect(waits.filter((reason) => reason !== "response")).to.deep.equal([]);
  });

  it("counts while it is in flight: of a budget of 2, the third of three payments of 1 is not signed", async () => {
    const { signed, key: watched } = watchedKey();
    const grant = await enabled({ perPeriod: 2n * DOLLAR });
    merchant.faults = ["silence", "silence"];
    const store = memoryPaymentStore();
    const pay = agent(grant, { store, key: watched, timeout: 1500, maxWait: 0 });
    const held = [pay(merchant.url("dollar")), pay(merchant.url("dollar"))].map(refusalOf);
    while (merchant.headers.length < 2) await new Promise((done) => setTimeout(done, 20));
    const third = await refusalOf(pay(merchant.url("dollar")));
    expect(third.code).to.equal("SLOTS_TAKEN");
    expect(third.details).to.include({ inFlight: 2 });
    expect(signed).to.have.length(2);
    for (const refusal of await Promise.all(held)) expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
    // Another agent with the same store waits, and pays as soon as one of them cannot be redeemed any more.
    const other = agent(grant, { store, maxWait: 20 });
    const waiting = other(`${merchant.url("dollar")}?other`);
    const { deadline } = decodePermissionContext(
      sentIn(merchant.headers[0] as string).payload.permissionContext,
    ).signed as { deadline: number };
    await environment.connection.networkHelpers.time.increaseTo(deadline + 70);
    expect((await waiting).status).to.equal(200);
  });

  it("leaves nothing to signed payments that it may still need, nor they to it", async () => {
    const grant = await enabled({ perPeriod: 2n * DOLLAR, signatures: 1, sizes: 5 });
    const store = memoryPaymentStore();
    const silent = agent(grant, { store, timeout: 300, maxWait: 0 });
    merchant.faults = ["silence", "silence"];
    await refusalOf(silent(merchant.url("dollar")));
    // One dollar is in flight, the other is a lot of which a signed payment takes a part.
    await refusalOf(silent(merchant.url("eip3009")));
    const pay = agent(grant, { store, maxWait: 0 });
    expect((await refusalOf(pay(`${merchant.url("unit")}?new`))).code).to.equal("SLOTS_TAKEN");
    expect(merchant.headers).to.have.length(2);
    // Both can settle.
    expect((await pay(merchant.url("dollar"))).status).to.equal(200);
    expect((await pay(merchant.url("eip3009"))).status).to.equal(200);
    expect(await balanceOf()).to.equal(1_200_000n);
  });

  it("is not signed where a payment in flight would have it reach a lot that a signed payment has opened", async () => {
    const grant = await enabled({ perPeriod: 2n * DOLLAR, signatures: 1, sizes: 5 });
    expect((await agent(grant)(merchant.url("eip3009"))).status).to.equal(200);
    // Another store knows nothing of it.
    const store = memoryPaymentStore();
    merchant.faults = ["silence"];
    const pay = agent(grant, { store, maxWait: 0 });
    await refusalOf(agent(grant, { store, timeout: 200 })(merchant.url("dollar")));
    const sent = merchant.headers.length;
    expect((await refusalOf(pay(merchant.url("unit")))).code).to.equal("SLOTS_TAKEN");
    expect(
      await store.held({ account: accountOf(grant), budget: `${hashSession(grant.session)}/0` }),
    ).to.have.length(1);
    expect(merchant.headers).to.have.length(sent);
    // Once that has settled, the chain says so itself.
    await agent(grant, { store })(merchant.url("dollar"));
    const refusal = await refusalOf(pay(merchant.url("unit")));
    expect(refusal.code).to.equal("LOT_OPENED");
    expect(refusal.details).to.include({ remaining: 0n });
  });

  it("is refused before anything is signed for what the session does not allow", async () => {
    const { signed, key: watched } = watchedKey();
    const safe = safes["1.4.1"];
    const grant = await grantFor(safe, await sessionFor(safe));
    const codeOf = async (what: string, by: Grant = grant) =>
      (await refusalOf(agent(by, { key: watched })(merchant.url(what)))).code;
    expect(await codeOf("dear")).to.equal("PER_TRANSACTION");
    expect(await codeOf("elsewhere")).to.equal("RECIPIENT");
    expect(await codeOf("weth")).to.equal("UNKNOWN_TOKEN");
    expect(await codeOf("eip3009")).to.equal("UNKNOWN_TOKEN");
    expect(await codeOf("malformed")).to.equal("OFFER_MALFORMED");
    expect(await codeOf("usdc", { ...grant, signature: "0x" })).to.equal("NOT_GRANTED");
    expect(await codeOf("usdc", { ...grant, signature: `0x${"12".repeat(65)}` })).to.equal("NOT_GRANTED");
    const now = await chainTime();
    const soon = { ...grant.session, validUntil: now + 10 };
    expect(await codeOf("usdc", await grantFor(safe, soon))).to.equal("EXPIRED");
    const over = { ...grant.session, validUntil: now - 1 };
    expect(await codeOf("usdc", await grantFor(safe, over))).to.equal("EXPIRED");
    const later = { ...grant.session, validAfter: now + 1000 };
    expect(await codeOf("usdc", await grantFor(safe, later))).to.equal("NOT_YET_VALID");
    const rules = Array.from({ length: 8 }, (_, turn) => ({
      offset: 4 + 32 * turn,
      op: 0,
      value: keccak256(toBytes(`value ${turn}`)),
    }));
    const actions = Array.from({ length: 12 }, (_, turn) => ({
      target: stranger,
      selector: numberToHex(turn + 1, { size: 4 }),
      rules,
    }));
    expect(await codeOf("usdc", await grantFor(safe, { ...grant.session, actions }))).to.equal("TOO_LARGE");
    signed.length = 0;
    await asSafe(safe, [encodeEnable(grant)]);
    await asSafe(safe, [encodePause(grant)]);
    expect(await codeOf("usdc")).to.equal("PAUSED");
    await asSafe(safe, [encodeRevoke(grant)]);
    expect(await codeOf("usdc")).to.equal("REVOKED");
    expect(signed).to.deep.equal([]);
    expect(merchant.headers).to.deep.equal([]);
  });

  it("is refused where the account has too little, and while the token is paused", async () => {
    const { signed, key: watched } = watchedKey();
    const { usdc } = environment;
    const grant = await enabled();
    const pay = agent(grant, { key: watched });
    await usdc.pause();
    await refusalOf(pay(merchant.url("usdc")));
    await usdc.deal(grant.session.account, 199_999n);
    expect((await refusalOf(pay(merchant.url("usdc")))).code).to.equal("TOKEN_INSUFFICIENT_BALANCE");
    expect(signed).to.deep.equal([]);
  });

  it("is chosen among several offers of one price by the shop's order", async () => {
    const pay = agent(await enabled({ signatures: 1, sizes: 5 }));
    expect((await pay(merchant.url("erc7710-first"))).status).to.equal(200);
    expect((await pay(merchant.url("eip3009-first"))).status).to.equal(200);
    expect(merchant.headers.map((header) => Object.keys(sentIn(header).payload)[0])).to.deep.equal([
      "delegationManager",
      "signature",
    ]);
    // A budget that is closed to signatures has only one of them.
    const closed = agent(await enabled({ recipients: [shop, stranger] }));
    expect((await closed(merchant.url("eip3009-first"))).status).to.equal(200);
  });

  it("tells the hooks and the ledger, and the chain says the same", async () => {
    const ledger = memoryLedger();
    const paid: PaidPayment[] = [];
    const grant = await enabled();
    const pay = agent(grant, { ledger, onPaid: (payment) => void paid.push(payment), resends: 0 });
    await pay(merchant.url("usdc"), { purpose: "a test" });
    merchant.faults = ["drop after settling", "drop before settling"];
    await refusalOf(pay(merchant.url("odd")));
    await refusalOf(pay(merchant.url("unit")));
    expect(paid.map(({ text }) => text)).to.deep.equal(["0.2 USDC", "0.300001 USDC"]);
    const { entries } = await readLedger(ledger);
    expect(entries.map(({ status }) => status)).to.deep.equal(["settled", "settled", "open"]);
    expect(entries[0]).to.include({ session: hashSession(grant.session), purpose: "a test", to: shop });
    expect(entries[0]?.authorization).to.include({ method: "erc7710", module: latchkey.module });
    const closed = await reconcileLedger(environment.testChain.client, ledger);
    expect(closed.map(({ status, shownBy }) => [status, shownBy])).to.deep.equal([["settled", "chain"]]);
    expect(closed[0]?.transaction).to.equal(entries[0]?.transaction);
    // What was not redeemed by its deadline never will be.
    await environment.connection.networkHelpers.time.increase(4000);
    const later = await reconcileLedger(environment.testChain.client, ledger);
    expect(later.map(({ status, units }) => [status, units])).to.deep.equal([["not settled", "1"]]);
  });

  for (const fault of ["drop before settling", "drop after settling", "402 after settling"] as const)
    it(`is offered again by another process after "${fault}", and paid once`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "latchkey-erc7710-"));
      try {
        const grant = await enabled();
        const store = () => filePaymentStore(join(folder, "payments.jsonl"));
        merchant.faults = [fault];
        const first = agent(grant, { store: store(), resends: 0 });
        const isSettled = fault !== "drop before settling";
        const refusal = await refusalOf(first(merchant.url("usdc"), { idempotencyKey: "one" }));
        expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
        expect(refusal.details.settled).to.equal(isSettled);
        const paid: PaidPayment[] = [];
        const second = agent(grant, {
          store: store(),
          resends: 0,
          onPaid: (payment) => void paid.push(payment),
        });
        const work = second(merchant.url("usdc"), { idempotencyKey: "one" });
        if (isSettled) expect((await refusalOf(work)).details.settled).to.equal(true);
        else expect((await work).status).to.equal(200);
        expect(new Set(merchant.headers).size).to.equal(1);
        expect(await balanceOf()).to.equal(200_000n);
        expect(paid).to.have.length(1);
        expect((await second(merchant.url("unit"))).status).to.equal(200);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

  describe("by MetaMask's client and server", () => {
    let theirs: Merchant;
    before(async () => {
      const offer = { amount: 200_000n, asset: tokens.usdc, payTo: shop };
      theirs = await openMerchant(
        environment.testChain,
        {
          usdc: { ...offer, extra: { ...byToken, ...byErc7710 } },
          eip3009: { ...offer, extra: byToken },
        },
        facilitator,
        new x402ExactEvmErc7710ServerScheme(),
      );
    });
    after(() => theirs.close());

    it("is paid with the provider, and other offers by the scheme behind it", async () => {
      const grant = await enabled({ signatures: 1, sizes: 5 });
      const scheme = latchkeyScheme({ client: environment.testChain.client, key, grant });
      const metamask = new x402Erc7710Client({
        delegationProvider: delegationProvider(scheme),
        fallbackClient: scheme,
      });
      const client = new x402Client()
        .register(scheme.network, metamask)
        .setSpendControls(budgetSpendControls(scheme.session, scheme.network));
      const pay = wrapFetchWithPayment(fetch, client);
      expect((await pay(theirs.url("usdc"))).status).to.equal(200);
      expect((await pay(theirs.url("eip3009"))).status).to.equal(200);
      expect(await balanceOf()).to.equal(400_000n);
      expect(theirs.headers.map((header) => "signature" in sentIn(header).payload)).to.deep.equal([
        false,
        true,
      ]);
    });

    it("is paid from a budget that is closed to signatures, within the spend controls", async () => {
      const scheme = latchkeyScheme({ client: environment.testChain.client, key, grant: await enabled() });
      const metamask = new x402Erc7710Client({ delegationProvider: delegationProvider(scheme) });
      const client = new x402Client()
        .register(scheme.network, metamask)
        .setSpendControls(budgetSpendControls(scheme.session, scheme.network));
      expect((await wrapFetchWithPayment(fetch, client)(theirs.url("usdc"))).status).to.equal(200);
    });

    it("is paid by the scheme itself in the stock client", async () => {
      const scheme = latchkeyScheme({ client: environment.testChain.client, key, grant: await enabled() });
      const client = new x402Client()
        .register(scheme.network, scheme)
        .setSpendControls(budgetSpendControls(scheme.session, scheme.network));
      expect((await wrapFetchWithPayment(fetch, client)(theirs.url("usdc"))).status).to.equal(200);
    });

    it("is not provided for another offer, nor for what the session does not allow", async () => {
      const scheme = latchkeyScheme({ client: environment.testChain.client, key, grant: await enabled() });
      const provide = delegationProvider(scheme);
      const offer = {
        scheme: "exact",
        network: scheme.network,
        asset: tokens.usdc,
        amount: "1",
        payTo: shop,
        maxTimeoutSeconds: 60,
        extra: byErc7710,
      };
      expect((await provide(offer)).delegator).to.equal(scheme.session.account);
      expect((await refusalOf(provide({ ...offer, payTo: stranger }))).code).to.equal("RECIPIENT");
      expect((await refusalOf(provide({ ...offer, network: "eip155:7" }))).code).to.equal("WRONG_CHAIN");
      const open = latchkeyScheme({
        client: environment.testChain.client,
        key,
        grant: await enabled({ signatures: 1, sizes: 5 }),
      });
      const byToken = { ...offer, extra: { name: "USD Coin", version: "2" } };
      expect((await refusalOf(delegationProvider(open)(byToken))).code).to.equal("NOT_OFFERED");
    });
  });

  describe("with several facilitators", () => {
    it("is for anyone, and either of them settles", async () => {
      const second = await createFacilitator(environment.testChain, secondFacilitator);
      const grant = await enabled();
      const offers = { usdc: { amount: 200_000n, asset: tokens.usdc, payTo: shop } };
      const extra = { ...byErc7710, facilitatorAddresses: [facilitatorAddress, secondFacilitator] };
      const other = await openMerchant(environment.testChain, { usdc: { ...offers.usdc, extra } }, second);
      try {
        const pay = agent(grant);
        expect((await pay(merchant.url("several"))).status).to.equal(200);
        expect((await pay(other.url("usdc"))).status).to.equal(200);
        for (const header of [...merchant.headers, ...other.headers])
          expect(decodePermissionContext(sentIn(header).payload.permissionContext).signed?.caller).to.equal(
            ANYONE,
          );
        expect(await balanceOf()).to.equal(400_000n);
      } finally {
        await other.close();
      }
    });

    it("is paid once where somebody redeems it first, and the shop then asks again", async () => {
      const { testChain } = environment;
      let isFirst = true;
      const frontRun: typeof fetch = async (input, init) => {
        const request = new Request(input as Request, init);
        const header = request.headers.get("PAYMENT-SIGNATURE");
        if (header && isFirst) {
          isFirst = false;
          await testChain.send({ from: stranger, ...redemptionOf(sentIn(header), requirementsOf(header)) });
        }
        return fetch(request);
      };
      const pay = agent(await enabled(), { fetch: frontRun, resends: 1 });
      for (let turn = 0; turn < 2; turn++) {
        const refusal = await refusalOf(pay(merchant.url("several")));
        expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
        expect(refusal.details.settled).to.equal(true);
      }
      expect(new Set(merchant.headers).size).to.equal(1);
      expect(await balanceOf()).to.equal(200_000n);
    });
  });

  describe("to a hostile shop", () => {
    /** A payment that the shop was sent, and keeps. */
    async function kept(what = "usdc", other: Partial<PayingFetchParameters> = {}) {
      const grant = await enabled();
      merchant.faults = ["silence"];
      const pay = agent(grant, { timeout: 200, ...other });
      await refusalOf(pay(merchant.url(what)));
      const header = merchant.headers[0] as string;
      return { grant, pay, header, sent: sentIn(header), offer: requirementsOf(header) };
    }
    const redeem = (from: Address, ...of: Parameters<typeof redemptionOf>) =>
      environment.testChain.send({ from, ...redemptionOf(...of) }).then(
        () => "paid",
        () => "rejected",
      );

    it("is worth exactly its amount to its payee, once, to the facilitator alone", async () => {
      const { sent, offer } = await kept();
      for (const change of [
        { amount: "200001" },
        { amount: "199999" },
        { payTo: stranger },
        { asset: tokens.weth },
      ])
        expect(
          await redeem(facilitatorAddress, sent, { ...offer, ...change }),
          JSON.stringify(change),
        ).to.equal("rejected");
      expect(await redeem(stranger, sent, offer)).to.equal("rejected");
      expect(await redeem(facilitatorAddress, sent, offer)).to.equal("paid");
      expect(await redeem(facilitatorAddress, sent, offer)).to.equal("rejected");
      expect(await balanceOf()).to.equal(200_000n);
      expect(await balanceOf(tokens.usdc, stranger)).to.equal(0n);
    });

    it("that holds it and redeems it late is paid once: the purchase offers it until its deadline", async () => {
      const { pay, header, sent, offer } = await kept();
      expect((await fateOf(header)).fate).to.equal("unused");
      // It asks again, and is sent the same.
      merchant.faults = ["502", "502", "502", "502"];
      expect((await pay(merchant.url("usdc"))).status).to.equal(502);
      expect(new Set(merchant.headers).size).to.equal(1);
      const { deadline } = decodePermissionContext(sent.payload.permissionContext).signed as {
        deadline: number;
      };
      await environment.connection.networkHelpers.time.setNextBlockTimestamp(deadline);
      expect(await redeem(facilitatorAddress, sent, offer)).to.equal("paid");
      const { fate, transaction } = await fateOf(header);
      expect(fate).to.equal("settled");
      expect(transaction).to.match(/^0x[0-9a-f]{64}$/);
      expect((await refusalOf(pay(merchant.url("usdc")))).details.settled).to.equal(true);
      expect(new Set(merchant.headers).size).to.equal(1);
    });

    it("that redeems it after its deadline is not paid, and the purchase is paid again", async () => {
      const { pay, sent, offer } = await kept();
      const { deadline } = decodePermissionContext(sent.payload.permissionContext).signed as {
        deadline: number;
      };
      await environment.connection.networkHelpers.time.increaseTo(deadline + 1);
      expect(await redeem(facilitatorAddress, sent, offer)).to.equal("rejected");
      expect((await pay(merchant.url("usdc"))).status).to.equal(200);
      expect(new Set(merchant.headers).size).to.equal(2);
      expect(await balanceOf()).to.equal(200_000n);
    });

    it("that names itself as the facilitator is paid what it sells, and cannot take more", async () => {
      const { testChain } = environment;
      const extra = { ...byErc7710, facilitatorAddresses: [shop] };
      const own = await openMerchant(testChain, {
        usdc: { amount: 200_000n, asset: tokens.usdc, payTo: shop, extra },
      });
      try {
        own.faults = ["silence"];
        await refusalOf(agent(await enabled(), { timeout: 200 })(own.url("usdc")));
        const header = own.headers[0] as string;
        const offer = requirementsOf(header);
        expect(await redeem(shop, sentIn(header), { ...offer, amount: "200001" })).to.equal("rejected");
        expect(await redeem(shop, sentIn(header), offer)).to.equal("paid");
        expect(await redeem(shop, sentIn(header), offer)).to.equal("rejected");
        expect(await balanceOf()).to.equal(200_000n);
      } finally {
        await own.close();
      }
    });

    it("whose offer the chain accepts only from another caller is not sent the payment", async () => {
      const grant = await enabled();
      const store = memoryPaymentStore();
      // Revoked between the first look and the signature.
      const slow = {
        address: key.address,
        signTypedData: async (data: never) => {
          await asSafe(safes["1.4.1"], [encodeRevoke(grant)]);
          return key.signTypedData(data);
        },
      };
      const refusal = await refusalOf(agent(grant, { key: slow as never, store })(merchant.url("usdc")));
      expect(refusal.code).to.equal("REVOKED");
      expect(refusal.details).to.include.keys("nonce", "validBefore");
      expect(merchant.headers).to.deep.equal([]);
    });
  });

  describe("as the facilitator checks it", () => {
    const verdict = async (sent: PaymentPayload, offer: PaymentRequirements) => {
      const { isValid, invalidReason } = await facilitator.verify(sent, offer);
      const { success, errorReason } = await facilitator.settle(sent, offer);
      expect(success).to.equal(isValid);
      if (!isValid) expect(errorReason).to.equal(invalidReason);
      return isValid ? "paid" : invalidReason;
    };
    const signed = async () => {
      const scheme = latchkeyScheme({ client: environment.testChain.client, key, grant: await enabled() });
      const accepted = {
        scheme: "exact",
        network: scheme.network,
        asset: tokens.usdc,
        amount: "200000",
        payTo: shop,
        maxTimeoutSeconds: 60,
        extra: { ...byErc7710, facilitatorAddresses: [facilitatorAddress] },
      };
      const { payload } = await scheme.createPaymentPayload(2, accepted);
      return { x402Version: 2, accepted, payload } as PaymentPayload;
    };

    it("is rejected for another asset, payee, amount, network or form, and paid once", async () => {
      const sent = await signed();
      const { accepted } = sent;
      for (const change of [{ asset: tokens.weth }, { payTo: stranger }, { amount: "1" }])
        expect(await verdict(sent, { ...accepted, ...change })).to.equal("offer_mismatch");
      expect(await verdict({ ...sent, accepted: { ...accepted, network: "eip155:5" } }, accepted)).to.equal(
        "offer_mismatch",
      );
      for (const change of [
        { delegationManager: "0x12" },
        { delegator: 7 },
        { permissionContext: "0x" },
        { permissionContext: "none" },
      ])
        expect(await verdict({ ...sent, payload: { ...sent.payload, ...change } }, accepted)).to.equal(
          "invalid_payload",
        );
      const elsewhere = { ...sent, payload: { ...sent.payload, delegationManager: stranger } };
      expect(await verdict(elsewhere, accepted)).to.equal("no_contract");
      const cut = { ...sent.payload, permissionContext: `${sent.payload.permissionContext}00` };
      expect(await verdict({ ...sent, payload: cut }, accepted)).to.equal("simulation_failed");
      expect(await verdict(sent, accepted)).to.equal("paid");
      expect(await verdict(sent, accepted)).to.equal("simulation_failed");
      expect(await balanceOf()).to.equal(200_000n);
    });

    it("is not believed where the delegation manager pays another amount, or another payee", async () => {
      const sent = await signed();
      const { testChain, usdc } = environment;
      await usdc.mint(stranger, 10n * DOLLAR);
      const own = { ...sent, payload: { ...sent.payload, delegationManager: stranger, delegator: stranger } };
      for (const [payee, amount, outcome] of [
        [shop, 199_999n, "not_paid"],
        [shop, 200_001n, "not_paid"],
        [key.address, 200_000n, "not_paid"],
        [shop, 200_000n, undefined],
      ] as const) {
        const args = [payee, amount] as const;
        const data = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args });
        // Whatever it is asked, it calls the token with the data behind its code.
        const code = concat(["0x6044602960003960006000604460006000", "0x73", tokens.usdc, "0x5af100", data]);
        await testChain.setCode(stranger, code);
        const { errorReason } = await facilitator.settle(own, sent.accepted);
        expect(errorReason, `${amount}`).to.equal(outcome);
      }
    });

    it("is not believed where the delegation manager does nothing", async () => {
      const sent = await signed();
      // Code that accepts every call.
      await environment.testChain.setCode(stranger, "0x00");
      const idle = { ...sent, payload: { ...sent.payload, delegationManager: stranger } };
      expect((await facilitator.verify(idle, sent.accepted)).isValid).to.equal(true);
      const { success, errorReason } = await facilitator.settle(idle, sent.accepted);
      expect({ success, errorReason }).to.deep.equal({ success: false, errorReason: "not_paid" });
    });
  });
});

describe("a payment by ERC-7710 from an ERC-7579 account", () => {
  onEveryAccount((account) => {
    let merchant: Merchant;
    let noReturn: Address;
    beforeEach(async () => {
      const { testChain, usdc } = modular.world();
      const token = await deployMock(testChain, "NoReturnToken");
      await token.write("mint", [account().address, modular.USD]);
      noReturn = token.address;
      const offer = { payTo: modular.alice, amount: modular.USD / 4n, extra: byErc7710 };
      merchant = await openMerchant(testChain, {
        usdc: { ...offer, asset: usdc.address },
        noReturn: { ...offer, asset: noReturn },
      });
      await modular.install(account());
    });
    afterEach(() => merchant.close());

    it("is settled with the grant and enabled, whatever signatures the budget allows", async () => {
      const { testChain, usdc } = modular.world();
      const { client } = testChain;
      const budgets = [modular.budget(), modular.budget({ token: noReturn, signatures: 0, sizes: 0 })];
      const grant = await grantBy(account(), { budgets });
      for (const pass of ["carried", "enabled"]) {
        if (pass === "enabled") await account().execute([encodeEnable(grant)]);
        const signature = pass === "enabled" ? "0x" : grant.signature;
        const pay = payingFetch({ client, key: modular.key, grant: { ...grant, signature } });
        for (const what of ["usdc", "noReturn"])
          expect((await pay(merchant.url(what))).status, `${pass} ${what}`).to.equal(200);
      }
      for (const address of [usdc.address, noReturn])
        expect(
          await client.readContract({
            address,
            abi: erc20Abi,
            functionName: "balanceOf",
            args: [modular.alice],
          }),
        ).to.equal(modular.USD / 2n);
    });
  });
});
