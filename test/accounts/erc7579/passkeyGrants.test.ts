import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { passkeyValidatorOwner } from "@latchkey/accounts/erc7579/ModularOwner";
import { hashForKernel } from "@latchkey/accounts/erc7579/modularAccounts";
import { expect } from "chai";
import { concat, type Hex } from "viem";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  balanceOf,
  digestOf,
  ENABLED,
  execute,
  executeSigned,
  installWithGranter,
  pay,
  sendUserOp,
  sessionOf,
  settle,
  stateOf,
  TOKEN_REFUSED,
  UNKNOWN,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

/** What the account asks a validator about in place of a hash. */
const askedAbout = ({ kind, testChain, address }: ModularAccount, hash: Hex) =>
  kind === "kernel" ? hashForKernel(testChain, address, hash) : hash;

/**
 * A passkey in a validator of its own, beside whatever owns the account: so also on the accounts whose own owner has no
 * passkey.
 */
describe("a session that a passkey grants", () => {
  onEveryAccount((account) => {
    let grantBy: (seed: string, of: Hex) => Promise<Hex>;
    const session = (salt = 1n) => sessionOf(account(), { salt });
    const grantOf = (of = session()) => grantBy("granter", digestOf(of));

    beforeEach(async () => {
      const { testChain } = world();
      const granter = await installWithGranter(account(), await passkeyValidatorOwner(testChain, "granter"));
      grantBy = async (seed, of) => {
        const { sign } = await passkeyValidatorOwner(testChain, seed);
        return concat([granter, await sign(askedAbout(account(), of))]);
      };
    });

    it("is enabled by the key's first execution, with a single tap", async () => {
      await execute(session(), [pay(alice, USD)], await grantOf());
      expect(await stateOf(session())).to.equal(ENABLED);
      await settle(account(), session());
      expect(await balanceOf(alice)).to.equal(2n * USD);
    });
    it("is enabled by a relayer", async () => {
      await executeSigned(session(), [pay(alice, USD)], await grantOf());
      expect(await stateOf(session())).to.equal(ENABLED);
      expect(await balanceOf(alice)).to.equal(USD);
    });
    it("is enabled in the validation of its first userOp", async () => {
      const { success, reason } = await sendUserOp(account(), session(), [pay(alice, USD)], {
        grant: await grantOf(),
      });
      expect(success, reason).to.equal(true);
      expect(await stateOf(session())).to.equal(ENABLED);
      expect(await balanceOf(alice)).to.equal(USD);
    });
    it("pays USDC by a signature that carries the assertion", async () => {
      await settle(account(), session(), { grant: await grantOf() });
      expect(await stateOf(session())).to.equal(UNKNOWN);
      expect(await balanceOf(alice)).to.equal(USD);
    });
    it("is not granted by another passkey, nor by an assertion over another session", async () => {
      for (const grant of [await grantBy("another", digestOf(session())), await grantOf(session(2n))]) {
        const calls = [pay(alice, USD)];
        expect(await refusal(execute(session(), calls, grant))).to.include("NotGranted");
        expect(await refusal(executeSigned(session(), calls, grant))).to.include("NotGranted");
        expect(await refusal(sendUserOp(account(), session(), calls, { grant }))).to.include("AA24");
        expect(await refusal(settle(account(), session(), { grant }))).to.match(TOKEN_REFUSED);
      }
      expect(await balanceOf(alice)).to.equal(0n);
    });
    it("is not granted by the account's owner, who is not the granter", async () => {
      const grant = await account().sign(digestOf(session()));
      expect(await refusal(execute(session(), [pay(alice, USD)], grant))).to.include("NotGranted");
    });
  });
});
