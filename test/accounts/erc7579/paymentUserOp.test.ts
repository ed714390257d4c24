import { deployMock } from "@latchkey/accounts/deployMock";
import { encodeBatch, type ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { PLENTY_OF_GAS, RELAYER } from "@latchkey/devchain";
import { ANYONE, type Budget, type Session } from "@latchkey/sdk";
import { encodePause, encodeResume, encodeRevoke, encodeRevokeAll } from "@latchkey/sdk/encoding";
import {
  encodePaymentUserOpCallData,
  encodePaymentUserOpSignature,
  validatorNonceKey,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Address,
  concat,
  decodeEventLog,
  encodeAbiParameters,
  encodeFunctionData,
  encodePacked,
  type Hex,
  pad,
  size,
  slice,
  zeroAddress,
} from "viem";
import { entryPoint07Abi, type PackedUserOperation } from "viem/account-abstraction";
import { type LeftOut, packed } from "../../contracts/sessionBytes.ts";
import type { ModularAccountName } from "../../environment/erc7579/World7579.ts";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  balanceOf,
  bob,
  budget,
  DAY,
  ENABLED,
  epochOf,
  erc7579ModuleAbi,
  execute,
  executeSigned,
  gasSpentBy,
  grantOf,
  install,
  key,
  mallory,
  nextBlockAt,
  now,
  type PaymentUserOpChanges,
  pay,
  payByUserOp,
  paymentUserOpOf,
  REVOKED,
  sendUserOp,
  sessionOf,
  someone,
  spentOf,
  stateOf,
  stranger,
  UNKNOWN,
  USD,
  validationOf,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

/** $1 at once, $3 a day, to Alice and Bob, without signed authorizations. */
const payable = (changes: Partial<Budget> = {}): Budget => budget({ signatures: 0, sizes: 0, ...changes });
const payableBy = (account: ModularAccount, changes: Partial<Session> = {}): Session =>
  sessionOf(account, { budgets: [payable()], ...changes });

/** Most wei that a userOp of these tests may cost. */
const COST =
  (PLENTY_OF_GAS.verification + PLENTY_OF_GAS.call + PLENTY_OF_GAS.preVerification) * PLENTY_OF_GAS.fee;

/** Includes userOps in one block, in one bundle; whether each execution went well. */
async function bundle(account: ModularAccount, userOps: readonly PackedUserOperation[]): Promise<boolean[]> {
  const data = encodeFunctionData({
    abi: entryPoint07Abi,
    functionName: "handleOps",
    args: [userOps, RELAYER],
  });
  const { logs } = await world().testChain.send({ from: RELAYER, to: account.entryPoint.address, data });
  return logs
    .filter(({ address }) => address.toLowerCase() === account.entryPoint.address.toLowerCase())
    .map(({ topics, data }) => decodeEventLog({ abi: entryPoint07Abi, topics, data }))
    .flatMap((event) => (event.eventName === "UserOperationEvent" ? [event.args.success] : []));
}

/** The account asks the module about a userOp without its EntryPoint, as only its owner could make it do. */
const validateForGood = async (account: ModularAccount, userOp: PackedUserOperation) =>
  world().testChain.send({
    from: account.address,
    to: world().module,
    data: encodeFunctionData({
      abi: erc7579ModuleAbi,
      functionName: "validateUserOp",
      args: [userOp, await account.entryPoint.hash(userOp)],
    }),
  });

const encodeSignature = (session: Session, period: bigint, keySignature: Hex): Hex =>
  encodePaymentUserOpSignature({ session: { module: world().module, session }, period, keySignature });
/** The 65 bytes of the key, in such a signature. */
const keySignatureIn = (signature: Hex): Hex => slice(signature, 0, 65);

describe("a userOp in which the account pays itself", () => {
  onEveryAccount((account) => {
    const session = (changes: Partial<Session> = {}) => payableBy(account(), changes);
    const enabled = async (...sessions: Session[]) => {
      await install(account(), { sessions: sessions.length > 0 ? sessions : [session()] });
    };
    const payment = (changes: PaymentUserOpChanges = {}, of = session()) =>
      payByUserOp(account(), of, changes);
    /** Expects that the EntryPoint includes it, and that it pays. */
    const paid = async (changes: PaymentUserOpChanges = {}, of = session()) => {
      const { success, reason } = await payment(changes, of);
      expect(success, reason).to.equal(true);
    };
    /** Expects that the module rejects, and so does the EntryPoint, and that nothing is charged. */
    const refused = async (changes: PaymentUserOpChanges = {}, of = session()) => {
      const userOp = await paymentUserOpOf(account(), of, changes);
      expect(await validationOf(account(), userOp)).to.equal(1n);
      expect(await refusal(account().entryPoint.handle(userOp))).to.include("AA24");
    };
    /** Whether the EntryPoint takes the first second of a window; the later versions begin with the second. */
    const beginsAtOnce = () => account().entryPoint.version === "0.7";

    it("moves the money and is charged", async () => {
      await enabled();
      await paid();
      expect([await balanceOf(alice), await spentOf(session())]).to.deep.equal([USD, USD]);
      expect(await stateOf(session())).to.equal(ENABLED);
    });
    it("enables the session with its grant, permanently", async () => {
      await install(account());
      await refused();
      await paid({ grant: await grantOf(account(), session()) });
      expect([await stateOf(session()), await spentOf(session())]).to.deep.equal([ENABLED, USD]);
      await paid({ to: bob, amount: 5n });
      expect([await balanceOf(alice), await balanceOf(bob)]).to.deep.equal([USD, 5n]);
      expect([await stateOf(session()), await spentOf(session())]).to.deep.equal([ENABLED, USD + 5n]);
    });
    it("pays all of perTransaction and of perPeriod, and not a unit more", async () => {
      await enabled();
      await refused({ amount: USD + 1n });
      for (let i = 0; i < 2; i++) await paid();
      await paid({ amount: USD - 1n });
      await refused({ amount: 2n });
      await paid({ amount: 1n });
      await refused({ amount: 1n });
      expect([await balanceOf(alice), await spentOf(session())]).to.deep.equal([3n * USD, 3n * USD]);
    });
    it("charges nothing for zero", async () => {
      await enabled();
      const { success, receipt } = await payment({ amount: 0n });
      expect(success).to.equal(true);
      const { module } = world();
      expect(receipt.logs.filter((log) => log.address.toLowerCase() === module.toLowerCase())).to.deep.equal(
        [],
      );
      expect(await spentOf(session())).to.equal(0n);
    });
    it("only pays recipients, or anyone if the session allows it", async () => {
      const anyone = session({ salt: 2n, budgets: [payable({ recipients: [ANYONE] })] });
      await enabled(session(), anyone);
      for (const to of [mallory, account().address, world().module]) await refused({ to });
      await paid({ to: bob });
      await paid({ to: mallory }, anyone);
      expect([await balanceOf(bob), await balanceOf(mallory)]).to.deep.equal([USD, USD]);
    });
    it("charges the second budget for its token", async () => {
      const other = someone("another token").address;
      const of = session({ budgets: [payable({ token: other }), payable({ perPeriod: USD + 1n })] });
      await install(account());
      await paid({ grant: await grantOf(account(), of) }, of);
      expect([await spentOf(of, 0n), await spentOf(of, 1n)]).to.deep.equal([0n, USD]);
      await refused({ amount: 2n }, of);
      await paid({ amount: 1n }, of);
      expect(await stateOf(of)).to.equal(ENABLED);
      await refused({ token: mallory }, of);
    });

    describe("in the period that its key names", () => {
      it("is not included before or after it: the account passes the window on", async () => {
        await enabled();
        const start = session().validAfter;
        expect(await refusal(payment({ period: 1n }))).to.include("AA22");
        expect(await refusal(payment({ period: 6n }))).to.include("AA22");
        const early = await paymentUserOpOf(account(), session(), { period: 1n });
        await nextBlockAt(start + DAY + 100);
        expect(await refusal(payment({ period: 0n }))).to.include("AA22");
        expect((await account().entryPoint.handle(early)).success, "its time has come").to.equal(true);
        expect(await spentOf(session())).to.equal(USD);
        expect(await refusal(payment({ period: 2n }))).to.include("AA22");
      });
      it("is included in its first second, or the next, and in its last", async () => {
        await enabled();
        const start = session().validAfter;
        const late = await paymentUserOpOf(account(), session());
        const [first, second] = (await Promise.all(
          [0n, 1n].map((behind) =>
            paymentUserOpOf(account(), session(), { period: 1n, behind: behind + 1n }),
          ),
        )) as [PackedUserOperation, PackedUserOperation];
        await nextBlockAt(start + DAY - 1);
        expect((await account().entryPoint.handle(late)).success, "its last second").to.equal(true);
        await nextBlockAt(start + DAY);
        if (beginsAtOnce()) {
          expect((await account().entryPoint.handle(first)).success, "its first second").to.equal(true);
          expect((await account().entryPoint.handle(second)).success).to.equal(true);
          expect(await spentOf(session())).to.equal(2n * USD);
        } else {
          expect(await refusal(account().entryPoint.handle(first)), "its first second").to.include("AA22");
          await nextBlockAt(start + DAY + 1);
          expect((await account().entryPoint.handle(first)).success, "its second").to.equal(true);
          expect(await spentOf(session())).to.equal(USD);
        }
      });
      it("is not included in the second after its last, nor is one of the next period before that", async () => {
        await enabled();
        const end = session().validAfter + DAY;
        const late = await paymentUserOpOf(account(), session());
        const early = await paymentUserOpOf(account(), session(), { period: 1n });
        await nextBlockAt(end - 1);
        expect(await refusal(account().entryPoint.handle(early))).to.include("AA22");
        await nextBlockAt(end);
        expect(await refusal(account().entryPoint.handle(late))).to.include("AA22");
      });
      it("ends with the session, which cuts the last period short", async () => {
        const validUntil = now() + DAY + 600;
        const of = session({ validUntil });
        await enabled(of);
        const [last, later] = (await Promise.all(
          [0n, 1n].map((behind) => paymentUserOpOf(account(), of, { period: 1n, behind })),
        )) as [PackedUserOperation, PackedUserOperation];
        await nextBlockAt(validUntil - 1);
        expect((await account().entryPoint.handle(last)).success, "the session's last second").to.equal(true);
        await nextBlockAt(validUntil);
        expect(await refusal(account().entryPoint.handle(later))).to.include("AA22");
        await refused({ period: 2n }, of);
      });
      it("is rejected past the session, up to the maximum number", async () => {
        await enabled();
        for (const period of [8n, 9n, 2n ** 47n, 2n ** 48n - 1n]) {
          await refused({ period });
        }
        expect(await spentOf(session())).to.equal(0n);
      });
      it("is not included before the session starts, nor once it has expired", async () => {
        const early = session({ salt: 2n, validAfter: now() + DAY });
        const over = session({ salt: 3n, validAfter: 0, validUntil: now() - 1, budgets: [payable()] });
        await enabled(early, over);
        expect(await refusal(payment({}, early))).to.include("AA22");
        const last = BigInt(Math.floor((now() - 2) / DAY));
        expect(await refusal(payment({ period: last }, over))).to.include("AA22");
      });
      it("never has an unlimited window, as a last second of 0 would mean", async () => {
        const of = session({ validAfter: 0, budgets: [payable({ period: 1 })] });
        await enabled(of);
        await refused({ period: 0n }, of);
        expect(await refusal(payment({ period: 1n }, of))).to.include("AA22");
        const userOp = await paymentUserOpOf(account(), of, { period: BigInt(now() + 500) });
        await nextBlockAt(now() + 500);
        const attempt = account().entryPoint.handle(userOp);
        // Where an EntryPoint begins with a window's second second, a window of one second has none.
        if (beginsAtOnce()) expect((await attempt).success).to.equal(true);
        else expect(await refusal(attempt)).to.include("AA22");
      });
      it("never moves the meter back, even if the account itself charges a later period", async () => {
        await enabled();
        await validateForGood(account(), await paymentUserOpOf(account(), session(), { period: 2n }));
        await refused({ amount: 1n });
        expect(await refusal(execute(session(), [pay(alice, 1n)]))).to.include("PeriodExceeded");
        expect(await refusal(executeSigned(session(), [pay(alice, 1n)]))).to.include("PeriodExceeded");
        expect((await sendUserOp(account(), session(), [pay(alice, 1n)])).success).to.equal(false);
        expect(await balanceOf(alice)).to.equal(0n);
        await nextBlockAt(session().validAfter + 2 * DAY + 100);
        await paid({ period: 2n });
        expect(await spentOf(session()), "of the later period all stays charged").to.equal(2n * USD);
        await nextBlockAt(session().validAfter + 3 * DAY + 100);
        await paid({ period: 3n });
      });
    });

    it("in a bundle: each is charged before any pays, and one too many stops all", async () => {
      await enabled();
      const ops = (count: number) =>
        Promise.all(
          Array.from({ length: count }, (_, i) =>
            paymentUserOpOf(account(), session(), { behind: BigInt(i), to: i === 1 ? bob : alice }),
          ),
        );
      expect(await refusal(bundle(account(), await ops(4)))).to.match(/revert|AA24/);
      expect([await spentOf(session()), await balanceOf(alice)]).to.deep.equal([0n, 0n]);
      expect(await bundle(account(), await ops(3))).to.deep.equal([true, true, true]);
      expect([await balanceOf(alice), await balanceOf(bob)]).to.deep.equal([2n * USD, USD]);
      expect(await spentOf(session())).to.equal(3n * USD);
    });
    it("shares the meter with executions of every kind", async () => {
      await enabled();
      await execute(session(), [pay(alice, USD)]);
      await paid();
      await executeSigned(session(), [pay(alice, USD / 2n)]);
      await refused({ amount: USD / 2n + 1n });
      await paid({ amount: USD / 4n });
      const { success } = await sendUserOp(account(), session(), [pay(alice, USD / 4n)]);
      expect(success).to.equal(true);
      for (const attempt of [
        execute(session(), [pay(alice, 1n)]),
        executeSigned(session(), [pay(alice, 1n)], "0x", { nonce: 1n }),
      ]) {
        expect(await refusal(attempt)).to.include("PeriodExceeded");
      }
      await refused({ amount: 1n });
      expect([await balanceOf(alice), await spentOf(session())]).to.deep.equal([3n * USD, 3n * USD]);
    });
    it("is rejected once the session or everything is revoked, or without a grant", async () => {
      const [revoked, ended, unknown] = [session(), session({ salt: 2n }), session({ salt: 3n })];
      await enabled(revoked, ended);
      const { module } = world();
      await paid({}, ended);
      await account().execute([encodeRevoke({ module, session: revoked })]);
      expect(await stateOf(revoked)).to.equal(REVOKED);
      await refused({ grant: await grantOf(account(), revoked) }, revoked);
      await refused({}, unknown);
      await refused({ grant: await grantOf(account(), revoked) }, unknown);
      await account().execute([encodeRevokeAll({ module })]);
      await refused({}, ended);
      await refused({ grant: await grantOf(account(), unknown) }, unknown);
      const renewed = session({ epoch: await epochOf(account().address) });
      await paid({ grant: await grantOf(account(), renewed) }, renewed);
    });
    it("only uses the session's paymaster, and respects the gas allowance to the wei", async () => {
      const { address: paymaster } = world().paymasters[account().entryPoint.version];
      const sponsored = session({ salt: 2n, paymaster });
      const counted = session({ salt: 3n, gasAllowance: 2n * COST - 1n });
      await enabled(session(), sponsored, counted);
      await paid({ sponsored: true }, sponsored);
      await refused({ sponsored: true });
      await paid({}, counted);
      expect(await gasSpentBy(counted)).to.equal(COST);
      await refused({}, counted);
      expect([await gasSpentBy(counted), await spentOf(counted)]).to.deep.equal([COST, USD]);
      await paid({ gas: { preVerification: PLENTY_OF_GAS.preVerification - 1n } }, counted);
      expect(await balanceOf(alice)).to.equal(3n * USD);
    });

    describe("whose transfer fails", () => {
      /** Expects that it is included and charged, and moves nothing. */
      const failing = async () => {
        const before = await balanceOf(account().address);
        const { success } = await payment();
        expect(success).to.equal(false);
        expect([await balanceOf(alice), await balanceOf(account().address)]).to.deep.equal([0n, before]);
        expect([await spentOf(session()), await stateOf(session())]).to.deep.equal([USD, ENABLED]);
      };
      beforeEach(() => enabled());

      it("stays charged and moves nothing: a recipient on the blacklist", async () => {
        await world().usdc.blacklist(alice);
        await failing();
        await paid({ to: bob });
        await paid({ to: bob });
        await refused({ to: bob, amount: 1n });
      });
      it("stays charged and moves nothing: USDC is paused", async () => {
        await world().usdc.pause();
        await failing();
        await world().usdc.unpause();
        await paid();
      });
      it("stays charged and moves nothing: the balance is short", async () => {
        await world().usdc.deal(account().address, USD - 1n);
        await failing();
      });
    });

    describe("signed by anyone but the key, or for something else", () => {
      beforeEach(() => enabled(session(), session({ salt: 2n })));
      const sent = async (change: (userOp: PackedUserOperation) => Promise<Hex> | Hex, before = {}) => {
        const userOp = await paymentUserOpOf(account(), session(), before);
        return account().entryPoint.handle({ ...userOp, signature: await change(userOp) });
      };

      it("is rejected: over the plain userOpHash, as for the other form", async () => {
        const attempt = sent(async (userOp) =>
          encodeSignature(session(), 0n, await key.sign({ hash: await account().entryPoint.hash(userOp) })),
        );
        expect(await refusal(attempt)).to.include("AA24");
      });
      it("is rejected: a bundler substitutes another session of the same key, or another period", async () => {
        const other = session({ salt: 2n });
        const asOther = ({ signature }: PackedUserOperation) =>
          encodeSignature(other, 0n, keySignatureIn(signature));
        expect(await refusal(sent(asOther))).to.include("AA24");
        const now = ({ signature }: PackedUserOperation) =>
          encodeSignature(session(), 0n, keySignatureIn(signature));
        expect(await refusal(sent(now, { period: 1n }))).to.include("AA24");
        expect((await sent(now)).success, "as it is").to.equal(true);
        expect([await spentOf(session()), await spentOf(other)]).to.deep.equal([USD, 0n]);
      });
      it("is refused: by a stranger", async () => {
        await refused({ by: stranger });
      });
    });

    describe("in any other form", () => {
      it("is rejected by the module without a revert, and by the account, and moves nothing", async function () {
        this.timeout(120_000);
        const of = session({ budgets: [payable({ recipients: [ANYONE] })] });
        await enabled(of);
        for (const [form, callData] of Object.entries(otherForms(account()))) {
          const userOp = await paymentUserOpOf(account(), of, { callData });
          expect(await validationOf(account(), userOp), form).to.equal(1n);
          // A Kernel refuses some by itself, before it asks.
          expect(await refusal(account().entryPoint.handle(userOp)), form).to.match(
            account().kind === "kernel" ? /AA2[34]/ : /AA24/,
          );
        }
        expect([await balanceOf(alice), await spentOf(of)]).to.deep.equal([0n, 0n]);
        await paid({}, of);
      });
      it("is refused: signed authorizations spend the budget, it is a stream, or the native coin's", async () => {
        const slots = session({ budgets: [budget()] });
        const stream = session({ salt: 2n, budgets: [payable({ initial: 3n * USD, perSecond: 1n })] });
        const native = session({ salt: 3n, budgets: [payable({ token: zeroAddress })] });
        await enabled(slots, stream, native);
        await refused({}, slots);
        await refused({}, stream);
        await refused({ token: zeroAddress, amount: 0n }, native);
        await refused({ token: zeroAddress }, native);
      });
      it("is refused: a signature that is short, or huge, or whose session cannot be read", async () => {
        await enabled();
        const userOp = await paymentUserOpOf(account(), session());
        const { signature } = userOp;
        const [head, packed] = [slice(signature, 0, 91), slice(signature, 91, size(signature) - 20)];
        const zeros: Hex = `0x${"00".repeat(20)}`;
        const without = (count: number) => slice(packed, 0, size(packed) - count);
        for (const [name, changed] of Object.entries({
          nothing: "0x",
          "65 bytes": keySignatureIn(signature),
          "its head": head,
          "its head and the zeros": concat([head, zeros]),
          "half of it": slice(signature, 0, Math.floor(size(signature) / 2)),
          "all but the session's last byte": concat([head, without(1), zeros]),
          "all but its own last byte": slice(signature, 0, size(signature) - 1),
          "a list of actions that is left out, without its hash": concat([head, without(1), "0xff", zeros]),
          "more budgets than there can be": concat([
            head,
            slice(packed, 0, 15),
            `0x${"ff".repeat(40)}`,
            zeros,
          ]),
          "another key": concat([slice(signature, 0, 71), mallory, slice(signature, 91)]),
          huge: concat([head, `0x${"ff".repeat(4000)}`]),
        } as Record<string, Hex>)) {
          const spoilt = { ...userOp, signature: changed };
          expect(await validationOf(account(), spoilt), name).to.equal(1n);
          expect(await refusal(account().entryPoint.handle(spoilt)), name).to.include("AA24");
        }
        expect((await account().entryPoint.handle(userOp)).success, "as it is").to.equal(true);
      });
      it("is rejected from another account", async () => {
        const other = Object.values(world().accounts).find(({ address }) => address !== account().address);
        if (!other) throw new Error("there is no other account");
        await install(other);
        await enabled();
        const userOp = await paymentUserOpOf(other, session(), { grant: await grantOf(other, session()) });
        expect(await validationOf(other, userOp)).to.equal(1n);
        expect(await refusal(other.entryPoint.handle(userOp))).to.include("AA24");
        expect(await spentOf(session())).to.equal(0n);
      });
    });
    it("omits parts it does not need from its signature, once the session is enabled", async () => {
      const other = payable({ token: someone("another token").address });
      const of = session({
        budgets: [payable(), other],
        actions: [{ target: mallory, selector: "0x12345678", rules: [] }],
      });
      const { module } = world();
      await install(account());
      const grant = await grantOf(account(), of);
      const leaving = async (leftOut: LeftOut, carried: Hex = "0x") => {
        const userOp = await paymentUserOpOf(account(), of);
        const keySignature = keySignatureIn(userOp.signature);
        const whole = encodePaymentUserOpSignature({
          session: { module, session: of },
          period: 0n,
          keySignature,
        });
        const signature = concat([slice(whole, 0, 91), packed(of, leftOut), carried, `0x${"00".repeat(20)}`]);
        return account().entryPoint.handle({ ...userOp, signature });
      };
      const rest = { budgets: [1], actions: true };
      expect(await refusal(leaving(rest, grant))).to.include("AA24");
      expect(await stateOf(of)).to.equal(UNKNOWN);
      expect((await leaving({}, grant)).success, "the whole one").to.equal(true);
      expect((await leaving(rest)).success).to.equal(true);
      expect(await refusal(leaving({ budgets: [0] }))).to.include("AA24");
      await paid({}, of);
      expect([await balanceOf(alice), await spentOf(of)]).to.deep.equal([3n * USD, 3n * USD]);
    });
    it("is rejected while the session is paused, enabled or granted, and accepted afterwards", async () => {
      const { module } = world();
      const granted = session({ salt: 2n });
      await enabled();
      const grant = await grantOf(account(), granted);
      await account().execute([
        encodePause({ module, session: session() }),
        encodePause({ module, session: granted }),
      ]);
      await refused();
      await refused({ grant }, granted);
      expect([await spentOf(session()), await stateOf(granted)]).to.deep.equal([0n, UNKNOWN]);
      await account().execute([
        encodeResume({ module, session: session() }),
        encodeResume({ module, session: granted }),
      ]);
      await paid();
      await paid({ grant }, granted);
    });
    it("keeps the session UNKNOWN if it is rejected with a valid grant", async () => {
      await install(account());
      const grant = await grantOf(account(), session());
      for (const changes of [{ amount: USD + 1n }, { to: mallory }, { period: 8n }, { by: stranger }]) {
        await refused({ ...changes, grant });
      }
      expect(await stateOf(session())).to.equal(UNKNOWN);
    });
  });
});

describe("a payment by userOp during a measured execution", () => {
  onEveryAccount((account) => {
    it("is charged both by itself and by its effect, so that the execution hides nothing", async () => {
      const { testChain } = world();
      const { entryPoint } = account();
      const caller = await deployMock(testChain, "Caller");
      const session = payableBy(account(), {
        actions: [{ target: caller.address, selector: "0x12345678", rules: [] }],
      });
      await install(account(), { sessions: [session] });
      /** The target of an action hands a payment in while it is called. */
      const executeAround = async () => {
        const userOp = await paymentUserOpOf(account(), session);
        const args = [[userOp], RELAYER] as const;
        const data = encodeFunctionData({ abi: entryPoint07Abi, functionName: "handleOps", args });
        await caller.write("plan", [entryPoint.address, 0n, data]);
        return execute(session, [{ target: caller.address, value: 0n, data: "0x12345678" }]);
      };
      if (entryPoint.version === "0.9") {
        // This EntryPoint takes bundles from senders without code only.
        expect(await refusal(executeAround())).to.include("CallFailed");
        return;
      }
      await executeAround();
      expect([await balanceOf(alice), await spentOf(session)]).to.deep.equal([USD, 2n * USD]);
      expect(await refusal(executeAround())).to.include("PeriodExceeded");
      expect([await balanceOf(alice), await spentOf(session)]).to.deep.equal([USD, 2n * USD]);
    });
  });
});

/** One account shows it: the order of a bundle is the EntryPoint's. */
const isOne = (name: ModularAccountName) => name === "OpenZeppelin AccountERC7579 on EntryPoint 0.8";

describe("a payment by userOp and a revocation", () => {
  onEveryAccount((account) => {
    it("in one bundle, the revocation first: it still pays, since a bundle is validated before it is executed", async () => {
      const { module } = world();
      const session = payableBy(account());
      await install(account(), { sessions: [session] });
      const { entryPoint, address, granter, kind } = account();
      const { to, value, data } = encodeRevoke({ module, session });
      const draft = await entryPoint.draft({
        sender: address,
        nonceKey: validatorNonceKey({ kind, validator: granter }),
        callData: encodeBatch([{ to, value, data }]),
      });
      // The owner's word behind the validator's address, which a userOp names in its nonce.
      const signed = await account().sign(await entryPoint.hash(draft));
      const revocation = { ...draft, signature: slice(signed, size(granter)) };
      const payment = await paymentUserOpOf(account(), session);
      const next = await paymentUserOpOf(account(), session, { behind: 1n });
      expect(await bundle(account(), [revocation, payment])).to.deep.equal([true, true]);
      expect([await stateOf(session), await balanceOf(alice)]).to.deep.equal([REVOKED, USD]);
      expect(await refusal(entryPoint.handle(next))).to.include("AA24");
    });
  }, isOne);
});

/** Ways to say in callData what the one form says, or something near to it. */
function otherForms({ address }: ModularAccount): Record<string, Hex> {
  const token = world().usdc.address;
  const plain = encodePaymentUserOpCallData({ token, to: alice, amount: USD });
  const transfer = pay(alice, USD).data;
  const executing = (mode: Hex, execution: Hex): Hex =>
    concat([
      slice(plain, 0, 4),
      encodeAbiParameters([{ type: "bytes32" }, { type: "bytes" }], [mode, execution]),
    ]);
  const single = (data: Hex, value = 0n, target: Address = token) =>
    executing(pad("0x"), encodePacked(["address", "uint256", "bytes"], [target, value, data]));
  const packed = encodePacked(["address", "uint256", "bytes"], [token, 0n, transfer]);
  const batch = encodeAbiParameters(
    [{ type: "tuple[]", components: [{ type: "address" }, { type: "uint256" }, { type: "bytes" }] }],
    [[[token, 0n, transfer]]],
  );
  const mode = (bytes: Hex): Hex => pad(bytes, { size: 32, dir: "right" });
  const withByte = (at: number, byte: Hex): Hex =>
    concat([slice(plain, 0, at), byte, ...(at + 1 < size(plain) ? [slice(plain, at + 1)] : [])]);
  return {
    nothing: "0x",
    "227 bytes": slice(plain, 0, 227),
    "229 bytes": concat([plain, "0x00"]),
    "260 bytes": concat([plain, pad("0x")]),
    "padding that is not zero": withByte(227, "0x01"),
    "a recipient with a bit above the address": withByte(167, "0x01"),
    "a value": single(transfer, 1n),
    approve: single(concat(["0x095ea7b3", slice(transfer, 4)])),
    transferFrom: single(concat(["0x23b872dd", pad(address), slice(transfer, 4)])),
    "a transfer with a byte behind": single(concat([transfer, "0x00"])),
    "another token": single(transfer, 0n, mallory),
    "the account as its target": single(transfer, 0n, address),
    "the batch mode": executing(mode("0x01"), batch),
    "the batch mode, of a single call": executing(mode("0x01"), packed),
    "the mode that lets calls fail": executing(mode("0x0001"), packed),
    "a delegatecall": executing(mode("0xff"), packed),
    "a static call": executing(mode("0xfe"), packed),
    "a mode with a payload": executing(pad("0x01"), packed),
    "executeUserOp before it": concat(["0x8dd7712f", plain]),
    executeFromExecutor: concat(["0xd691c964", slice(plain, 4)]),
    "no selector that anything has": concat(["0xdeadbeef", slice(plain, 4)]),
    "another offset": concat([slice(plain, 0, 36), pad("0x60"), slice(plain, 68)]),
  };
}
