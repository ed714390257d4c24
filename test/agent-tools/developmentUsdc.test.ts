import { agentFolder } from "@latchkey/sdk/node";
import { expect } from "chai";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { type AgentChain, call, startAgentChain } from "./agentChain.ts";

describe("the agent's tools on a chain whose USDC the SDK does not know", function () {
  this.timeout(120_000);
  let agents: AgentChain;
  const shop = privateKeyToAddress(generatePrivateKey());
  const wanted = {
    budgets: [{ token: "usdc", perPayment: "1", limit: "20", per: "day", recipients: [shop] }],
    until: "7d",
  };
  before(async () => {
    agents = await startAgentChain({ chainId: 31_337 });
  });
  after(() => agents.close());

  it("cannot ask for usdc by its name alone", async () => {
    const opened = agents.open({ dir: await agents.newDir() });
    expect(await call(opened, "request_session", wanted)).to.include({ ok: false, code: "UNKNOWN_TOKEN" });
  });

  it("ask for usdc and pay in it where they are told which token that is", async () => {
    const { usdc, faucet } = agents.chain;
    const dir = await agents.newDir();
    const opened = agents.open({ dir, usdc: usdc.address });
    const { link } = await call(opened, "request_session", wanted);
    const { address } = await (await agentFolder(dir)).key();
    await faucet.sendEther(address, "1");
    expect(await agents.answer(String(link))).to.equal(200);
    const payment = { to: shop, amount: "0.50", token: "usdc", idempotencyKey: "invoice 1" };
    expect(await call(opened, "send_payment", payment)).to.include({ ok: true, paid: "0.50" });
    expect(await usdc.balanceOf(shop)).to.equal(500_000n);
  });
});
