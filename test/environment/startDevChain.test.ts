import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type DevChain,
  DevChainError,
  type DevChainOptions,
  openMerchant,
  PERMIT2,
  startDevChain,
} from "@latchkey/devchain";
import { type Budget, payingFetch, proposeSession, signGrant } from "@latchkey/sdk";
import { deterministicAddresses } from "@latchkey/sdk/addresses";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { expect } from "chai";
import { type Address, createPublicClient, encodeFunctionData, erc20Abi, http, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount, privateKeyToAddress } from "viem/accounts";
import { FROM_SOURCES } from "../../scripts/fromSources.ts";

const answers = (url: string) =>
  createPublicClient({ transport: http(url, { retryCount: 0 }) })
    .getChainId()
    .then(
      () => true,
      () => false,
    );

describe("startDevChain", function () {
  this.timeout(60_000);
  let chain: DevChain;
  before(async () => {
    chain = await startDevChain({
      shop: {
        report: { price: "0.25" },
        picture: { price: "1" },
        film: { price: "2", by: "permit2" },
        answer: { price: "0.5", by: "upto", charge: "0.03" },
        poem: { price: "0.75", by: "erc7710" },
      },
    });
  });
  after(() => chain.close());

  it("has each contract where it says, Latchkey's at the addresses of every chain", async () => {
    const { client } = chain.testChain;
    const { latchkey, entryPoints, safe, usdc, weth } = chain;
    const places: Address[] = [
      usdc.address,
      weth,
      ...Object.values(safe["1.5.0"]),
      ...Object.values(safe.passkey),
      ...Object.values(latchkey),
      ...Object.values(entryPoints).map(({ address }) => address),
    ];
    for (const address of places) expect(await client.getCode({ address }), address).to.match(/^0x../);
    expect(latchkey).to.deep.equal({
      module: deterministicAddresses.safeSessionModule,
      handler: deterministicAddresses.safeSessionHandler,
      lens: deterministicAddresses.sessionLens,
      erc7579Module: deterministicAddresses.erc7579SessionModule,
    });
    expect(await client.getChainId()).to.equal(1);
    expect(chain.chain.id).to.equal(1);
  });

  it("gives the chain's coin and USDC to anybody", async () => {
    const somebody = privateKeyToAddress(generatePrivateKey());
    await chain.faucet.sendEther(somebody, "1.5");
    await chain.faucet.mintUsdc(somebody, "2.75");
    expect(await chain.testChain.client.getBalance({ address: somebody })).to.equal(parseEther("1.5"));
    expect(await chain.usdc.balanceOf(somebody)).to.equal(2_750_000n);
  });

  it("sells what was asked for, and settles for a shop elsewhere that asks the facilitator by HTTP", async () => {
    const payer = privateKeyToAccount(generatePrivateKey());
    await chain.faucet.mintUsdc(payer.address, "10");
    const network = `eip155:${chain.chainId}` as const;
    const pay = wrapFetchWithPayment(fetch, new x402Client().register(network, new ExactEvmScheme(payer)));
    expect((await fetch(chain.shop.url("picture"))).status).to.equal(402);
    expect((await pay(chain.shop.url("report"))).status).to.equal(200);
    expect(await chain.usdc.balanceOf(chain.shop.address)).to.equal(250_000n);

    const payTo = privateKeyToAddress(generatePrivateKey());
    const elsewhere = await openMerchant(
      chain.testChain,
      { song: { amount: 30_000n, asset: chain.usdc.address, payTo } },
      new HTTPFacilitatorClient({ url: chain.facilitator.url }),
    );
    try {
      expect((await pay(elsewhere.url("song"))).status).to.equal(200);
      expect(await chain.usdc.balanceOf(payTo)).to.equal(30_000n);
    } finally {
      await elsewhere.close();
    }
  });

  it("sells by Permit2 to anyone who has approved it: exactly, and up to a price", async () => {
    const payer = privateKeyToAccount(generatePrivateKey());
    await chain.faucet.mintUsdc(payer.address, "10");
    const approve = encodeFunctionData({
      abi: erc20Abi,
      functionName: "approve",
      args: [PERMIT2, 10_000_000n],
    });
    const network = `eip155:${chain.chainId}` as const;
    const stock = new x402Client()
      .register(network, new ExactEvmScheme(payer))
      .register(network, new UptoEvmScheme(payer))
      .setSpendControls(false);
    const pay = wrapFetchWithPayment(fetch, stock);
    const before = await chain.usdc.balanceOf(chain.shop.address);
    expect((await pay(chain.shop.url("film"))).status).to.equal(402);
    await chain.testChain.send({ from: payer.address, to: chain.usdc.address, data: approve });
    expect((await pay(chain.shop.url("film"))).status).to.equal(200);
    expect((await pay(chain.shop.url("answer"))).status).to.equal(200);
    expect((await chain.usdc.balanceOf(chain.shop.address)) - before).to.equal(2_030_000n);
  });

  it("has Safes that may pay by Permit2 once they have approved it", async () => {
    const { client } = chain.testChain;
    const safe = await chain.createSafe();
    const key = privateKeyToAccount(generatePrivateKey());
    await chain.faucet.mintUsdc(safe.address, "10");
    const approve = encodeFunctionData({
      abi: erc20Abi,
      functionName: "approve",
      args: [PERMIT2, 10_000_000n],
    });
    await chain.testChain.send({ from: safe.address, to: chain.usdc.address, data: approve });
    const proposal = await proposeSession(client, {
      account: safe.address,
      key: key.address,
      budgets: { usdc: { perTransaction: "2", perDay: "20", recipients: [chain.shop.address] } },
      until: "7d",
    });
    const [budget] = proposal.session.budgets as [Budget];
    const session = { ...proposal.session, budgets: [{ ...budget, signatures: 6 }] };
    const grant = await signGrant(safe.owner, { ...proposal, session });
    const pay = payingFetch({ client, key, grant });
    for (const [what, price] of [
      ["film", 2_000_000n],
      ["answer", 30_000n],
    ] as const) {
      const before = await chain.usdc.balanceOf(chain.shop.address);
      expect((await pay(chain.shop.url(what))).status).to.equal(200);
      expect((await chain.usdc.balanceOf(chain.shop.address)) - before).to.equal(price);
    }
  });

  it("sells by ERC-7710 to an agent of a Safe whose budget is closed to signatures", async () => {
    const { client } = chain.testChain;
    const safe = await chain.createSafe();
    const key = privateKeyToAccount(generatePrivateKey());
    await chain.faucet.mintUsdc(safe.address, "10");
    const proposal = await proposeSession(client, {
      account: safe.address,
      key: key.address,
      budgets: {
        usdc: { perTransaction: "1", perDay: "20", recipients: [chain.shop.address], x402: false },
      },
      until: "7d",
    });
    const pay = payingFetch({ client, key, grant: await signGrant(safe.owner, proposal) });
    const before = await chain.usdc.balanceOf(chain.shop.address);
    expect((await pay(chain.shop.url("poem"))).status).to.equal(200);
    expect((await chain.usdc.balanceOf(chain.shop.address)) - before).to.equal(750_000n);
  });

  it("mines at intervals beside, if asked to, and has the chain id that was asked for", async () => {
    const timed = await startDevChain({ chainId: 8453, blockTime: 0.2 });
    try {
      const { client } = timed.testChain;
      const from = await client.getBlockNumber();
      while ((await client.getBlockNumber()) < from + 2n) await sleep(50);
      expect(await client.getChainId()).to.equal(8453);
      expect(timed.usdc.address).to.equal("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913");
    } finally {
      await timed.close();
    }
  });

  it("stops answering once it is closed, however often", async () => {
    const closed = await startDevChain();
    const urls = [closed.facilitator.url, closed.shop.url("weather-report")];
    expect(await answers(closed.url)).to.equal(true);
    await closed.close();
    await closed.close();
    expect(await answers(closed.url)).to.equal(false);
    for (const url of urls) expect(await fetch(url).catch(() => "closed")).to.equal("closed");
  });

  it("ends with the process that started it, even one that is killed", async () => {
    const script = `
      import { startDevChain } from "@latchkey/devchain";
      console.log((await startDevChain()).url);`;
    const args = ["--no-warnings", FROM_SOURCES, "--input-type=module", "--eval", script];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    const url = String(chunk).trim();
    expect(await answers(url)).to.equal(true);
    child.kill("SIGKILL");
    while (await answers(url)) await sleep(50);
  });

  const code = (options: unknown) =>
    startDevChain(options as DevChainOptions).then(
      async (started) => {
        await started.close();
        return "it started";
      },
      (error: unknown) => (error instanceof DevChainError ? error.code : error),
    );

  for (const [what, options] of Object.entries({
    "no object": "1",
    "an unknown name": { chainID: 5 },
    "a chain id of text": { chainId: "1" },
    "a chain id of 0": { chainId: 0 },
    "a port beyond the last": { port: 65_536 },
    "half a port": { port: 80.5 },
    "no time between blocks": { blockTime: 0 },
    "a time in text": { blockTime: "2" },
    "an empty shop": { shop: {} },
    "a name with a slash": { shop: { "a/b": { price: "1" } } },
    "a price of a number": { shop: { a: { price: 1 } } },
    "a price of 0": { shop: { a: { price: "0.00" } } },
    "a price with 7 decimals": { shop: { a: { price: "0.0000001" } } },
    "an item without a price": { shop: { a: {} } },
    "another way to pay": { shop: { a: { price: "1", by: "cash" } } },
    "a charge above the price": { shop: { a: { price: "1", by: "upto", charge: "1.01" } } },
    "a charge other than by upto": { shop: { a: { price: "1", charge: "0.5" } } },
  }))
    it(`refuses ${what} before anything starts`, async () => {
      expect(await code(options)).to.equal("INVALID_OPTION");
    });

  it("says when another program has the port", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    expect(await code({ port })).to.equal("PORT_TAKEN");
    other.close();
  });
});
