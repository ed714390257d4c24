import { deployMock, type Mock } from "@latchkey/accounts/deployMock";
import { createSafe, installOnSafe, type SafeAccount } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { type Grant, sessionStatus } from "@latchkey/sdk";
import { encodeExecute } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, encodeFunctionData, erc20Abi, type Hex } from "viem";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { followPage } from "./followPage.ts";
import { snippetFaults } from "./snippets.ts";

const page = "docs/recipes/top-up.md";
const given = ["client", "safe", "owner", "agent", "agentWallet", "channel"] as const;

describe(`${page} (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  this.timeout(240_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let account: SafeAccount;
  let channel: Mock;
  let grant: Grant;
  const agent = keyOf("an agent with a channel");
  const ownerSeed = "the owner of a Safe that fills a channel";
  before(async () => {
    chain = await openDocsChain();
    channel = await deployMock(chain.testChain, "ChannelStandIn", [chain.usdc.address]);
    account = await createSafe(chain, { version: "1.4.1", owner: ecdsaOwner(ownerSeed) });
    await installOnSafe(account, chain.latchkey, [chain.usdc.domainSeparator]);
    await chain.usdc.mint(account.address, 100_000_000n);
  });
  after(() => chain.close());

  const deposited = (payer: Address) => channel.read("deposited", [payer]);
  const spent = async () => (await sessionStatus(chain.client, grant)).budgets[0]?.spent;

  it("does what it says at every step", async () => {
    await followPage(
      {
        page,
        given: {
          client: chain.client,
          safe: account.address,
          owner: keyOf(`owner ${ownerSeed}`),
          agent,
          agentWallet: await chain.walletOf(agent),
          channel: channel.address,
        },
      },
      {
        grant(declared) {
          grant = declared.grant as Grant;
        },
        async filled() {
          expect(await deposited(agent.address)).to.equal(5_000_000n);
          expect(await spent()).to.equal(5_000_000n);
        },
        left({ left }) {
          expect(left).to.equal(5_000_000n);
        },
        async forAnother({ tooLarge, forAnother, topUp }) {
          expect([tooLarge, forAnother]).to.deep.equal(["CALL_NOT_ALLOWED", "CALL_NOT_ALLOWED"]);
          const again = topUp as (payer: Address, amount: bigint) => Promise<Hex>;
          await chain.client.waitForTransactionReceipt({ hash: await again(agent.address, 5_000_000n) });
          const third = await again(agent.address, 5_000_000n).catch((error: unknown) => error);
          expect(third).to.include({ code: "PERIOD" });
          expect(await deposited(agent.address)).to.equal(10_000_000n);
        },
      },
    );
  });

  it("describes limits that the chain enforces on an agent that skips every check", async () => {
    // A day later the budget is full again: only the rules stand in the way.
    await chain.testChain.client.increaseTime({ seconds: 86_400 });
    const wallet = await chain.walletOf(agent);
    const deposit = async (payer: Address, amount: bigint) => {
      const approve = encodeFunctionData({
        abi: erc20Abi,
        functionName: "approve",
        args: [channel.address, amount],
      });
      const calls = [
        { to: chain.usdc.address, data: approve },
        { to: channel.address, data: channel.encode("deposit", [payer, amount]) },
      ];
      const before = await chain.usdc.balanceOf(account.address);
      const { to, data } = encodeExecute({ grant, calls });
      // The node answers with the revert, and mines the transaction all the same.
      await wallet.sendTransaction({ to, data, gas: 1_000_000n }).catch(() => undefined);
      return before - (await chain.usdc.balanceOf(account.address));
    };
    expect(await deposit(agent.address, 5_000_001n)).to.equal(0n);
    expect(await deposit(account.address, 1_000_000n)).to.equal(0n);
    expect(await deposit(agent.address, 5_000_000n)).to.equal(5_000_000n);
  });

  it("compiles, strictly", async () => {
    const [faults] = await snippetFaults([{ page, given }]);
    expect(faults).to.deep.equal([]);
  });
});
