import { PERMIT2 } from "@latchkey/devchain";
import { expect } from "chai";
import { type Address, concat, type Hex, maxUint256, toFunctionSelector, zeroAddress } from "viem";
import { asks, hashOf } from "./authorization.ts";
import {
  ANYONE,
  alice,
  approveData,
  bob,
  budget,
  chain,
  DAY,
  enable,
  execute,
  grantOf,
  idOf,
  key,
  mallory,
  OTHER_MODULE,
  pause,
  pay,
  resume,
  revertOf,
  revoke,
  revokeAll,
  SAFE_VERSIONS,
  signAsSafe,
  spentOf,
  stranger,
  T0,
  USD,
  useChain,
  X402_EXACT,
  X402_UPTO,
} from "./fixture.ts";
import { PERMIT2_MESSAGES, payloadsOver, permit2Message } from "./permit2Messages.ts";
import {
  allowPermit2,
  isGood,
  type Method,
  nodeNonce,
  permit2Budget,
  permit2Session,
  settle,
  settlementOf,
  signatureFor,
  signedPayment,
  signPayment,
  type Terms,
  usedOf,
} from "./permit2Payment.ts";

/** Errors of Permit2, and of the proxy. */
const [INVALID_NONCE, SIGNATURE_EXPIRED, UNAUTHORIZED_FACILITATOR] = [
  "InvalidNonce()",
  "SignatureExpired(uint256)",
  "UnauthorizedFacilitator()",
].map(toFunctionSelector) as [Hex, Hex, Hex];

for (const version of SAFE_VERSIONS)
  describe(`payments by Permit2 on a Safe ${version}`, () => {
    useChain();
    const of = (changes = {}) => permit2Session({ account: chain.safes[version], ...changes });
    const transaction = async (terms: Terms & { amount?: bigint; from?: Address } = {}) => {
      const payment = await signPayment({ of: of(), ...terms });
      const { amount, from } = terms;
      return settlementOf(payment, signatureFor(version, payment), {
        ...(amount === undefined ? {} : { amount }),
        ...(from === undefined ? {} : { from }),
      });
    };
    const paid = () => chain.usdc.balanceOf(alice);
    /** Neither the module nor Permit2 accepts it, and nothing has moved. */
    async function rejects(terms: Terms, title = "") {
      expect(await isGood({ of: of(), ...terms }), title).to.equal(false);
      await revertOf(chain.call(await transaction(terms)));
    }
    /** Both do. */
    async function accepts(terms: Terms, title = "") {
      expect(await isGood({ of: of(), ...terms }), title).to.equal(true);
      await chain.call(await transaction(terms));
    }

    beforeEach(async () => {
      await allowPermit2();
      await chain.send(enable(of()));
    });

    for (const method of ["exact", "upto"] as const) {
      it(`settle by ${method}, checked by Permit2 itself, without a transaction from the account`, async () => {
        await chain.send(await transaction({ method }));
        expect(await paid()).to.equal(USD);
        expect(await usedOf(of(), 0n), "Permit2 counts").to.equal(2n);
        expect(await spentOf(of()), "and not the module").to.equal(0n);
      });
      it(`settle by ${method} with the owner's grant, for a session that is not enabled`, async () => {
        const other = of({ salt: 7n });
        const grant = await grantOf(other);
        await rejects({ of: other, method });
        await chain.send(await transaction({ of: other, method, grant }));
        await chain.send(await transaction({ of: other, method, grant, node: { lot: 1n } }));
        expect(await paid()).to.equal(2n * USD);
        await rejects({ of: other, method, grant: await grantOf(of({ salt: 8n })), node: { lot: 2n } });
      });
      it(`settle by ${method} once for each signature`, async () => {
        const once = await transaction({ method });
        await chain.send(once);
        expect(await revertOf(chain.call(once))).to.equal(INVALID_NONCE);
      });
    }
    it("settle for any recipient where the budget allows ANYONE, who is named by address", async () => {
      const any = of({ budgets: [permit2Budget({ recipients: [ANYONE] })] });
      await chain.send(enable(any));
      await chain.send(await transaction({ of: any, to: mallory }));
      expect(await chain.usdc.balanceOf(mallory)).to.equal(USD);
    });
    it("settle perPeriod and not one unit more", async () => {
      const three = of({ budgets: [permit2Budget({ perPeriod: 3n * USD })] });
      await chain.send(enable(three));
      for (let lot = 0n; lot < 3n; ++lot) await chain.send(await transaction({ of: three, node: { lot } }));
      for (const node of [{ lot: 3n }, { lot: 0n, size: 1 }, { lot: 2n, size: 4, index: 7n }])
        await rejects({ of: three, node, value: 1n });
      expect(await paid()).to.equal(3n * USD);
    });

    describe("by upto", () => {
      it("may settle for less, and use the whole node", async () => {
        await chain.send(await transaction({ method: "upto", amount: 1n }));
        expect(await paid()).to.equal(1n);
        expect(await usedOf(of(), 0n)).to.equal(2n);
        await rejects({ method: "upto", node: { size: 1 }, value: 1n });
      });
      it("never settle for more", async () => {
        await revertOf(chain.call(await transaction({ method: "upto", amount: USD + 1n })));
      });
      it("settle for the facilitator that the key named only", async () => {
        const theirs = await transaction({ method: "upto", from: stranger.address });
        expect(await revertOf(chain.call(theirs))).to.equal(UNAUTHORIZED_FACILITATOR);
        // The facilitator is part of what was signed.
        const payment = await signPayment({ of: of(), method: "upto" });
        const witness = { ...payment.witness, facilitator: stranger.address };
        await revertOf(
          chain.call(
            settlementOf({ ...payment, witness }, signatureFor(version, { ...payment, witness }), {
              from: stranger.address,
            }),
          ),
        );
      });
      it("leave the node free if nothing is settled", async () => {
        await revertOf(chain.call(await transaction({ method: "upto", amount: 0n })));
        await accepts({ method: "upto" });
      });
    });

    describe("are rejected", () => {
      for (const method of ["exact", "upto"] as const) {
        const cases: [string, () => Terms | Promise<Terms>][] = [
          ["over the amount", () => ({ value: USD + 1n })],
          ["over a node's amount", () => ({ node: { size: 1 }, value: USD / 2n + 1n })],
          ["for a non-recipient", () => ({ to: mallory })],
          ["signed by another key", () => ({ by: stranger })],
          ["signed raw, as the key would sign for its own money", () => ({ wrap: (digest: Hex) => digest })],
          [
            "signed for another account of the key",
            () => ({ wrap: (digest) => signedPayment(alice, digest) }),
          ],
          [
            "signed for another module",
            () => ({ wrap: (digest) => signedPayment(of().account, digest, { module: OTHER_MODULE }) }),
          ],
          [
            "signed for the module on another chain",
            () => ({ wrap: (digest) => signedPayment(of().account, digest, { chainId: 8453 }) }),
          ],
          ["for Permit2 on another chain", () => ({ signed: { chainId: 8453 } })],
          ["of another token", () => ({ signed: { token: alice } })],
          ["with the nonce of another session", () => ({ signed: { nonce: nonceOf(of({ salt: 9n })) } })],
          [
            "with the nonce of another account",
            () => ({ signed: { nonce: nonceOf(of({ account: alice })) } }),
          ],
          ["with a nonce of nobody's", () => ({ signed: { nonce: 1n } })],
          ["in another period", () => ({ period: 1n })],
          ["of a budget that there is not", () => ({ budgetIndex: 1 })],
          ["for another spender", () => ({ signed: { spender: stranger.address } })],
          [
            "for the other method's spender",
            () => ({ signed: { spender: method === "exact" ? X402_UPTO : X402_EXACT } }),
          ],
          ["presented as the other method", () => ({ code: method === "exact" ? 5 : 4 })],
          ["presented as an authorization", () => ({ code: 1 })],
          ["presented as a method that there is not", () => ({ code: 6 })],
        ];
        for (const [title, terms] of cases)
          it(`${method}: ${title}`, async () => {
            await accepts({ method });
            await rejects({ method, ...(await terms()) });
            expect(await paid()).to.equal(0n);
          });
      }
      const nonceOf = (one: ReturnType<typeof of>) =>
        nodeNonce(hashOf(one), 0, 0n, { lot: 0n, size: 0, index: 0n });

      it("presented as a method that there is not, which has no facilitator", async () => {
        const terms: Terms = { method: "upto", facilitator: zeroAddress };
        expect(await isGood({ of: of(), ...terms })).to.equal(true);
        for (const code of [6, 7, 255]) await rejects({ ...terms, code });
      });
      it("after the deadline, by Permit2", async () => {
        const late = await transaction({ deadline: BigInt(T0 + 100) });
        await chain.setTime(T0 + 101);
        expect((await revertOf(chain.call(late))).slice(0, 10)).to.equal(SIGNATURE_EXPIRED);
      });
      it("before validAfter and from validUntil on", async () => {
        const later = of({ salt: 3n, validAfter: T0 + DAY, validUntil: T0 + 2 * DAY });
        await chain.send(enable(later));
        const terms = { of: later, deadline: maxUint256 };
        await rejects(terms);
        await chain.setTime(T0 + DAY);
        await accepts(terms);
        await chain.setTime(T0 + 2 * DAY);
        await rejects(terms);
      });
      it("once the session is paused, until it is resumed", async () => {
        const id = await idOf(of());
        await chain.send(pause(of().account, id));
        await rejects({});
        await rejects({ grant: await grantOf(of()) });
        await chain.send(resume(of().account, id));
        await accepts({});
      });
      it("once the session is revoked, whatever is carried", async () => {
        await chain.send(revoke(of().account, await idOf(of())));
        await rejects({});
        await rejects({ grant: await grantOf(of()) });
      });
      it("in another epoch", async () => {
        await chain.send(revokeAll(of().account));
        await rejects({});
      });
      it("while a node above or below is used, and not next to it", async () => {
        await chain.send(await transaction({ node: { size: 2, index: 1n }, value: USD / 4n }));
        await rejects({ node: { size: 0 }, value: 1n }, "above");
        await rejects({ node: { size: 1, index: 0n }, value: 1n }, "above");
        await rejects({ node: { size: 3, index: 2n }, value: 1n }, "below");
        await rejects({ node: { size: 4, index: 7n }, value: 1n }, "below");
        await accepts({ node: { size: 2, index: 0n }, value: USD / 4n }, "beside");
        await accepts({ node: { size: 1, index: 1n }, value: USD / 2n }, "beside");
      });
      it("in a lot that an execution has reached", async () => {
        await accepts({ node: { lot: 19n } });
        await chain.send(execute(of(), [pay(bob, 1n)]));
        await rejects({ node: { lot: 19n }, value: 1n });
        await accepts({ node: { lot: 18n } });
      });
      const methods: [signatures: number, exact: boolean, upto: boolean][] = [
        [0, false, false],
        [1, false, false],
        [2, true, false],
        [4, false, true],
        [6, true, true],
      ];
      for (const [signatures, exact, upto] of methods)
        it(`unless the budget has the method: ${signatures}`, async () => {
          const one = of({ budgets: [budget({ signatures, sizes: signatures === 0 ? 0 : 5 })] });
          await chain.send(enable(one));
          const expected: [Method, boolean][] = [
            ["exact", exact],
            ["upto", upto],
          ];
          for (const [method, allowed] of expected)
            await (allowed ? accepts : rejects)({ of: one, method }, method);
        });
      for (const signatures of [3, 5, 7])
        it(`with a grant of a malformed session: ${signatures}`, async () => {
          const one = of({ budgets: [budget({ signatures })] });
          for (const method of ["exact", "upto"] as const)
            await rejects({ of: one, method, grant: await grantOf(one) });
        });
    });

    it("never move the key's own money, nor that of another of its accounts", async () => {
      await chain.usdc.deal(key.address, 10n * USD);
      await chain.send({ from: key.address, to: chain.usdc.address, data: approveData(PERMIT2, maxUint256) });
      const payment = await signPayment({ of: of() });
      await chain.send(settlementOf(payment, signatureFor(version, payment)));
      // The same permit, by the same key, once more.
      const own = settlementOf({ ...payment, owner: key.address }, payment.keySignature);
      await revertOf(chain.call(own));
      const raw = await key.sign({ hash: payment.digest });
      await chain.call(settlementOf({ ...payment, owner: key.address }, raw)); // what a raw signature would have done
      const other = chain.safes[version === "1.4.1" ? "1.5.0" : "1.4.1"];
      await chain.send(enable(of({ account: other })));
      const elsewhere = { ...payment, owner: other };
      await revertOf(
        chain.call(settlementOf(elsewhere, signatureFor(version === "1.4.1" ? "1.5.0" : "1.4.1", elsewhere))),
      );
      expect(await chain.usdc.balanceOf(key.address)).to.equal(10n * USD);
    });

    describe("are the only messages of Permit2's that are accepted, not", () => {
      for (const title of PERMIT2_MESSAGES)
        it(title, async () => {
          const { digest, from, data } = permit2Message(title, {
            account: of().account,
            token: chain.usdc.address,
            to: alice,
            nonce: nodeNonce(hashOf(of()), 0, 0n, { lot: 0n, size: 0, index: 0n }),
            now: T0,
          });
          const send = (signature: Hex) => chain.call({ from, to: PERMIT2, data: data(signature) });
          // It is one that Permit2 accepts from the Safe's owner.
          await send(await signAsSafe(of().account, digest));
          for (const method of ["exact", "upto"] as const)
            for (const payload of await payloadsOver(digest, { of: of(), method })) {
              expect(await asks(digest, payload, of().account)).to.equal(false);
              await revertOf(send(payload));
            }
        });
    });

    it("name the key where the account wraps the digest, and then need its signature too", async () => {
      await accepts({ namesKey: true });
      await rejects({ namesKey: true, by: stranger });
      await rejects({ namesKey: true, wrap: (digest) => digest });
      await rejects({ namesKey: true, wrap: (digest) => signedPayment(alice, digest) });
    });
    it("need what the key signed to the last bit", async () => {
      const { digest, payload, owner } = await signPayment({ of: of(), method: "upto" });
      expect(await asks(digest, payload, owner)).to.equal(true);
      for (let i = 0; i < payload.length - 2; i += 1) {
        const at = 2 + i;
        const flipped = (Number.parseInt(payload[at] as string, 16) ^ 1).toString(16);
        const other = `${payload.slice(0, at)}${flipped}${payload.slice(at + 1)}` as Hex;
        expect(await asks(digest, other, owner), `digit ${i}`).to.equal(false);
      }
      for (let length = 0; length < payload.length - 2; length += 2)
        expect(await asks(digest, payload.slice(0, 2 + length) as Hex, owner)).to.equal(false);
      expect(await asks(digest, concat([payload, "0x00"]), owner)).to.equal(false);
    });
    it("settle from a session of several budgets, with the others left out", async () => {
      const both = of({
        salt: 4n,
        budgets: [budget({ token: alice, signatures: 0, sizes: 0 }), permit2Budget()],
      });
      await chain.send(enable(both));
      const { data } = await transaction({ of: both, budgetIndex: 1 });
      expect(data.length).to.be.lessThan(
        (await transaction({ of: both, budgetIndex: 1, leftOut: {} })).data.length,
      );
      await settle({ of: both, budgetIndex: 1 });
      expect(await paid()).to.equal(USD);
    });
  });
