import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { hashSession } from "@latchkey/sdk";
import {
  encodeEnable,
  encodePause,
  encodeResume,
  encodeRevoke,
  encodeRevokeAll,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  authorizationOf,
  balanceOf,
  bob,
  DAY,
  ENABLED,
  epochOf,
  errorIn,
  execute,
  executeSigned,
  granterOf,
  grantOf,
  install,
  installWithoutGranter,
  isInitialized,
  isPaused,
  mallory,
  pay,
  REVOKED,
  sendUserOp,
  sessionOf,
  settle,
  stateOf,
  stranger,
  TOKEN_REFUSED,
  UNKNOWN,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

/** What an account tells of the error that its execution failed with: a Safe7579 keeps it to itself. */
const reported = ({ kind }: ModularAccount, error: string) => (kind === "safe7579" ? undefined : error);

describe("a session", () => {
  onEveryAccount((account) => {
    const session = (changes: Parameters<typeof sessionOf>[1] = {}) => sessionOf(account(), changes);
    const grant = (of = session()) => grantOf(account(), of);

    describe("that the owner grants", () => {
      beforeEach(async () => {
        await install(account());
      });

      it("has the granter and is installed", async () => {
        expect(await granterOf(account().address)).to.equal(account().granter);
        expect(await isInitialized(account().address)).to.equal(true);
        expect(await stateOf(session())).to.equal(UNKNOWN);
      });
      it("is enabled by the key's first execution, with the grant carried", async () => {
        await execute(session(), [pay(alice, USD)], await grant());
        expect(await stateOf(session())).to.equal(ENABLED);
        expect(await balanceOf(alice)).to.equal(USD);
        await execute(session(), [pay(bob, 5n)]);
        expect(await balanceOf(bob)).to.equal(5n);
      });
      it("is enabled by a relayer who submits what the key signed", async () => {
        await executeSigned(session(), [pay(alice, USD)], await grant());
        expect(await stateOf(session())).to.equal(ENABLED);
        expect(await balanceOf(alice)).to.equal(USD);
        expect(await refusal(executeSigned(session(), [pay(alice, USD)]))).to.include("NonceAlreadyUsed");
        await executeSigned(session(), [pay(alice, USD)], "0x", { nonce: 1n });
        expect(await balanceOf(alice)).to.equal(2n * USD);
      });
      it("is enabled by its first userOp, and no longer needs the grant", async () => {
        const first = await sendUserOp(account(), session(), [pay(alice, USD)], { grant: await grant() });
        expect(first.success, first.reason).to.equal(true);
        expect(await stateOf(session())).to.equal(ENABLED);
        const second = await sendUserOp(account(), session(), [pay(alice, USD), pay(bob, 0n)]);
        expect(second.success, second.reason).to.equal(true);
        expect(await balanceOf(alice)).to.equal(2n * USD);
      });
      it("pays USDC with just a signature that carries the grant", async () => {
        await settle(account(), session(), { grant: await grant() });
        expect(await balanceOf(alice)).to.equal(USD);
        expect(await stateOf(session())).to.equal(UNKNOWN);
      });
      it("does nothing without the grant", async () => {
        expect(await refusal(execute(session(), [pay(alice, USD)]))).to.include("NotGranted");
        expect(await refusal(executeSigned(session(), [pay(alice, USD)]))).to.include("NotGranted");
        expect(await refusal(sendUserOp(account(), session(), [pay(alice, USD)]))).to.include("AA24");
        expect(await refusal(settle(account(), session()))).to.match(TOKEN_REFUSED);
        expect(await balanceOf(alice)).to.equal(0n);
      });
      it("does nothing with the grant of another session", async () => {
        const other = await grant(session({ salt: 2n }));
        expect(await refusal(execute(session(), [pay(alice, USD)], other))).to.include("NotGranted");
        expect(
          await refusal(sendUserOp(account(), session(), [pay(alice, USD)], { grant: other })),
        ).to.include("AA24");
        expect(await refusal(settle(account(), session(), { grant: other }))).to.match(TOKEN_REFUSED);
      });
      it("does nothing with only a grant's prefix", async () => {
        const { granter } = account();
        expect(await refusal(execute(session(), [pay(alice, USD)], granter))).to.include("NotGranted");
        expect(await refusal(settle(account(), session(), { grant: granter }))).to.match(TOKEN_REFUSED);
      });
      it("obeys its key only", async () => {
        await execute(session(), [pay(alice, 1n)], await grant());
        const calls = [pay(alice, USD)];
        expect(await refusal(execute(session(), calls, "0x", stranger.address))).to.include("NotKey");
        expect(await refusal(executeSigned(session(), calls, "0x", { by: stranger }))).to.include(
          "InvalidKeySignature",
        );
        expect(await refusal(sendUserOp(account(), session(), calls, { by: stranger }))).to.include("AA24");
        expect(await refusal(settle(account(), session(), { by: stranger }))).to.match(TOKEN_REFUSED);
      });
    });

    it("cannot be granted by a signature without a granter", async () => {
      await installWithoutGranter(account());
      expect(await granterOf(account().address)).to.equal("0x");
      expect(await refusal(execute(session(), [pay(alice, USD)], await grant()))).to.include("NotGranted");
      expect(
        await refusal(sendUserOp(account(), session(), [pay(alice, USD)], { grant: await grant() })),
      ).to.include("AA24");
      expect(await refusal(settle(account(), session(), { grant: await grant() }))).to.match(TOKEN_REFUSED);
      await account().execute([encodeEnable({ module: world().module, session: session() })]);
      await execute(session(), [pay(alice, USD)]);
      expect(await balanceOf(alice)).to.equal(USD);
    });

    describe("that is enabled with the installation", () => {
      beforeEach(async () => {
        await install(account(), { sessions: [session(), session({ salt: 2n })] });
      });

      it("works immediately, and so does the next", async () => {
        expect(await stateOf(session())).to.equal(ENABLED);
        await execute(session({ salt: 2n }), [pay(bob, USD)]);
        const { success, reason } = await sendUserOp(account(), session(), [pay(alice, USD)]);
        expect(success, reason).to.equal(true);
        expect(await balanceOf(alice)).to.equal(USD);
        expect(await balanceOf(bob)).to.equal(USD);
      });
      it("pays by signatures, in slots of several sizes", async () => {
        await settle(account(), session());
        await settle(account(), session(), { value: USD / 4n, slot: { lot: 1n, size: 1 } });
        await settle(account(), session(), {
          to: bob,
          value: USD / 4n,
          slot: { lot: 1n, size: 1, index: 1n },
        });
        expect(await balanceOf(alice)).to.equal(USD + USD / 4n);
        expect(await balanceOf(bob)).to.equal(USD / 4n);
      });
      it("does not exceed perTransaction", async () => {
        const calls = [pay(alice, USD), pay(alice, 1n)];
        expect(await refusal(execute(session(), calls))).to.include("PerTransactionExceeded");
        expect(await refusal(executeSigned(session(), calls))).to.include("PerTransactionExceeded");
        const { success, reason } = await sendUserOp(account(), session(), calls);
        expect(success).to.equal(false);
        expect(errorIn(reason)).to.equal(reported(account(), "PerTransactionExceeded"));
        expect(await refusal(settle(account(), session(), { value: USD + 1n }))).to.match(TOKEN_REFUSED);
        expect(await balanceOf(alice)).to.equal(0n);
      });
      it("pays nobody but its recipients", async () => {
        const calls = [pay(mallory, 1n)];
        expect(await refusal(execute(session(), calls))).to.include("RecipientNotAllowed");
        expect(await refusal(executeSigned(session(), calls))).to.include("RecipientNotAllowed");
        const { success, reason } = await sendUserOp(account(), session(), calls);
        expect(success).to.equal(false);
        expect(errorIn(reason)).to.equal(reported(account(), "RecipientNotAllowed"));
        expect(await refusal(settle(account(), session(), { to: mallory }))).to.match(TOKEN_REFUSED);
        expect(await balanceOf(mallory)).to.equal(0n);
      });
      it("does not exceed perPeriod over all rails together, and continues in the next period", async () => {
        await execute(session(), [pay(alice, USD)]);
        expect((await sendUserOp(account(), session(), [pay(alice, USD)])).success).to.equal(true);
        await settle(account(), session());
        expect(await balanceOf(alice)).to.equal(3n * USD);
        expect(await refusal(execute(session(), [pay(alice, 1n)]))).to.match(/PeriodExceeded|LotOpened/);
        expect((await sendUserOp(account(), session(), [pay(alice, 1n)])).success).to.equal(false);
        for (const lot of [0n, 1n, 2n]) {
          const slot = { lot, size: 1, index: 0n };
          expect(await refusal(settle(account(), session(), { value: 1n, slot }))).to.match(TOKEN_REFUSED);
        }
        expect(await balanceOf(alice)).to.equal(3n * USD);
        await world().connection.networkHelpers.time.increase(DAY);
        expect((await sendUserOp(account(), session(), [pay(alice, USD)])).success).to.equal(true);
        expect(await balanceOf(alice)).to.equal(4n * USD);
      });
      it("may not use a slot of another period", async () => {
        expect(await refusal(settle(account(), session(), { period: 1n }))).to.match(TOKEN_REFUSED);
      });
      it("ends at validUntil", async () => {
        await world().connection.networkHelpers.time.increase(7 * DAY);
        expect(await refusal(execute(session(), [pay(alice, 1n)]))).to.include("Expired");
        expect(await refusal(sendUserOp(account(), session(), [pay(alice, 1n)]))).to.match(/AA22/);
      });
      it("ends on every rail once the owner revokes it, while others continue", async () => {
        await account().execute([encodeRevoke({ module: world().module, session: session() })]);
        expect(await stateOf(session())).to.equal(REVOKED);
        expect(await refusal(execute(session(), [pay(alice, 1n)], await grant()))).to.include(
          "SessionIsRevoked",
        );
        expect(await refusal(executeSigned(session(), [pay(alice, 1n)], await grant()))).to.include(
          "SessionIsRevoked",
        );
        for (const carried of ["0x", await grant()] as const) {
          const userOp = sendUserOp(account(), session(), [pay(alice, 1n)], { grant: carried });
          expect(await refusal(userOp)).to.include("AA24");
        }
        expect(await refusal(settle(account(), session()))).to.match(TOKEN_REFUSED);
        expect(await refusal(settle(account(), session(), { grant: await grant() }))).to.match(TOKEN_REFUSED);
        await settle(account(), session({ salt: 2n }));
        await execute(session({ salt: 2n }), [pay(alice, 1n)]);
      });
      it("is rejected on every rail while paused, and earlier signatures are valid again afterwards", async () => {
        const { module } = world();
        const unused = session({ salt: 3n });
        const carried = await grant(unused);
        const pending = await authorizationOf(account(), session());
        const ask = () =>
          world().testChain.client.verifyHash({
            address: account().address,
            hash: pending.digest,
            signature: pending.signature,
          });
        await account().execute([session(), unused].map((of) => encodePause({ module, session: of })));
        expect([await isPaused(session()), await stateOf(session())]).to.deep.equal([true, ENABLED]);
        expect([await isPaused(unused), await stateOf(unused)]).to.deep.equal([true, UNKNOWN]);
        expect(await ask()).to.equal(false);
        for (const [of, given] of [
          [session(), "0x"],
          [unused, carried],
        ] as const) {
          expect(await refusal(execute(of, [pay(alice, 1n)], given))).to.include("SessionIsPaused");
          expect(await refusal(executeSigned(of, [pay(alice, 1n)], given))).to.include("SessionIsPaused");
          expect(await refusal(sendUserOp(account(), of, [pay(alice, 1n)], { grant: given }))).to.include(
            "AA24",
          );
          const settled = settle(account(), of, given === "0x" ? {} : { grant: given });
          expect(await refusal(settled)).to.match(TOKEN_REFUSED);
        }
        await execute(session({ salt: 2n }), [pay(bob, 1n)]);
        await account().execute([session(), unused].map((of) => encodeResume({ module, session: of })));
        expect(await ask()).to.equal(true);
        await settle(account(), session());
        await settle(account(), unused, { grant: carried });
        await execute(unused, [pay(alice, 1n)], carried);
        expect(await balanceOf(alice)).to.equal(2n * USD + 1n);
      });
      it("ends with all others, and every unused grant, once the owner revokes all", async () => {
        const unused = session({ salt: 3n });
        const carried = await grant(unused);
        await account().execute([encodeRevokeAll({ module: world().module })]);
        expect(await epochOf(account().address)).not.to.equal(0n);
        for (const [of, given] of [
          [session(), "0x"],
          [session({ salt: 2n }), "0x"],
          [unused, carried],
        ] as const) {
          expect(await refusal(execute(of, [pay(alice, 1n)], given))).to.include("WrongEpoch");
          expect(await refusal(sendUserOp(account(), of, [pay(alice, 1n)], { grant: given }))).to.include(
            "AA24",
          );
        }
        expect(await refusal(settle(account(), session()))).to.match(TOKEN_REFUSED);
        expect(await refusal(settle(account(), unused, { grant: carried }))).to.match(TOKEN_REFUSED);
        const next = session({ epoch: await epochOf(account().address) });
        await execute(next, [pay(alice, USD)], await grant(next));
        expect(await balanceOf(alice)).to.equal(USD);
      });
    });

    it("does not affect the account's other signatures", async () => {
      await install(account(), { sessions: [session()] });
      const { digest, signature } = await authorizationOf(account(), session());
      const ask = (hash: typeof digest, by: typeof signature) =>
        world().testChain.client.verifyHash({ address: account().address, hash, signature: by });
      expect(await ask(digest, signature)).to.equal(true);
      const other = hashSession(session({ salt: 9n }));
      expect(await ask(other, signature)).to.equal(false);
      expect(await ask(other, await account().sign(other))).to.equal(true);
      expect(await ask(digest, await account().sign(other))).to.equal(false);
    });
  });
});
