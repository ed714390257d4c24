import { sessionStatus } from "@latchkey/sdk";
import { expect } from "chai";
import { type Address, type Hash, type Hex, numberToHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { allowAsNewcomer } from "./environment/allScreens.ts";
import { breakChain } from "./environment/chainFaults.ts";
import { newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import type { Human } from "./environment/Human.ts";
import { button, card, failure, openManage, textOf } from "./environment/screens.ts";

/** A wallet in the human's browser, and what it does with transactions. */
type Wallet = {
  payer: Address;
  /** The methods that the page called. */
  asked: string[];
  /** Whether no block is made of what it sends. */
  hold: boolean;
  /** What it says that it sent, and has not. */
  answer: Hash | undefined;
  /** Sends another transaction with the nonce of the last one, which pays more. */
  cancel(): Promise<void>;
  /** Lets blocks come again. */
  mineAgain(): Promise<void>;
};

/** Puts a wallet with coin into the human's browser, before the page is opened. */
async function openWallet(human: Human): Promise<Wallet> {
  const { rpcUrl, testChain } = world();
  const payer = privateKeyToAccount(generatePrivateKey()).address;
  await testChain.impersonate(payer);
  await testChain.setBalance(payer, 10n ** 18n);
  const rpc = async (method: string, params: unknown): Promise<unknown> => {
    const answer = await fetch(rpcUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: params ?? [] }),
    });
    return ((await answer.json()) as { result: unknown }).result;
  };
  const fees = (gwei: bigint) => ({
    nonce: "0x0",
    maxFeePerGas: numberToHex(gwei * 10n ** 9n),
    maxPriorityFeePerGas: numberToHex(10n ** 9n * (gwei / 10n)),
  });
  const wallet: Wallet = {
    payer,
    asked: [],
    hold: false,
    answer: undefined,
    async cancel() {
      const to = { from: payer, to: payer, value: "0x0", gas: "0x5208" };
      await rpc("eth_sendTransaction", [{ ...to, ...fees(100n) }]);
    },
    async mineAgain() {
      await rpc("evm_setAutomine", [true]);
      await rpc("evm_mine", []);
      wallet.hold = false;
    },
  };
  await human.page.exposeFunction("walletAsked", async (method: string, params: unknown) => {
    wallet.asked.push(method);
    if (method === "eth_requestAccounts") return [payer];
    if (method === "eth_sendTransaction" && wallet.answer) return wallet.answer;
    if (method !== "eth_sendTransaction" || !wallet.hold) return rpc(method, params);
    await rpc("evm_setAutomine", [false]);
    const [transaction] = params as [object];
    return rpc(method, [{ ...transaction, gas: "0x100000", ...fees(10n) }]);
  });
  // As text: what loads the tests gives functions names by a function that the page does not have.
  await human.page.addInitScript(`
    const provider = { request: ({ method, params }) => walletAsked(method, params) };
    const detail = { info: { name: "Some Wallet", uuid: "1", icon: "", rdns: "example" }, provider };
    addEventListener("eip6963:requestProvider", () =>
      dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail })));
  `);
  return wallet;
}

describe("The gas of Stop now", function () {
  this.timeout(60_000);
  usePage();

  it("is paid by anyone if no wallet is available: the signed transaction can be copied, and is watched until mined", async () => {
    const { client, walletOf } = world();
    const human = await newHuman();
    const grant = await allowAsNewcomer(human, await newAgent());
    await breakChain(human, "no accounts");
    await human.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await button(human, "Stop now").click();
    await button(human, "Copy the transaction").click();
    await human.page
      .getByText(/copied/i)
      .first()
      .waitFor();
    const text = await human.page.evaluate(() => navigator.clipboard.readText());
    expect((await sessionStatus(client, grant)).active).to.equal(true);
    await shown.getByText("Active", { exact: true }).waitFor();

    const stranger = await walletOf(privateKeyToAccount(generatePrivateKey()));
    for (const { to, data } of JSON.parse(text) as { to: Address; data: Hex }[]) {
      const hash = await stranger.sendTransaction({ to, data });
      expect((await client.waitForTransactionReceipt({ hash })).status).to.equal("success");
    }
    await shown.getByText("Stopped", { exact: true }).waitFor();
    expect((await sessionStatus(client, grant)).reasons).to.include("REVOKED");
  });

  it("is paid by a wallet in the browser, which signs nothing for the account", async () => {
    const { client } = world();
    const human = await newHuman();
    const wallet = await openWallet(human);
    const grant = await allowAsNewcomer(human, await newAgent());
    await breakChain(human, "no accounts");
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await button(human, "Stop now").click();
    await shown.getByText("Stopped", { exact: true }).waitFor();
    expect((await sessionStatus(client, grant)).reasons).to.include("REVOKED");
    expect(wallet.asked).to.include("eth_sendTransaction");
    expect(wallet.asked.filter((method) => /sign/i.test(method))).to.be.empty;
    expect(await client.getTransactionCount({ address: wallet.payer })).to.equal(1);
  });

  it("and of Pause and Resume is paid by a wallet, which signs nothing for the account", async () => {
    const { client } = world();
    const human = await newHuman();
    const wallet = await openWallet(human);
    const grant = await allowAsNewcomer(human, await newAgent());
    await breakChain(human, "no accounts");
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await button(human, "Pause").click();
    await shown.getByText("Paused", { exact: true }).waitFor();
    expect((await sessionStatus(client, grant)).reasons).to.deep.equal(["PAUSED"]);
    await button(human, "Resume").click();
    await shown.getByText("Active", { exact: true }).waitFor();
    expect((await sessionStatus(client, grant)).active).to.equal(true);
    expect(wallet.asked.filter((method) => /sign/i.test(method))).to.be.empty;
    expect(await client.getTransactionCount({ address: wallet.payer })).to.equal(2);
  });
});

describe("A stop or a pause that the wallet does not carry out", function () {
  this.timeout(60_000);
  usePage();

  it("is not reported as done if the user cancels it there, and is sent again without signing again", async () => {
    const { client } = world();
    const human = await newHuman();
    const wallet = await openWallet(human);
    const grant = await allowAsNewcomer(human, await newAgent());
    await breakChain(human, "no accounts");
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    const { asserted } = human.prompts;
    wallet.hold = true;
    try {
      await button(human, "Stop now").click();
      await shown.getByText(/Sent\. Your agent can spend/).waitFor();
      // The page has to have seen the transaction before it can know what took its place.
      await human.page.waitForTimeout(3000);
      await wallet.cancel();
    } finally {
      await wallet.mineAgain();
    }
    expect(await failure(human)).to.match(/canceled or replaced in the wallet: it is not stopped/);
    expect(await shown.innerText()).not.to.match(/Mined: it is stopped/);
    expect((await sessionStatus(client, grant)).active).to.equal(true);
    await button(human, "Pay the gas with Some Wallet").click();
    await shown.getByText(/Mined: it is stopped/).waitFor();
    expect((await sessionStatus(client, grant)).reasons).to.include("REVOKED");
    expect(human.prompts.asserted).to.equal(asserted + 1);
  });

  for (const [change, made, reason] of [
    ["Stop now", "stopped", "REVOKED"],
    ["Stop everything", "stopped", "WRONG_EPOCH"],
    ["Pause", "paused", "PAUSED"],
  ] as const)
    it(`is not reported as done if the wallet returns another transaction for ${change}`, async () => {
      const { client } = world();
      const human = await newHuman();
      const wallet = await openWallet(human);
      const grant = await allowAsNewcomer(human, await newAgent());
      // Successful, and mined before: the one by which the agent created the account.
      const other = await client.getBlock({ blockTag: "latest" });
      wallet.answer = other.transactions[0];
      await breakChain(human, "no accounts");
      await openManage(human);
      await card(human, "Research Bot").getByText("Active", { exact: true }).waitFor();
      await button(human, change).click();
      expect(await failure(human)).to.include(`A transaction was mined, but it is not ${made}.`);
      expect(await textOf(human)).not.to.include(`Mined: it is ${made}`);
      expect((await sessionStatus(client, grant)).active).to.equal(true);
      wallet.answer = undefined;
      await button(human, "Pay the gas with Some Wallet").click();
      await human.page.getByText(`Mined: it is ${made}`).waitFor();
      expect((await sessionStatus(client, grant)).reasons).to.include(reason);
    });
});
