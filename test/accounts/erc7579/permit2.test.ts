import { installX402Proxies, PERMIT2, RELAYER } from "@latchkey/devchain";
import { hashSession, type Session } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { wrapForErc7579 } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { encodeFunctionData, type Hex } from "viem";
import { approveData, X402_UPTO } from "../../contracts/fixture.ts";
import { PERMIT2_MESSAGES, payloadsOver, permit2Message } from "../../contracts/permit2Messages.ts";
import {
  nodeNonce,
  settlementOf,
  signedPayment,
  signPayment,
  type Terms,
} from "../../contracts/permit2Payment.ts";
import {
  alice,
  balanceOf,
  budget,
  execute,
  grantOf,
  install,
  key,
  mallory,
  now,
  pay,
  sessionOf,
  stranger,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

const rejected = async (attempt: Promise<unknown>): Promise<boolean> =>
  attempt.then(
    () => false,
    () => true,
  );

describe("payments by Permit2", () => {
  onEveryAccount((account) => {
    const of = (changes: Partial<Session> = {}) =>
      sessionOf(account(), { budgets: [budget({ signatures: 6 })], ...changes });
    /** The settlement of a payment by the genuine Permit2, which asks the account. */
    async function transaction(terms: Terms & { amount?: bigint } = {}) {
      const { kind } = account();
      const { module } = world();
      const { of: session = of() } = terms;
      const payment = await signPayment({
        by: key,
        deadline: BigInt(now() + 300),
        facilitator: RELAYER,
        to: alice,
        namesKey: kind === "kernel",
        wrap: (digest) => signedPayment(session.account, digest, { module }),
        ...terms,
        of: session,
      });
      const signature = wrapForErc7579(payment.payload, { kind, module });
      const { amount = payment.permit.permitted.amount } = terms;
      return settlementOf(payment, signature, { amount, from: RELAYER });
    }
    const settle = async (terms: Terms & { amount?: bigint } = {}) =>
      world().testChain.send(await transaction(terms));
    const byAccount = (to: Hex, data: Hex) => account().execute([{ to, value: 0n, data }]);
    const byModule = (functionName: "revoke" | "pause" | "resume", session: Session) =>
      byAccount(
        world().module,
        encodeFunctionData({ abi: sessionModuleAbi, functionName, args: [hashSession(session)] }),
      );

    beforeEach(async () => {
      const { testChain, usdc } = world();
      await installX402Proxies(testChain);
      await byAccount(usdc.address, approveData(PERMIT2, 100n * USD));
    });

    it("settle exactly, and up to what was signed, once each", async () => {
      await install(account(), { sessions: [of()] });
      await settle();
      await settle({ method: "upto", node: { lot: 1n, size: 1 }, value: USD / 2n, amount: 7n });
      expect(await balanceOf(alice)).to.equal(USD + 7n);
      expect(await rejected(settle())).to.equal(true);
      expect(await rejected(settle({ node: { size: 1 }, value: 1n })), "below a used node").to.equal(true);
      expect(await rejected(settle({ node: { lot: 1n }, value: 1n })), "above one").to.equal(true);
      await settle({ node: { lot: 1n, size: 1, index: 1n }, value: USD / 2n });
    });
    it("settle with the owner's grant", async () => {
      await install(account());
      expect(await rejected(settle())).to.equal(true);
      const grant = await grantOf(account(), of());
      await settle({ grant });
      await settle({ grant, method: "upto", node: { lot: 1n } });
      expect(await balanceOf(alice)).to.equal(2n * USD);
    });
    it("are rejected for what the session does not allow", async () => {
      const [authorizations, exact, upto] = ([1, 2, 4] as const).map((signatures) =>
        of({ salt: BigInt(10 + signatures), budgets: [budget({ signatures })] }),
      ) as [Session, Session, Session];
      await install(account(), { sessions: [of(), authorizations, exact, upto] });
      const { module } = world();
      const { address } = account();
      const cases: Record<string, Terms & { amount?: bigint }> = {
        "over the amount": { value: USD + 1n },
        "over the node's amount": { node: { size: 2 }, value: USD / 4n + 1n },
        "another recipient": { to: mallory },
        "another key": { by: stranger },
        "a raw signature": { wrap: (digest) => digest },
        "another account": { wrap: (digest) => signedPayment(mallory, digest, { module }) },
        "another module": { wrap: (digest) => signedPayment(address, digest, { module: mallory }) },
        "another chain": { wrap: (digest) => signedPayment(address, digest, { module, chainId: 8453 }) },
        "Permit2 of another chain": { signed: { chainId: 8453 } },
        "another spender": { signed: { spender: X402_UPTO } },
        "another nonce": { signed: { nonce: 5n } },
        "another period": { period: 1n },
        "a lot beyond perPeriod": { node: { lot: 3n } },
        "a depth beyond the sizes": { node: { size: 3 }, value: 1n },
        "a past deadline": { deadline: BigInt(now() - 1) },
        "a budget of authorizations": { of: authorizations },
        "a budget of authorizations, upto": { of: authorizations, method: "upto" },
        "upto from a budget of exact": { of: exact, method: "upto" },
        "exact from a budget of upto": { of: upto },
        "another facilitator": { method: "upto", facilitator: mallory },
        "more than was signed": { method: "upto", amount: USD + 1n },
        nothing: { method: "upto", amount: 0n },
      };
      for (const [title, terms] of Object.entries(cases))
        expect(await rejected(settle(terms)), title).to.equal(true);
      expect(await balanceOf(alice)).to.equal(0n);
      await settle();
      await settle({ of: exact });
      await settle({ of: upto, method: "upto" });
      expect(await balanceOf(alice)).to.equal(3n * USD);
    });
    it("are the only messages of Permit2's that are accepted", async () => {
      await install(account(), { sessions: [of()] });
      const { kind, address } = account();
      const { module, usdc, testChain } = world();
      for (const title of PERMIT2_MESSAGES) {
        const { digest, from, data } = permit2Message(title, {
          account: address,
          token: usdc.address,
          to: alice,
          nonce: nodeNonce(hashSession(of()), 0, 0n, { lot: 0n, size: 0, index: 0n }),
          now: now(),
        });
        const send = (signature: Hex) =>
          testChain.client.call({ account: from, to: PERMIT2, data: data(signature) });
        // It is one that Permit2 accepts from the account's owner.
        await send(await account().sign(digest));
        for (const method of ["exact", "upto"] as const)
          for (const payload of await payloadsOver(digest, {
            of: of(),
            method,
            by: key,
            deadline: BigInt(now() + 300),
            to: alice,
            namesKey: kind === "kernel",
            wrap: (one) => signedPayment(address, one, { module }),
          }))
            expect(await rejected(send(wrapForErc7579(payload, { kind, module }))), title).to.equal(true);
      }
      expect(await balanceOf(alice)).to.equal(0n);
    });
    it("share the budget with executions", async () => {
      await install(account(), { sessions: [of()] });
      await settle({ node: { lot: 0n } });
      await execute(of(), [pay(alice, USD)]);
      expect(await rejected(settle({ node: { lot: 2n }, value: 1n }))).to.equal(true);
      await settle({ node: { lot: 1n, size: 1 }, value: 1n });
      expect(await rejected(execute(of(), [pay(alice, 1n)]))).to.equal(true);
    });
    it("stop while the session is paused, and once it is revoked", async () => {
      await install(account(), { sessions: [of()] });
      await byModule("pause", of());
      expect(await rejected(settle())).to.equal(true);
      await byModule("resume", of());
      await settle();
      await byModule("revoke", of());
      expect(await rejected(settle({ node: { lot: 1n } }))).to.equal(true);
      expect(await rejected(settle({ node: { lot: 1n }, grant: await grantOf(account(), of()) }))).to.equal(
        true,
      );
    });
    it("never lets a session call Permit2, or approve it", async () => {
      const open = of({ budgets: [budget({ signatures: 6, recipients: [alice, PERMIT2] })] });
      await install(account(), { sessions: [open] });
      for (const call of [
        { target: PERMIT2, value: 0n, data: "0x12345678" as Hex },
        { target: world().usdc.address, value: 0n, data: approveData(PERMIT2, 1n) },
      ])
        expect(await execute(open, [call]).catch((error: unknown) => `${error}`)).to.match(/ForbiddenTarget/);
    });
  });
});
