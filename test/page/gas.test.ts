import { expect } from "chai";
import type { Address, Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { sessionStatus } from "../../packages/sdk/src/index.ts";
import { allowAsNewcomer } from "./environment/allScreens.ts";
import { breakChain } from "./environment/chainFaults.ts";
import { newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import { button, card, openManage } from "./environment/screens.ts";

describe("The gas of Stop now", function () {
  this.timeout(60_000);
  usePage();

  it("is paid by anyone, where nobody here pays: the signed transaction can be copied, and is watched until it is mined", async () => {
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
    const { client, rpcUrl, testChain } = world();
    const human = await newHuman();
    const payer = privateKeyToAccount(generatePrivateKey()).address;
    await testChain.impersonate(payer);
    await testChain.setBalance(payer, 10n ** 18n);
    const asked: string[] = [];
    await human.page.exposeFunction("walletAsked", async (method: string, params: unknown) => {
      asked.push(method);
      if (method === "eth_requestAccounts") return [payer];
      const answer = await fetch(rpcUrl, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: params ?? [] }),
      });
      return ((await answer.json()) as { result: unknown }).result;
    });
    // As text: what loads the tests gives functions names by a function that the page does not have.
    await human.page.addInitScript(`
      const provider = { request: ({ method, params }) => walletAsked(method, params) };
      const detail = { info: { name: "Some Wallet", uuid: "1", icon: "", rdns: "example" }, provider };
      addEventListener("eip6963:requestProvider", () =>
        dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail })));
    `);
    const grant = await allowAsNewcomer(human, await newAgent());
    await breakChain(human, "no accounts");
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await button(human, "Stop now").click();
    await shown.getByText("Stopped", { exact: true }).waitFor();
    expect((await sessionStatus(client, grant)).reasons).to.include("REVOKED");
    expect(asked).to.include("eth_sendTransaction");
    expect(asked.filter((method) => /sign/i.test(method))).to.be.empty;
    expect(await client.getTransactionCount({ address: payer })).to.equal(1);
  });
});
