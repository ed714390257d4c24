import { expect } from "chai";
import { executeAsSafe, type Grant, type SafeCall, sessionStatus } from "../../packages/sdk/src/index.ts";
import { createPasskey } from "../environment/passkey.ts";
import { createPasskeySafe } from "../environment/safeAccount.ts";
import { type Merchant, openMerchant } from "../sdk/x402/merchant.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { runSnippets } from "./snippets.ts";

describe("the README", function () {
  this.timeout(60_000);

  let chain: Awaited<ReturnType<typeof openDocsChain>>;
  let merchant: Merchant;
  const shop = keyOf("the README's shop").address;

  before(async () => {
    chain = await openDocsChain();
    merchant = await openMerchant(chain.testChain, {
      weather: { amount: 200_000n, asset: chain.usdc.address, payTo: shop },
    });
  });
  after(async () => {
    await merchant.close();
    await chain.close();
  });

  it("shows code that works: it grants, pays by both rails, and stops", async () => {
    const passkey = createPasskey("the README's reader");
    const account = await createPasskeySafe(chain, {
      version: "1.5.0",
      passkey,
      latchkey: chain.latchkey,
      domainSeparators: [chain.usdc.domainSeparator],
    });
    await chain.usdc.mint(account.address, 100_000_000n);
    const agent = keyOf("the README's agent");
    const relayer = await chain.walletOf(keyOf("the README's relayer"));
    const owner = { ...passkey, signer: account.owner.address };
    const declared = await runSnippets({
      page: "README.md",
      given: {
        client: chain.client,
        safe: account.address,
        agent,
        agentWallet: await chain.walletOf(agent),
        shop,
        passkey: owner,
        url: merchant.url("weather"),
        async sendFromSafe(calls: readonly SafeCall[]) {
          const hash = await executeAsSafe(relayer, { safe: account.address, calls, owner });
          await chain.client.waitForTransactionReceipt({ hash });
        },
      },
    });
    const { answer, grant } = declared as { answer: Response; grant: Grant };
    expect(await answer.json()).to.include({ sold: "weather" });
    expect(await chain.usdc.balanceOf(shop)).to.equal(700_000n);
    expect((await sessionStatus(chain.client, grant)).reasons).to.deep.equal(["REVOKED"]);
  });
});
