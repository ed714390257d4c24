import { ANYONE, decodeError, hashSession, isRefusal, type Session } from "@latchkey/sdk";
import { encodeRevoke } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { type Address, type Hex, zeroAddress } from "viem";
import type { UserOperation } from "viem/account-abstraction";
import {
  agentOf,
  alice,
  balanceOf,
  budget,
  bundledAccount,
  client,
  digestOf,
  estimate,
  gasSpentBy,
  handmadePaymentUserOp,
  handmadeUserOp,
  mallory,
  ONE_OF_EACH_KIND,
  pay,
  paymasterService,
  refusedByBundler,
  sessionOf,
  signByHand,
  spentOf,
  submit,
  USD,
  useBundler,
  world,
  wouldBeIncluded,
} from "./fixture.ts";

/** The code of a refusal of the SDK. */
async function codeOf(attempt: Promise<unknown>): Promise<string> {
  const error: unknown = await attempt.then(
    () => undefined,
    (error) => error,
  );
  if (!isRefusal(error)) throw error ?? new Error("it was not refused");
  return error.code;
}

/** What a Safe7579 says in place of every reason: `ExecutionFailed()`. */
const EXECUTION_FAILED = "0xacfdb444";

describe("what a session must not do, through a bundler", function () {
  this.timeout(60_000);
  useBundler();
  for (const name of ONE_OF_EACH_KIND) {
    describe(`on ${name}`, () => {
      const account = () => bundledAccount(name);
      const consentTo = (userOp: UserOperation<"0.7">) =>
        paymasterService(account()).getPaymasterData({
          ...userOp,
          chainId: world().testChain.chainId,
          entryPointAddress: account().entryPoint.address,
        });
      const granted = async (changes: Partial<Session> = {}) => {
        const session = await sessionOf(account(), changes);
        return { session, grant: await account().sign(digestOf(session)) };
      };

      it("is refused by the SDK with the module's reason, and nothing is sent", async () => {
        const { session, grant } = await granted();
        const agent = await agentOf(account(), session, { grant });
        const before = await client().getBlockNumber();
        expect(await codeOf(agent.send(pay(alice, USD + 1n)))).to.equal("PER_TRANSACTION");
        expect(await codeOf(agent.send(pay(mallory, 1n)))).to.equal("RECIPIENT");
        expect(await client().getBlockNumber()).to.equal(before);
      });
      it("is refused once the day's limit is reached", async () => {
        const { session, grant } = await granted({ budgets: [budget({ perPeriod: USD })] });
        const agent = await agentOf(account(), session, { grant });
        expect((await agent.send(pay(alice, USD))).success).to.equal(true);
        const before = await client().getBlockNumber();
        expect(await codeOf(agent.send(pay(alice, 1n)))).to.equal("PERIOD");
        expect(await client().getBlockNumber()).to.equal(before);
      });
      it("is also rejected by the bundler's gas estimate", async () => {
        const { session, grant } = await granted();
        for (const [call, code] of [
          [pay(alice, USD + 1n), "PER_TRANSACTION"],
          [pay(mallory, 1n), "RECIPIENT"],
        ] as const) {
          const userOp = await handmadeUserOp(account(), session, [call], { grant });
          const said = await refusedByBundler(() => estimate(account(), userOp));
          const reason = /reason: (0x[0-9a-f]*)/.exec(said)?.[1] as Hex | undefined;
          // A Safe7579 keeps the reason for itself. That is why the SDK tries every userOp before.
          if (account().kind === "safe7579") expect(reason).to.equal(EXECUTION_FAILED);
          else expect(decodeError(reason).code).to.equal(code);
        }
      });
      it("moves nothing if the key has it included with arbitrary gas limits", async () => {
        const { session, grant } = await granted();
        const before = await balanceOf(account().address);
        const userOp = await handmadeUserOp(account(), session, [pay(mallory, 1n)], { grant });
        expect((await submit(account(), userOp)).success).to.equal(false);
        expect(await balanceOf(account().address)).to.equal(before);
      });
      it("is rejected by the bundler if the account would pay by itself, and charges nothing", async () => {
        const { session, grant } = await granted();
        const token = world().usdc.address;
        const userOpOf = (payment: { to: Address; amount: bigint }, period = 0n) =>
          handmadePaymentUserOp(account(), session, { token, ...payment }, { grant, period });
        for (const payment of [
          { to: alice, amount: USD + 1n },
          { to: mallory, amount: 1n },
        ]) {
          const userOp = await userOpOf(payment);
          expect(await refusedByBundler(() => submit(account(), userOp))).to.include("AA24");
        }
        // Nor may the key name a period that is not there yet, to have its limit as well.
        const early = await userOpOf({ to: alice, amount: 1n }, 1n);
        expect(await refusedByBundler(() => submit(account(), early))).to.match(/not valid yet|AA22/);
        expect(await wouldBeIncluded(account(), early)).to.equal(false);
        expect(await spentOf(session)).to.equal(0n);
        expect((await submit(account(), await userOpOf({ to: alice, amount: USD }))).success).to.equal(true);
        expect(await spentOf(session)).to.equal(USD);
      });
      it("is not signed if the transfer would fail but still be charged", async () => {
        const amount = (await balanceOf(account().address)) + 1n;
        const limits = { perTransaction: amount, perPeriod: 2n * amount };
        const { session, grant } = await granted({ budgets: [budget(limits)] });
        const agent = await agentOf(account(), session, { grant });
        expect(await codeOf(agent.send(pay(alice, amount)))).to.equal("CALL_FAILED");
        expect(await spentOf(session)).to.equal(0n);
        const payment = { token: world().usdc.address, to: alice, amount };
        const untried = await handmadePaymentUserOp(account(), session, payment, { grant });
        const before = await balanceOf(alice);
        expect((await submit(account(), untried)).success).to.equal(false);
        expect(await balanceOf(alice)).to.equal(before);
        expect(await spentOf(session)).to.equal(amount);
      });
      it("is refused by the bundler for a session without a grant, and one that was revoked", async () => {
        const never = await sessionOf(account());
        const { session, grant } = await granted();
        const calls = [pay(alice, 1n)];
        expect(
          (await submit(account(), await handmadeUserOp(account(), session, calls, { grant }))).success,
        ).to.equal(true);
        await account().execute([encodeRevoke({ module: world().module, id: hashSession(session) })]);
        for (const each of [never, session]) {
          const userOp = await handmadeUserOp(account(), each, calls, each === session ? { grant } : {});
          expect(await refusedByBundler(() => submit(account(), userOp))).to.include("AA24");
        }
        expect(await codeOf((await agentOf(account(), session, { grant })).send(...calls))).to.equal(
          "REVOKED",
        );
      });
      it("is rejected by the bundler with a willing paymaster that the session does not allow", async () => {
        const { session, grant } = await granted();
        const { session: open, grant: openGrant } = await granted({ paymaster: ANYONE });
        for (const [each, signature] of [
          [session, grant],
          [open, openGrant],
        ] as const) {
          const draft = await handmadeUserOp(account(), each, [pay(alice, 1n)], { grant: signature });
          const userOp = await signByHand(account(), { ...draft, ...(await consentTo(draft)) });
          if (each === open) expect((await submit(account(), userOp)).success).to.equal(true);
          else expect(await refusedByBundler(() => submit(account(), userOp))).to.include("AA24");
        }
        const agent = await agentOf(account(), session, { grant, sponsored: true });
        expect(await codeOf(agent.send(pay(alice, 1n)))).to.equal("PAYMASTER");
      });
      it("is rejected by the bundler with address zero as paymaster", async () => {
        const { session, grant } = await granted({ paymaster: ANYONE });
        const userOp = await handmadeUserOp(account(), session, [pay(alice, 1n)], {
          grant,
          paymaster: zeroAddress,
          paymasterData: "0x",
          paymasterVerificationGasLimit: 0n,
          paymasterPostOpGasLimit: 0n,
        });
        // Alto's simulation stops before the module is asked. An EntryPoint takes it for "nobody else pays", and asks.
        expect(await refusedByBundler(() => submit(account(), userOp))).to.include("AA30");
        expect(await wouldBeIncluded(account(), userOp)).to.equal(false);
        const plain = await handmadeUserOp(account(), session, [pay(alice, 1n)], { grant });
        expect(await wouldBeIncluded(account(), plain)).to.equal(true);
      });
      it("is rejected by the bundler once the gas allowance is used up, even by an excessive fee", async () => {
        const { session, grant } = await granted({ gasAllowance: 10n ** 16n });
        const calls = [pay(alice, 1n)];
        // An account can pay that: nothing but the allowance stands in the way.
        const fee = 10n ** 11n;
        const absurd = await handmadeUserOp(account(), session, calls, {
          grant,
          maxFeePerGas: fee,
          maxPriorityFeePerGas: fee,
        });
        expect(await refusedByBundler(() => submit(account(), absurd))).to.include("AA24");
        const agent = await agentOf(account(), session, { grant });
        expect((await agent.send(...calls)).success).to.equal(true);
        const spent = await gasSpentBy(session);
        expect(spent > 0n && spent < 2n * 10n ** 15n, `${spent}`).to.equal(true);
        const { session: poor, grant: poorGrant } = await granted({ gasAllowance: spent / 100n });
        const userOp = await handmadeUserOp(account(), poor, calls, { grant: poorGrant });
        expect(await refusedByBundler(() => submit(account(), userOp))).to.include("AA24");
        expect(await codeOf((await agentOf(account(), poor, { grant: poorGrant })).send(...calls))).to.equal(
          "GAS_ALLOWANCE",
        );
      });
      it("is rejected by the bundler if anyone but the key signed it", async () => {
        const { session, grant } = await granted();
        const userOp = await handmadeUserOp(account(), session, [pay(alice, 1n)], { grant });
        const other = await handmadeUserOp(account(), session, [pay(alice, 2n)], { grant });
        expect(
          await refusedByBundler(() => submit(account(), { ...userOp, signature: other.signature })),
        ).to.include("AA24");
        expect((await submit(account(), userOp)).success).to.equal(true);
      });
    });
  }
});
