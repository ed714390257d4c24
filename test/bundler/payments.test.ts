import { expect } from "chai";
import { getAddress } from "viem";
import type { UserOperation } from "viem/account-abstraction";
import {
  agentOf,
  alice,
  BUNDLED_ACCOUNTS,
  balanceOf,
  bob,
  budget,
  bundledAccount,
  client,
  digestOf,
  ONE_OF_EACH_KIND,
  pay,
  paymasterOf,
  sentAs,
  sessionOf,
  spentOf,
  stateOf,
  USD,
  useBundler,
  wouldBeIncluded,
} from "./fixture.ts";

describe("a session's userOp through a bundler", function () {
  this.timeout(60_000);
  useBundler();
  for (const name of BUNDLED_ACCOUNTS) {
    describe(`on ${name}`, () => {
      const account = () => bundledAccount(name);
      const wealth = async () =>
        (await client().getBalance({ address: account().address })) +
        (await account().entryPoint.depositOf(account().address));

      it("carries the owner's grant the first time, and pays without it from then on", async () => {
        const session = await sessionOf(account());
        const grant = await account().sign(digestOf(session));
        const agent = await agentOf(account(), session, { grant, clientBy: "viem" });
        const before = [await balanceOf(alice), await balanceOf(bob), await wealth()] as const;
        const first = await agent.send(pay(alice, USD));
        expect(first.success, first.reason).to.equal(true);
        expect(await stateOf(session)).to.equal("ENABLED");
        const second = await agent.send(pay(bob, USD / 2n));
        expect(second.success, second.reason).to.equal(true);
        expect(await sentAs(first)).to.deep.equal({
          form: "payment",
          grant: grant.toLowerCase(),
        });
        expect(await sentAs(second)).to.deep.equal({ form: "payment", grant: "0x" });
        expect(await spentOf(session)).to.equal(USD + USD / 2n);
        expect(await balanceOf(alice)).to.equal(before[0] + USD);
        expect(await balanceOf(bob)).to.equal(before[1] + USD / 2n);
        expect(await wealth()).to.equal(before[2] - first.actualGasCost - second.actualGasCost);
      });
      it("costs the account no ether if a paymaster pays", async () => {
        const { address: paymaster } = paymasterOf(account());
        const session = await sessionOf(account(), { paymaster });
        const agent = await agentOf(account(), session, {
          grant: await account().sign(digestOf(session)),
          sponsored: true,
        });
        const before = [
          await balanceOf(bob),
          await wealth(),
          await account().entryPoint.depositOf(paymaster),
        ] as const;
        const receipt = await agent.send(pay(bob, USD));
        expect(receipt.success, receipt.reason).to.equal(true);
        expect((await sentAs(receipt)).form).to.equal("payment");
        expect(receipt.paymaster && getAddress(receipt.paymaster)).to.equal(getAddress(paymaster));
        expect(await balanceOf(bob)).to.equal(before[0] + USD);
        expect(await wealth()).to.equal(before[1]);
        expect(await account().entryPoint.depositOf(paymaster)).to.equal(before[2] - receipt.actualGasCost);
      });
      for (const payments of ["validation", "execution"] as const)
        it(`gets enough gas for its validation, charged in ${payments}: a bundler drops a userOp with slightly too little`, async () => {
          const session = await sessionOf(account());
          const grant = await account().sign(digestOf(session));
          const agent = await agentOf(account(), session, { grant, payments });
          const enough = async (userOp: UserOperation<"0.7">) => {
            const verificationGasLimit = (userOp.verificationGasLimit * 95n) / 100n;
            expect(await wouldBeIncluded(account(), userOp, { verificationGasLimit })).to.equal(true);
            expect(await wouldBeIncluded(account(), userOp, { verificationGasLimit: 20_000n })).to.equal(
              false,
            );
          };
          await enough(await agent.prepare(pay(alice, 1n)));
          expect((await agent.send(pay(alice, 1n))).success).to.equal(true);
          await enough(await agent.prepare(pay(alice, 1n)));
          const another = await agentOf(account(), session, { lane: 1000, payments });
          await enough(await another.prepare(pay(alice, 1n)));
        });
    });
  }
  for (const name of ONE_OF_EACH_KIND) {
    it(`goes through the module for two payments, or for one from a budget shared with signatures, on ${name}`, async () => {
      const account = bundledAccount(name);
      const before = [await balanceOf(alice), await balanceOf(bob)] as const;
      for (const [limits, calls] of [
        [{ signatures: 0, sizes: 0 }, [pay(alice, 1n), pay(bob, 2n)]],
        [{ signatures: 1, sizes: 3 }, [pay(alice, 3n)]],
      ] as const) {
        const session = await sessionOf(account, { budgets: [budget(limits)] });
        const grant = await account.sign(digestOf(session));
        const agent = await agentOf(account, session, { grant });
        const [first, second] = [await agent.send(...calls), await agent.send(...calls)];
        expect([first.success, second.success]).to.deep.equal([true, true]);
        expect(await sentAs(first)).to.deep.equal({ form: "execution", grant: grant.toLowerCase() });
        expect(await sentAs(second)).to.deep.equal({ form: "execution", grant: "0x" });
        expect(await spentOf(session)).to.equal(6n);
      }
      expect(await balanceOf(alice)).to.equal(before[0] + 8n);
      expect(await balanceOf(bob)).to.equal(before[1] + 4n);
    });
    it(`need not wait for one of another lane, on ${name}`, async () => {
      const account = () => bundledAccount(name);
      const session = await sessionOf(account());
      const grant = await account().sign(digestOf(session));
      expect((await (await agentOf(account(), session, { grant })).send(pay(alice, 1n))).success).to.equal(
        true,
      );
      const before = await balanceOf(bob);
      const agents = await Promise.all([1, 2].map((lane) => agentOf(account(), session, { lane })));
      const receipts = await Promise.all(agents.map((agent) => agent.send(pay(bob, 1n))));
      expect(receipts.map(({ success }) => success)).to.deep.equal([true, true]);
      expect(await balanceOf(bob)).to.equal(before + 2n);
    });
  }
});
