import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asSafe } from "@latchkey/accounts/asSafe";
import { deployMock } from "@latchkey/accounts/deployMock";
import {
  installWeth,
  installX402Proxies,
  type Merchant,
  type Offer,
  openMerchant,
  PERMIT2,
  permit2Abi,
  RELAYER,
  SAFE_VERSIONS,
  usdcAbi,
  wethAbi,
} from "@latchkey/devchain";
import {
  type Budget,
  budgetSpendControls,
  hashSession,
  latchkeyScheme,
  memoryLedger,
  type PaidPayment,
  payingFetch,
  readLedger,
  reconcileLedger,
} from "@latchkey/sdk";
import { encodeEnable, nodeNonce, permit2Domain } from "@latchkey/sdk/encoding";
import { filePaymentStore } from "@latchkey/sdk/node";
import { redisPaymentStore } from "@latchkey/sdk/redis";
import { x402Client } from "@x402/core/client";
import { decodePaymentResponseHeader, encodePaymentResponseHeader } from "@x402/core/http";
import { wrapFetchWithPayment } from "@x402/fetch";
import { expect } from "chai";
import {
  type Address,
  concat,
  createPublicClient,
  custom,
  domainSeparator,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  toBytes,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { authorizationFate, type SignedAuthorization } from "#sdk/agent/x402/authorizationFate.ts";
import * as modular from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { approveData } from "../../contracts/fixture.ts";
import { startRedis } from "../../environment/redisServer.ts";
import type { Environment } from "../../environment/setUp.ts";
import { grantBy } from "../erc7579/sessionGrants.ts";
import { DOLLAR, ETHER, type PayersWorld, refusalOf, shop, stranger, usePayers } from "./usePayers.ts";

const key = privateKeyToAccount(keccak256(toBytes("the agent of the Permit2 tests")));
const byPermit2 = { assetTransferMethod: "permit2" };

/** What a merchant was sent. */
type Sent = { signature: Hex; permit2Authorization: { nonce: string; deadline: string } };
const sentIn = (header: string) => JSON.parse(Buffer.from(header, "base64").toString()).payload as Sent;

describe("a payment by Permit2", function () {
  this.timeout(120_000);

  let environment: Environment;
  let merchant: Merchant;
  let tokens: PayersWorld["tokens"];
  const { safes, budgetOf, sessionFor, grantFor, enabled, agent, balanceOf } = usePayers({
    name: "permit2",
    key,
    separators: [domainSeparator({ domain: permit2Domain(1) })],
    signatures: 6,
    sizes: 5,
    async open(world) {
      ({ environment, tokens } = world);
      const { testChain } = environment;
      await installX402Proxies(testChain);
      // The account itself approves Permit2, of everything that its session may pay in a while.
      for (const safe of Object.values(world.safes))
        await asSafe(
          safe,
          Object.entries(tokens).map(([name, to]) => ({
            to,
            value: 0n,
            data: approveData(PERMIT2, name === "usdc" ? 60n * DOLLAR : 60n * ETHER),
          })),
        );
      const offer = (asset: Address, amount: bigint, other: Partial<Offer> = {}): Offer => ({
        amount,
        asset,
        payTo: shop,
        extra: byPermit2,
        ...other,
      });
      const upto = { scheme: "upto", extra: {} } as const;
      merchant = await openMerchant(testChain, {
        "usdc-exact": offer(tokens.usdc, 200_000n),
        "usdc-upto": offer(tokens.usdc, 250_000n, { ...upto, charge: 30_000n }),
        "usdc-all": offer(tokens.usdc, 250_000n, upto),
        "usdc-nothing": offer(tokens.usdc, 250_000n, { ...upto, charge: 0n }),
        "usdc-half": offer(tokens.usdc, DOLLAR / 2n),
        "usdc-dear": offer(tokens.usdc, DOLLAR + 1n),
        "usdc-elsewhere": offer(tokens.usdc, 1n, { payTo: stranger }),
        "usdc-eip3009": offer(tokens.usdc, 1n, { extra: { name: "USD Coin", version: "2" } }),
        "weth-exact": offer(tokens.weth, ETHER / 5n),
        "weth-upto": offer(tokens.weth, ETHER / 4n, { ...upto, charge: 3n }),
        "noReturn-exact": offer(tokens.noReturn, ETHER / 5n),
        "noReturn-upto": offer(tokens.noReturn, ETHER / 4n, { ...upto, charge: 3n }),
      });
      return merchant;
    },
  });

  for (const version of SAFE_VERSIONS)
    it(`is settled by the stock facilitator in three kinds of tokens, from a Safe ${version} with a grant, and enabled`, async () => {
      const safe = safes[version];
      const session = await sessionFor(safe, {}, [
        budgetOf(tokens.weth, ETHER),
        budgetOf(tokens.noReturn, ETHER),
      ]);
      const grant = await grantFor(safe, session);
      for (const pass of ["carried", "enabled"]) {
        if (pass === "enabled") await asSafe(safe, [encodeEnable(grant)]);
        const pay = agent(pass === "enabled" ? { ...grant, signature: "0x" } : grant);
        for (const [name, token] of Object.entries(tokens)) {
          const [exact, charged] = name === "usdc" ? [200_000n, 30_000n] : [ETHER / 5n, 3n];
          const before = await balanceOf(token);
          expect((await pay(merchant.url(`${name}-exact`))).status, `${pass} ${name}`).to.equal(200);
          expect((await balanceOf(token)) - before).to.equal(exact);
          const response = await pay(merchant.url(`${name}-upto`));
          expect(response.status, `${pass} ${name} upto`).to.equal(200);
          expect((await balanceOf(token)) - before).to.equal(exact + charged);
        }
      }
      expect(merchant.settlements).to.equal(12);
    });

  it("is made fifty times at once to one shop, none of which waits", async () => {
    const grant = await enabled();
    const waits: string[] = [];
    const pay = agent(grant, { maxWait: 0, onWaiting: ({ reason }) => void waits.push(reason) });
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, turn) => pay(merchant.url(turn % 2 ? "usdc-exact" : "usdc-upto"))),
    );
    expect(responses.map(({ status }) => status)).to.deep.equal(Array(50).fill(200));
    const nonces = merchant.headers.map((header) => sentIn(header).permit2Authorization.nonce);
    expect(new Set(nonces).size).to.equal(50);
    expect(await balanceOf(tokens.usdc)).to.equal(25n * 200_000n + 25n * 30_000n);
    expect(waits.filter((reason) => reason !== "response")).to.deep.equal([]);
    // Twelve lots of four quarters, and two quarters.
    const id = hashSession(grant.session);
    const last = nodeNonce({ id, budgetIndex: 0, period: 0n, lot: 12n, size: 2, index: 1n });
    expect(nonces.map(BigInt)).to.include(last);
  });

  it("is made by two agents at once that share a Redis, none of which takes the other's node", async () => {
    const redis = await startRedis();
    try {
      const grant = await enabled();
      const agents = [
        agent(grant, { store: redisPaymentStore(await redis.client()) }),
        agent(grant, { store: redisPaymentStore(await redis.client()) }),
      ];
      const responses = await Promise.all(
        Array.from({ length: 10 }, (_, turn) =>
          agents.map((pay) => pay(merchant.url(turn % 2 ? "usdc-exact" : "usdc-upto"))),
        ).flat(),
      );
      expect(responses.map(({ status }) => status)).to.deep.equal(Array(20).fill(200));
      const nonces = merchant.headers.map((header) => sentIn(header).permit2Authorization.nonce);
      expect(new Set(nonces).size).to.equal(20);
      expect(await balanceOf(tokens.usdc)).to.equal(10n * 200_000n + 10n * 30_000n);
    } finally {
      await redis.close();
    }
  });

  it("is refused before anything is signed for what the session does not allow", async () => {
    const signed: unknown[] = [];
    const watched = {
      address: key.address,
      signTypedData: async (data: never) => {
        signed.push(data);
        return key.signTypedData(data);
      },
    };
    const usdcCodes: [string, Partial<Budget>, string][] = [
      ["usdc-dear", {}, "PER_TRANSACTION"],
      ["usdc-elsewhere", {}, "RECIPIENT"],
      ["usdc-eip3009", {}, "NOT_OFFERED"],
      ["usdc-exact", { signatures: 4 }, "NOT_OFFERED"],
      ["usdc-upto", { signatures: 2 }, "NOT_OFFERED"],
      ["usdc-exact", { signatures: 1 }, "NOT_OFFERED"],
      ["usdc-upto", { signatures: 1 }, "NOT_OFFERED"],
      ["weth-exact", {}, "UNKNOWN_TOKEN"],
    ];
    for (const [what, budget, code] of usdcCodes) {
      const safe = safes["1.4.1"];
      const grant = await grantFor(safe, await sessionFor(safe, budget));
      const refusal = await refusalOf(agent(grant, { key: watched as never })(merchant.url(what)));
      expect(refusal.code, `${what} ${budget.signatures}`).to.equal(code);
    }
    expect(signed).to.deep.equal([]);
    expect(merchant.headers).to.deep.equal([]);
  });

  it("is refused with APPROVAL where Permit2 may take too little, before anything is signed", async () => {
    const safe = safes["1.4.1"];
    const grant = await enabled();
    await asSafe(safe, [{ to: tokens.usdc, value: 0n, data: approveData(PERMIT2, 199_999n) }]);
    const pay = agent(grant);
    const refusal = await refusalOf(pay(merchant.url("usdc-exact")));
    expect(refusal.code).to.equal("APPROVAL");
    expect(refusal.details).to.deep.equal({
      token: tokens.usdc,
      spender: PERMIT2,
      allowance: 199_999n,
      needed: 200_000n,
    });
    expect(merchant.headers).to.deep.equal([]);
    await asSafe(safe, [{ to: tokens.usdc, value: 0n, data: approveData(PERMIT2, 200_000n) }]);
    expect((await pay(merchant.url("usdc-exact"))).status).to.equal(200);
    expect((await refusalOf(pay(merchant.url("usdc-exact")))).details).to.include({ allowance: 0n });
  });

  it("is refused while the token is paused, or has blacklisted the shop", async () => {
    const { usdc } = environment;
    const grant = await enabled();
    await usdc.blacklist(shop);
    expect((await refusalOf(agent(grant)(merchant.url("usdc-exact")))).code).to.equal("TOKEN_BLACKLISTED");
    await usdc.pause();
    expect((await refusalOf(agent(grant)(merchant.url("usdc-upto")))).code).to.equal("TOKEN_PAUSED");
    expect(merchant.headers).to.deep.equal([]);
  });

  it("is refused with PERIOD once the budget is used up, by whatever was paid of it", async () => {
    const pay = agent(await enabled({ perPeriod: DOLLAR }));
    for (let turn = 0; turn < 3; turn++) expect((await pay(merchant.url("usdc-upto"))).status).to.equal(200);
    const refusal = await refusalOf(pay(merchant.url("usdc-half")));
    expect(refusal.code).to.equal("PERIOD");
    expect(refusal.details).to.include({ remaining: 250_000n });
    expect((await pay(merchant.url("usdc-exact"))).status).to.equal(200);
    expect((await refusalOf(pay(merchant.url("usdc-exact")))).code).to.equal("PERIOD");
    // Up to $0.75 was reserved, $0.09 paid.
    expect(await balanceOf(tokens.usdc)).to.equal(3n * 30_000n + 200_000n);
  });

  it("tells the hooks and the ledger what moved, and what was reserved", async () => {
    const ledger = memoryLedger();
    const paid: PaidPayment[] = [];
    const pay = agent(await enabled(), { ledger, onPaid: (payment) => void paid.push(payment) });
    await pay(merchant.url("usdc-upto"));
    await pay(merchant.url("usdc-all"));
    await pay(merchant.url("usdc-nothing"));
    await pay(merchant.url("usdc-exact"));
    expect(paid.map(({ text }) => text)).to.deep.equal(["0.03 USDC", "0.25 USDC", "0 USDC", "0.2 USDC"]);
    const { entries } = await readLedger(ledger);
    expect(entries.map(({ amount, paidAmount, paidUnits }) => [amount, paidAmount, paidUnits])).to.deep.equal(
      [
        ["0.25", "0.03", "30000"],
        ["0.25", "0.25", "250000"],
        ["0.25", "0", "0"],
        ["0.2", undefined, undefined],
      ],
    );
    expect(entries[0]?.authorization).to.include({ method: "permit2-upto" });
    expect(entries[3]?.authorization).to.include({ method: "permit2-exact" });
    // The chain says the same; what charged nothing may still be charged until it expires.
    const closed = await reconcileLedger(environment.testChain.client, ledger);
    expect(closed.map(({ status, paidUnits, shownBy }) => [status, paidUnits, shownBy])).to.deep.equal([
      ["settled", "30000", "chain"],
      ["settled", "250000", "chain"],
      ["settled", undefined, "chain"],
    ]);
  });

  it("is told as the chain shows it, whatever the shop's receipt says that it charged", async () => {
    const lying =
      (amount: string): typeof fetch =>
      async (...asked) => {
        const answer = await fetch(...asked);
        const receipt = answer.headers.get("PAYMENT-RESPONSE");
        if (!receipt) return answer;
        const said = { ...decodePaymentResponseHeader(receipt), amount };
        const headers = { "PAYMENT-RESPONSE": encodePaymentResponseHeader(said) };
        return new Response(answer.body, { status: answer.status, headers });
      };
    const grant = await enabled();
    for (const [amount, before] of [
      ["250001", undefined],
      ["-1", undefined],
      ["1", "1"],
    ] as const) {
      const ledger = memoryLedger();
      await agent(grant, { ledger, fetch: lying(amount) })(merchant.url("usdc-upto"));
      expect((await readLedger(ledger)).entries[0]?.paidUnits, amount).to.equal(before);
      await reconcileLedger(environment.testChain.client, ledger);
      expect((await readLedger(ledger)).entries[0]?.paidUnits, amount).to.equal("30000");
    }
  });

  for (const fault of ["drop before settling", "drop after settling"] as const)
    it(`is offered again by another process after "${fault}", and paid once`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "latchkey-permit2-"));
      try {
        const grant = await enabled();
        const store = () => filePaymentStore(join(folder, "payments.jsonl"));
        merchant.faults = [fault];
        const first = agent(grant, { store: store(), resends: 0 });
        const refusal = await refusalOf(first(merchant.url("usdc-upto"), { idempotencyKey: "one" }));
        expect(refusal.code).to.equal("OUTCOME_UNKNOWN");
        expect(refusal.details.settled).to.equal(fault === "drop after settling");
        const paid: PaidPayment[] = [];
        const ledger = memoryLedger();
        const second = agent(grant, {
          store: store(),
          ledger,
          resends: 0,
          onPaid: (payment) => void paid.push(payment),
        });
        const work = second(merchant.url("usdc-upto"), { idempotencyKey: "one" });
        if (fault === "drop before settling") expect((await work).status).to.equal(200);
        else expect((await refusalOf(work)).details.settled).to.equal(true);
        expect(new Set(merchant.headers).size).to.equal(1);
        expect(await balanceOf(tokens.usdc)).to.equal(30_000n);
        expect(paid.map(({ paidUnits }) => paidUnits)).to.deep.equal(["30000"]);
        expect((await second(merchant.url("usdc-exact"))).status).to.equal(200);
      } finally {
        await rm(folder, { recursive: true });
      }
    });

  it("goes on where another process stopped, without using a node twice", async () => {
    const grant = await enabled();
    for (let turn = 0; turn < 6; turn++)
      expect((await agent(grant)(merchant.url("usdc-exact"))).status).to.equal(200);
    const nonces = merchant.headers.map((header) => BigInt(sentIn(header).permit2Authorization.nonce));
    expect(new Set(nonces).size).to.equal(6);
    expect(new Set(nonces.map((nonce) => nonce >> 8n)).size).to.equal(2);
  });

  it("asks the node at most six times where 10,000 lots are used, and twice in a row later", async () => {
    const grant = await enabled({ perPeriod: 10_002n * DOLLAR });
    const id = hashSession(grant.session);
    const { account } = grant.session;
    const { testChain } = environment;
    // Permit2's first variable: the words of an account's nonces.
    const ofAccount = keccak256(concat([pad(account), pad("0x")]));
    const first = nodeNonce({ id, budgetIndex: 0, period: 0n, lot: 0n, size: 0, index: 0n }) >> 8n;
    for (let lot = 0n; lot < 10_000n; lot++) {
      // Eleven bytes follow the lot in a nonce, ten in a word.
      const word = first + (lot << 80n);
      const slot = keccak256(concat([numberToHex(word, { size: 32 }), ofAccount]));
      await testChain.setStorageAt(PERMIT2, slot, pad("0x02"));
    }
    let requests = 0;
    let underWay = 0;
    let trips = 0;
    const request = async (asked: Parameters<typeof testChain.provider.request>[0]) => {
      requests++;
      if (underWay++ === 0) trips++;
      try {
        await new Promise((done) => setTimeout(done, 20));
        return await testChain.provider.request(asked);
      } finally {
        underWay--;
      }
    };
    const client = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) });
    const pay = agent(grant, { client });
    expect((await pay(merchant.url("usdc-exact"))).status).to.equal(200);
    const lotOf = (header: string) =>
      (BigInt(sentIn(header).permit2Authorization.nonce) >> 88n) % (1n << 32n);
    expect(merchant.headers.map(lotOf)).to.deep.equal([10_000n]);
    expect(trips).to.be.at.most(6);
    requests = trips = 0;
    expect((await pay(merchant.url("usdc-exact"))).status).to.equal(200);
    expect(merchant.headers.map(lotOf)).to.deep.equal([10_000n, 10_000n]);
    expect({ requests, trips }).to.deep.equal({ requests: 3, trips: 2 });
  });

  it("works in the stock client, whose two schemes are registered", async () => {
    const grant = await enabled();
    const scheme = latchkeyScheme({ client: environment.testChain.client, key, grant });
    expect(scheme.upto).to.include({ scheme: "upto", network: scheme.network });
    const x402 = new x402Client()
      .register(scheme.network, scheme)
      .register(scheme.network, scheme.upto)
      .setSpendControls(budgetSpendControls(scheme.session, scheme.network));
    const pay = wrapFetchWithPayment(fetch, x402);
    expect((await pay(merchant.url("usdc-exact"))).status).to.equal(200);
    expect((await pay(merchant.url("usdc-upto"))).status).to.equal(200);
    expect(await balanceOf(tokens.usdc)).to.equal(230_000n);
  });

  describe("as the chain shows it", () => {
    const fateOf = (authorization: SignedAuthorization) =>
      authorizationFate(environment.testChain.client, { token: tokens.usdc, authorization });
    /** The last payment that the merchant was sent. */
    const sent = (): SignedAuthorization => {
      const { permit2Authorization } = sentIn(merchant.headers.at(-1) as string) as never as {
        permit2Authorization: {
          from: Address;
          permitted: { amount: string };
          nonce: string;
          deadline: string;
          witness: { to: Address; facilitator?: Address; validAfter: string };
        };
      };
      const { from, permitted, nonce, deadline, witness } = permit2Authorization;
      return {
        method: witness.facilitator ? "permit2-upto" : "permit2-exact",
        ...(witness.facilitator && { facilitator: witness.facilitator }),
        from,
        to: witness.to,
        value: permitted.amount,
        validAfter: witness.validAfter,
        validBefore: deadline,
        nonce: numberToHex(BigInt(nonce), { size: 32 }),
      };
    };

    it("is settled, with what moved, and is void for another agent that signed for the same node", async () => {
      const pay = agent(await enabled());
      for (const [what, moved] of [
        ["usdc-exact", 200_000n],
        ["usdc-upto", 30_000n],
      ] as const) {
        await pay(merchant.url(what));
        const ours = sent();
        const { transaction, ...fate } = await fateOf(ours);
        expect(fate).to.include({ fate: "settled", moved });
        expect(transaction).to.match(/^0x[0-9a-f]{64}$/);
        expect((await fateOf({ ...ours, validAfter: `${BigInt(ours.validAfter) + 1n}` })).fate).to.equal(
          "void",
        );
        expect((await fateOf({ ...ours, to: stranger })).fate).to.equal("void");
      }
    });

    it("is unused until then, and void once the owner has used its nonce up", async () => {
      const grant = await enabled();
      merchant.faults = ["502"];
      expect((await agent(grant, { resends: 0 })(merchant.url("usdc-exact"))).status).to.equal(502);
      const ours = sent();
      expect((await fateOf(ours)).fate).to.equal("unused");
      const nonce = BigInt(ours.nonce);
      const data = encodeFunctionData({
        abi: permit2Abi,
        functionName: "invalidateUnorderedNonces",
        args: [nonce >> 8n, 1n << (nonce & 255n)],
      });
      await asSafe(safes["1.4.1"], [{ to: PERMIT2, value: 0n, data }]);
      expect((await fateOf(ours)).fate).to.equal("void");
      // A transfer to the payee that may have been of anything.
      const transfer = encodeFunctionData({
        abi: usdcAbi,
        functionName: "transfer",
        args: [shop, 200_000n],
      });
      await asSafe(safes["1.4.1"], [{ to: tokens.usdc, value: 0n, data: transfer }]);
      expect((await fateOf(ours)).fate).to.equal("used");
    });
  });
});

describe("a payment by Permit2 from an ERC-7579 account", () => {
  onEveryAccount((account) => {
    let merchant: Merchant;
    let tokens: Record<"usdc" | "weth" | "noReturn", Address>;
    beforeEach(async () => {
      const { testChain, usdc } = modular.world();
      await installX402Proxies(testChain);
      const noReturn = await deployMock(testChain, "NoReturnToken");
      await noReturn.write("mint", [account().address, modular.USD]);
      tokens = { usdc: usdc.address, weth: await installWeth(testChain), noReturn: noReturn.address };
      const deposit = encodeFunctionData({ abi: wethAbi, functionName: "deposit" });
      await testChain.send({ from: RELAYER, to: tokens.weth, value: modular.USD, data: deposit });
      const args = [account().address, modular.USD] as const;
      const transfer = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args });
      await testChain.send({ from: RELAYER, to: tokens.weth, data: transfer });
      merchant = await openMerchant(
        testChain,
        Object.fromEntries(
          Object.entries(tokens).flatMap(([name, asset]) => {
            const offer = { asset, payTo: modular.alice, amount: modular.USD / 4n, extra: byPermit2 };
            return [
              [`${name}-exact`, offer],
              [`${name}-upto`, { ...offer, scheme: "upto", extra: {}, charge: 7n }],
            ] as const;
          }),
        ),
      );
      await modular.install(account());
      await account().execute(
        Object.values(tokens).map((to) => ({ to, value: 0n, data: approveData(PERMIT2, 10n * modular.USD) })),
      );
    });
    afterEach(() => merchant.close());

    it("is settled by the stock facilitator in three kinds of tokens, with the grant and enabled", async () => {
      const { client } = modular.world().testChain;
      const budgets = Object.values(tokens).map((token) => modular.budget({ token, signatures: 6 }));
      const grant = await grantBy(account(), { budgets });
      const offers = Object.keys(tokens).flatMap((name) => [`${name}-exact`, `${name}-upto`]);
      const pay = payingFetch({ client, key: modular.key, grant });
      for (const what of offers) expect((await pay(merchant.url(what))).status, what).to.equal(200);
      await account().execute([encodeEnable(grant)]);
      const again = payingFetch({ client, key: modular.key, grant: { ...grant, signature: "0x" } });
      for (const what of offers) expect((await again(merchant.url(what))).status, what).to.equal(200);
      for (const [name, address] of Object.entries(tokens))
        expect(
          await client.readContract({
            address,
            abi: erc20Abi,
            functionName: "balanceOf",
            args: [modular.alice],
          }),
          name,
        ).to.equal(modular.USD / 2n + 14n);
    });
  });
});
