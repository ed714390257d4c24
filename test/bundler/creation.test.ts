import { expect } from "chai";
import {
  agentOf,
  alice,
  balanceOf,
  client,
  digestOf,
  pay,
  paymasterOf,
  sentAs,
  sessionOf,
  stateOf,
  USD,
  useBundler,
  world,
} from "./fixture.ts";
import {
  kernelNewcomer,
  type Newcomer,
  nexusNewcomer,
  openzeppelinNewcomer,
  safe7579Newcomer,
} from "./newcomers.ts";

/**
 * What the userOp does that makes an account: the factory makes it with the module installed and the granter named, and
 * the grant comes along. A session cannot be enabled by the factory itself: it names the account, whose address depends
 * on what the factory is given.
 *
 * A bundler that enforces ERC-7562 wants such factories staked, or the userOp alone in its bundle (STO-022): while the
 * account is made, the module writes storage associated with it. Alto as it runs here enforces none of this.
 */
const newcomers: Record<string, () => Promise<Newcomer>> = {
  "OpenZeppelin's AccountERC7579, by a factory of these tests": openzeppelinNewcomer,
  "a Nexus 1.0.0, by Biconomy's factory": () => nexusNewcomer({ equipped: true }),
  "a Kernel 3.1, by ZeroDev's factory": kernelNewcomer,
  "a Safe7579 on Safe 1.5.0, by Safe's factory": safe7579Newcomer,
};

describe("the userOp that creates an account, through a bundler that does not require a staked factory", function () {
  this.timeout(60_000);
  useBundler();
  for (const [name, create] of Object.entries(newcomers)) {
    it(`grants a session and pays at once: ${name}`, async () => {
      const account = await create();
      const { address, factory } = account;
      expect(await client().getCode({ address })).to.equal(undefined);
      await world().usdc.mint(address, 10n * USD);
      const { address: paymaster } = paymasterOf(account);
      const session = await sessionOf(account, { paymaster });
      const grant = await account.sign(digestOf(session));
      const before = await balanceOf(alice);

      const sponsored = await agentOf(account, session, { grant, factory, sponsored: true });
      const first = await sponsored.send(pay(alice, USD));
      expect(first.success, first.reason).to.equal(true);
      expect(await sentAs(first)).to.deep.equal({
        form: "payment",
        grant: grant.toLowerCase(),
      });
      expect(await client().getCode({ address })).not.to.equal(undefined);
      expect(await stateOf(session)).to.equal("ENABLED");
      expect(await balanceOf(alice)).to.equal(before + USD);
      expect(await client().getBalance({ address })).to.equal(0n);

      // The same agent later, whose account is there by now: it pays for its gas itself.
      await world().testChain.setBalance(address, 10n ** 18n);
      const second = await (await agentOf(account, session, { grant, factory })).send(pay(alice, USD));
      expect(second.success, second.reason).to.equal(true);
      expect(await sentAs(second)).to.deep.equal({ form: "payment", grant: "0x" });
      expect(await balanceOf(alice)).to.equal(before + 2n * USD);
    });
  }
});
