import { createPasskeySafe } from "@latchkey/accounts/safeAccount";
import { createPasskey, type Merchant, openMerchant } from "@latchkey/devchain";
import { type Grant, sessionStatus } from "@latchkey/sdk";
import { expect } from "chai";
import { LIVE } from "../environment/setUp.ts";
import { keyOf, openDocsChain } from "./docsChain.ts";
import { runSnippets } from "./snippets.ts";

describe(`the README (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  this.timeout(LIVE.base ? 300_000 : 120_000);

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

  it("has working code: it grants, pays on both rails, and revokes", async () => {
    const passkey = createPasskey("the README's reader");
    const account = await createPasskeySafe(chain, {
      version: "1.5.0",
      passkey,
      latchkey: chain.latchkey,
      domainSeparators: [chain.usdc.domainSeparator],
    });
    await chain.usdc.mint(account.address, 100_000_000n);
    const agent = keyOf("the README's agent");
    const declared = await runSnippets({
      page: "README.md",
      given: {
        client: chain.client,
        safe: account.address,
        agent,
        agentWallet: await chain.walletOf(agent),
        shop,
        // Safe's shared signer, at the address of its npm build.
        passkey: { ...passkey, signer: account.owner.address },
        wallet: await chain.walletOf(keyOf("the README's relayer")),
        url: merchant.url("weather"),
      },
    });
    const { answer, grant } = declared as { answer: Response; grant: Grant };
    expect(await answer.json()).to.include({ sold: "weather" });
    expect(await chain.usdc.balanceOf(shop)).to.equal(700_000n);
    // Granting and revoking: nothing else asked the passkey.
    expect(passkey.assertions).to.equal(2);
    expect((await sessionStatus(chain.client, grant)).reasons).to.deep.equal(["REVOKED"]);
  });
});
