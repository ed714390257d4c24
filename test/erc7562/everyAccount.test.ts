import { ANYONE, type Session } from "@latchkey/sdk";
import { expect } from "chai";
import type { PackedUserOperation } from "viem/account-abstraction";
import {
  alice,
  balanceOf,
  bob,
  budget,
  grantOf,
  install,
  pay,
  paymentUserOpOf,
  sessionOf,
  userOpOf,
  world,
} from "../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../accounts/erc7579/onEveryAccount.ts";
import { traceValidation } from "./traceValidation.ts";

describe("ERC-7562 violations of a session's userOp", () => {
  onEveryAccount((account) => {
    const session = (changes: Partial<Session> = {}) => sessionOf(account(), changes);
    const calls = () => [pay(alice, 1n)];

    /** Expects that the userOp breaks no rule, and that it pays when it is included. */
    async function expectAccepted(userOp: PackedUserOperation, sponsored = false) {
      const { entryPoint } = account();
      const found = await traceValidation(world().testChain, entryPoint.address, userOp);
      expect(found.violations).to.deep.equal([]);
      expect(found.contracts, "the module ran").to.include(world().module.toLowerCase());
      const ofModule = found.touches.filter(({ contract }) => contract === world().module.toLowerCase());
      expect(ofModule, "its storage was seen").to.not.deep.equal([]);
      expect(ofModule.every(({ associated, entity }) => associated && entity === "account")).to.equal(true);
      expect(found.touches.some(({ entity }) => entity === "paymaster")).to.equal(false);
      const paymaster = world().paymasters[entryPoint.version].address.toLowerCase();
      expect(found.contracts.includes(paymaster as `0x${string}`), "the paymaster ran").to.equal(sponsored);
      expect((await entryPoint.handle(userOp)).success).to.equal(true);
      expect(await balanceOf(alice)).to.equal(1n);
    }

    it("nothing, where the session is enabled", async () => {
      await install(account(), { sessions: [session()] });
      await expectAccepted(await userOpOf(account(), session(), calls()));
    });
    it("nothing, where the owner's grant comes along", async () => {
      await install(account());
      const grant = await grantOf(account(), session());
      await expectAccepted(await userOpOf(account(), session(), calls(), { grant }));
    });
    it("nothing, where the grant comes along, the gas is counted and a paymaster pays", async () => {
      const of = session({ gasAllowance: 10n ** 18n, paymaster: ANYONE });
      await install(account());
      const grant = await grantOf(account(), of);
      await expectAccepted(await userOpOf(account(), of, calls(), { grant, sponsored: true }), true);
    });

    describe("by which the account pays itself, charged in validation", () => {
      const payable = (changes: Partial<Session> = {}) =>
        session({ budgets: [budget({ signatures: 0, sizes: 0 })], ...changes });

      it("nothing, where the session is enabled", async () => {
        await install(account(), { sessions: [payable()] });
        await expectAccepted(await paymentUserOpOf(account(), payable(), { amount: 1n }));
      });
      it("nothing, where the budget is not the first", async () => {
        const other = budget({ signatures: 0, sizes: 0, token: bob });
        const of = payable({ budgets: [other, budget({ signatures: 0, sizes: 0 })] });
        await install(account(), { sessions: [of] });
        await expectAccepted(await paymentUserOpOf(account(), of, { amount: 1n }));
      });
      it("nothing, where the owner's grant comes along", async () => {
        await install(account());
        const grant = await grantOf(account(), payable());
        await expectAccepted(await paymentUserOpOf(account(), payable(), { amount: 1n, grant }));
      });
      it("nothing, where the grant comes along, the gas is counted and a paymaster pays", async () => {
        const of = payable({ gasAllowance: 10n ** 18n, paymaster: ANYONE });
        await install(account());
        const grant = await grantOf(account(), of);
        const userOp = await paymentUserOpOf(account(), of, { amount: 1n, grant, sponsored: true });
        await expectAccepted(userOp, true);
      });
    });
  });
});
