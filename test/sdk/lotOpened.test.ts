import { execute, executeSigned, type Grant, isRefusal, pay, sessionStatus } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { signExecution } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  createWalletClient,
  custom,
  encodeFunctionData,
  erc20Abi,
  HttpRequestError,
  toFunctionSelector,
} from "viem";
import { base } from "viem/chains";
import { agent, grantOf, mined, refusalOf, settle, shop, USD, useSafe, walletOf } from "./safeFixture.ts";

describe("an execution that needs a lot which a signed payment has opened", () => {
  const world = useSafe("1.4.1");
  const payment = (amount: bigint) => ({
    to: world().env.usdc.address,
    data: encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [shop, amount] }),
  });
  const spend = (grant: Grant, amount: bigint) =>
    execute(walletOf(world(), agent), { grant, calls: [payment(amount)] });

  it("is told how much would be accepted, to the last unit, and until when", async () => {
    const grant = await grantOf(world());
    await settle(world(), grant, { slot: { lot: 18n } });
    await mined(world(), spend(grant, USD / 2n));
    const refusal = await refusalOf(spend(grant, USD));
    const { resetsAt } = (await sessionStatus(world().env.testChain.client, grant)).budgets[0] ?? {};
    const details = { token: world().env.usdc.address, lot: 18n, remaining: USD / 2n, resetsAt };
    expect({ code: refusal.code, details: refusal.details }).to.deep.equal({ code: "LOT_OPENED", details });
    expect(refusal.metaMessages[0]).to.include("at most 0.5 USDC").and.to.include("pay by signature");
    expect(isRefusal(refusal, "LOT_OPENED") && refusal.details.remaining).to.equal(USD / 2n);

    expect((await refusalOf(spend(grant, USD / 2n + 1n))).code).to.equal("LOT_OPENED");
    await mined(world(), spend(grant, USD / 2n));
    // Nothing is left above the opened lot; seventeen dollars below it are for signed payments.
    expect((await refusalOf(spend(grant, 1n))).details).to.include({ remaining: 0n, resetsAt });
  });

  it("is told the same by every way of executing", async () => {
    const grant = await grantOf(world());
    await settle(world(), grant, { slot: { lot: 19n } });
    const wallet = walletOf(world(), agent);
    const deadline = grant.session.validUntil;
    const signed = await signExecution(agent, { grant, calls: [payment(1n)], caller: "anyone", deadline });
    for (const attempt of [
      () => pay(wallet, { grant, to: shop, amount: "0.01" }),
      () => executeSigned(wallet, { grant, signed }),
    ]) {
      const { code, details } = await refusalOf(attempt());
      expect({ code, remaining: details.remaining }).to.deep.equal({ code: "LOT_OPENED", remaining: 0n });
      expect(details.resetsAt).to.equal(grant.session.validAfter + 86_400);
    }
  });

  it("is told that much at least where the node does not say how much is left", async () => {
    const grant = await grantOf(world());
    await settle(world(), grant, { slot: { lot: 19n } });
    const budgetOf = sessionModuleAbi.find((item) => "name" in item && item.name === "budgetOf");
    if (budgetOf?.type !== "function") throw new Error("budgetOf is not a function");
    const selector = toFunctionSelector(budgetOf);
    const { provider } = world().env.connection;
    const request = async (wanted: { method: string; params?: unknown }) => {
      if (JSON.stringify(wanted.params ?? []).includes(`"${selector}`))
        throw new HttpRequestError({ url: "http://node.example", details: "gone" });
      return provider.request(wanted as never);
    };
    const transport = custom({ request }, { retryCount: 0 });
    const wallet = createWalletClient({ account: agent, chain: base, transport });
    const { code, details } = await refusalOf(execute(wallet, { grant, calls: [payment(1n)] }));
    expect({ code, details }).to.deep.equal({
      code: "LOT_OPENED",
      details: { token: world().env.usdc.address, lot: 19n },
    });
  });
});
