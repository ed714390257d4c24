import { PLENTY_OF_GAS, RELAYER } from "@latchkey/devchain";
import { execute, pay, sessionStatus } from "@latchkey/sdk";
import { encodeExecuteSigned, signExecution } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { createWalletClient, custom } from "viem";
import {
  alice,
  balanceOf,
  DAY,
  install,
  key,
  mallory,
  now,
  pay as paymentTo,
  sendUserOp,
  sessionOf,
  USD,
  world,
} from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { refusal } from "../../environment/refusal.ts";
import { grantBy } from "./sessionGrants.ts";

describe("an execution from an ERC-7579 account, by the SDK", () => {
  onEveryAccount((account) => {
    /** The key with ether for gas. */
    const keyClient = async () => {
      const { testChain } = world();
      await testChain.setBalance(key.address, 10n ** 18n);
      return createWalletClient({ account: key, transport: custom(testChain.provider) });
    };

    it("is the key's own transaction, the grant carried by the first", async () => {
      await install(account());
      const [client, grant] = [await keyClient(), await grantBy(account())];
      await pay(client, { grant, to: alice, amount: "0.25", token: world().usdc.address });
      const { target: to, data } = paymentTo(alice, USD);
      await execute(client, { grant: { ...grant, signature: "0x" }, calls: [{ to, data }] });
      expect(await balanceOf(alice)).to.equal((5n * USD) / 4n);
      const { target, data: other } = paymentTo(mallory, 1n);
      expect(await refusal(execute(client, { grant, calls: [{ to: target, data: other }] }))).to.contain(
        "is not a recipient of this budget",
      );
    });

    it("is a relayer's transaction, on the key's word", async () => {
      await install(account());
      const grant = await grantBy(account());
      const calls = [paymentTo(alice, USD)];
      const signed = await signExecution(key, { grant, calls, caller: "anyone", deadline: now() + DAY });
      await world().testChain.send({ from: RELAYER, ...encodeExecuteSigned({ grant, signed }) });
      expect(await balanceOf(alice)).to.equal(USD);
    });

    it("shows in the session's status, as does the gas that userOps were charged with", async () => {
      await install(account());
      const changes = { gasAllowance: 10n ** 18n };
      const grant = await grantBy(account(), changes);
      const status = () => sessionStatus(world().testChain.client, grant);
      expect((await status()).gas).to.deep.equal({ allowance: 10n ** 18n, spent: 0n });
      await sendUserOp(account(), sessionOf(account(), changes), [paymentTo(alice, USD)], {
        grant: grant.signature,
      });
      const { gas, budgets } = await status();
      const { verification, call, preVerification, fee } = PLENTY_OF_GAS;
      expect(gas?.spent).to.equal((verification + call + preVerification) * fee);
      expect(budgets[0]).to.include({ spent: USD, remaining: 2n * USD });
    });
  });
});
