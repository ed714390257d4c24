import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodePacked,
  getAddress,
  type Hex,
  pad,
  parseSignature,
  serializeSignature,
  size,
  slice,
  toHex,
  zeroAddress,
} from "viem";
import { signPaymentUserOp } from "#sdk/agent/userOp/signPaymentUserOp.ts";
import { hashSession } from "#sdk/session/hashSession.ts";
import { ANYONE } from "#sdk/session/Session.ts";
import { executeData } from "../../erc7562/plainAccounts.ts";
import { type LeftOut, partsOf } from "../sessionBytes.ts";
import {
  ACCOUNT,
  budgetOf,
  byAccount,
  CHAIN_ID,
  call,
  DAY,
  enable,
  encode,
  epochOf,
  eventsOf,
  executeOf,
  gasSpentBy,
  grantDigest,
  install,
  installData,
  isPaused,
  isValidSignatureData,
  key,
  MAX_UINT128,
  MODULE,
  NO,
  OTHER_ACCOUNT,
  pause,
  payee,
  paymasterAndDataOf,
  refused,
  resume,
  send,
  session,
  setTime,
  stateOf,
  stranger,
  T0,
  teach,
  USER_OP_HASH,
  useAccounts,
  validate,
  validateForGood,
  validationOf,
  YES,
} from "./erc7579Fixture.ts";
import {
  between,
  budget,
  encodePaymentSignature,
  type PaymentOpChanges,
  payCallData,
  paying,
  paymentDigest,
  paymentOp,
  TOKEN,
  transferData,
} from "./paymentFixture.ts";

/** executeFromExecutor(bytes32,bytes) */
const EXECUTE_FROM_EXECUTOR = "0xd691c964";
const OTHER = getAddress(`0x${"b2".repeat(20)}`);
const OTHER_TOKEN = getAddress(`0x${"c3".repeat(20)}`);
/** The order of secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const FIRST_DAY = between(T0, T0 + DAY);

/** What the validator says to a payment. */
const validating = async (of = paying(), changes: PaymentOpChanges = {}) =>
  validate(await paymentOp(of, changes));
/** Validates a payment for good, and tells the module's events. */
const paid = async (of = paying(), changes: PaymentOpChanges = {}) =>
  eventsOf(await validateForGood(await paymentOp(of, changes)));

describe("ERC7579SessionModule.validateUserOp of a payment", () => {
  useAccounts();

  describe("of an enabled session", () => {
    beforeEach(() => enable(paying()));

    it("is accepted with the period's window, charges the budget and emits Spent", async () => {
      expect(await validating()).to.equal(FIRST_DAY);
      expect(await paid()).to.deep.equal([
        {
          name: "Spent",
          account: ACCOUNT,
          id: hashSession(paying()),
          token: TOKEN,
          period: 0n,
          amount: 1000n,
        },
      ]);
      expect((await budgetOf(paying())).spent).to.equal(1000n);
      expect(await stateOf(paying()), "the meter holds the state as well").to.equal("ENABLED");
    });
    it("accepts what the SDK signs", async () => {
      const signature = await signPaymentUserOp(key, {
        session: { module: MODULE, session: paying() },
        chainId: CHAIN_ID,
        period: 0n,
        userOpHash: USER_OP_HASH,
      });
      expect(await validating(paying(), { signature })).to.equal(FIRST_DAY);
    });
    it("allows all of perTransaction and not one more", async () => {
      expect(await validating(paying(), { amount: 1001n })).to.equal(NO);
      for (const amount of [2n ** 128n, 2n ** 255n, 2n ** 256n - 1n]) {
        expect(await validating(paying(), { amount })).to.equal(NO);
      }
      expect(await validating(paying(), { amount: 1000n })).to.equal(FIRST_DAY);
    });
    it("allows all of perPeriod and not one more", async () => {
      await paid();
      await paid();
      expect(await validating(paying(), { amount: 501n })).to.equal(NO);
      expect(await paid(paying(), { amount: 501n })).to.deep.equal([]);
      expect((await budgetOf(paying())).spent).to.equal(2000n);
      await paid(paying(), { amount: 500n });
      expect((await budgetOf(paying())).spent).to.equal(2500n);
      expect(await validating(paying(), { amount: 1n })).to.equal(NO);
      expect(await validating(paying(), { amount: 0n }), "nothing is left, and nothing asked").to.equal(
        FIRST_DAY,
      );
      expect(await validating(paying(), { period: 1n })).to.equal(between(T0 + DAY, T0 + 2 * DAY));
    });
    it("charges nothing for zero", async () => {
      expect(await validating(paying(), { amount: 0n })).to.equal(FIRST_DAY);
      expect(await paid(paying(), { amount: 0n })).to.deep.equal([]);
      await paid();
      await paid(paying(), { amount: 0n, period: 3n });
      expect((await budgetOf(paying())).spent, "and leaves the meter's period as it is").to.equal(1000n);
    });
    it("pays recipients only", async () => {
      for (const to of [stranger.address, ACCOUNT, MODULE, TOKEN, zeroAddress, ANYONE]) {
        expect(await validating(paying(), { to })).to.equal(NO);
      }
      const two = paying({ salt: 2n }, [budget({ recipients: [OTHER, payee] })]);
      const anyone = paying({ salt: 3n }, [budget({ recipients: [ANYONE] })]);
      await enable(two);
      await enable(anyone);
      for (const [of, to, good] of [
        [two, payee, true],
        [two, OTHER, true],
        [two, stranger.address, false],
        [anyone, stranger.address, true],
        [anyone, ACCOUNT, true],
      ] as const) {
        expect(await validating(of, { to })).to.equal(good ? FIRST_DAY : NO);
      }
    });
    it("only pays tokens with a budget, without a revert", async () => {
      for (const token of [OTHER_TOKEN, zeroAddress, MODULE, ACCOUNT]) {
        expect(await validating(paying(), { token })).to.equal(NO);
      }
      const none = paying({ salt: 2n }, []);
      await enable(none);
      expect(await validating(none)).to.equal(NO);
      expect(await validating(none, { token: zeroAddress })).to.equal(NO);
    });
    it("does not use the native coin's budget for a token", async () => {
      const native = session();
      await enable(native);
      expect(await validating(native, { token: zeroAddress })).to.equal(NO);
      expect(await validating(native, { token: zeroAddress, amount: 0n })).to.equal(NO);
    });
    it("charges the budget of its token, each in its own period", async () => {
      const of = paying({ salt: 2n }, [
        budget(),
        budget({ token: OTHER_TOKEN, period: 3600, perPeriod: 1000n }),
      ]);
      await enable(of);
      const other = { token: OTHER_TOKEN, period: 23n, amount: 700n };
      expect(await validating(of, other)).to.equal(between(T0 + 23 * 3600, T0 + 24 * 3600));
      expect(await paid(of, other)).to.deep.equal([
        {
          name: "Spent",
          account: ACCOUNT,
          id: hashSession(of),
          token: OTHER_TOKEN,
          period: 23n,
          amount: 700n,
        },
      ]);
      expect(await validating(of, { ...other, amount: 301n })).to.equal(NO);
      expect(await validating(of, { ...other, amount: 300n })).not.to.equal(NO);
      expect((await budgetOf(of, 0)).spent).to.equal(0n);
      await paid(of);
      await setTime(T0 + 23 * 3600);
      expect([(await budgetOf(of, 0)).spent, (await budgetOf(of, 1)).spent]).to.deep.equal([1000n, 700n]);
      expect(await stateOf(of)).to.equal("ENABLED");
    });
    it("rejects a budget with slot sizes, whose lots would require calls to the token", async () => {
      const of = paying({ salt: 2n }, [budget({ signatures: 1, sizes: 1 }), budget({ token: OTHER_TOKEN })]);
      await enable(of);
      expect(await validating(of)).to.equal(NO);
      expect(await validating(of, { amount: 0n })).to.equal(NO);
      expect(await validating(of, { token: OTHER_TOKEN })).to.equal(FIRST_DAY);
    });
    it("refuses a stream, which releases by the second", async () => {
      const of = paying({ salt: 2n }, [budget({ initial: 2500n, perSecond: 1n })]);
      await enable(of);
      expect(await validating(of)).to.equal(NO);
    });
    it("shares the meter with executions, to the last unit", async () => {
      await paid();
      const pay = (amount: bigint) => ({
        from: key.address,
        to: MODULE,
        data: encode("execute", [
          paying(),
          "0x",
          [{ target: TOKEN, value: 0n, data: transferData(payee, amount) }],
        ]),
      });
      await refused(call(pay(1001n)), "PerTransactionExceeded", TOKEN, 1001n, 1000n);
      await paid();
      await refused(call(pay(501n)), "PeriodExceeded", TOKEN, 501n, 500n, T0 + DAY);
    });
  });

  describe("in the period that is named", () => {
    it("gives each period's own window, the last one cut short by the session's end", async () => {
      const of = paying({ validUntil: T0 + 2 * DAY + 10 });
      await enable(of);
      expect(await validating(of, { period: 0n })).to.equal(FIRST_DAY);
      expect(await validating(of, { period: 1n })).to.equal(between(T0 + DAY, T0 + 2 * DAY));
      expect(await validating(of, { period: 2n })).to.equal(between(T0 + 2 * DAY, T0 + 2 * DAY + 10));
      expect(await validating(of, { period: 3n })).to.equal(NO);
    });
    it("has no period that begins when the session ends", async () => {
      const of = paying({ validUntil: T0 + 2 * DAY });
      await enable(of);
      expect(await validating(of, { period: 1n })).to.equal(between(T0 + DAY, T0 + 2 * DAY));
      expect(await validating(of, { period: 2n })).to.equal(NO);
    });
    it("rejects period numbers past the session, up to the maximum", async () => {
      const of = paying();
      await enable(of);
      for (const period of [7n, 8n, 2n ** 32n, 2n ** 47n, 2n ** 48n - 1n]) {
        expect(await validating(of, { period }), `${period}`).to.equal(NO);
        expect(await paid(of, { period })).to.deep.equal([]);
      }
      expect(await validating(of)).to.equal(FIRST_DAY);
    });
    it("does not read the clock: the result is the same before and after the window", async () => {
      const of = paying({ validAfter: T0 + 30 * DAY, validUntil: T0 + 60 * DAY });
      await enable(of);
      expect(await validating(of)).to.equal(between(T0 + 30 * DAY, T0 + 31 * DAY));
      await setTime(T0 + 90 * DAY);
      expect(await validating(of)).to.equal(between(T0 + 30 * DAY, T0 + 31 * DAY));
    });
    it("never returns 0 for the last second, which would mean no limit", async () => {
      const first = paying({ validAfter: 0, validUntil: 100 }, [budget({ period: 1 })]);
      await install(installData("0x", [first]));
      expect(await validating(first, { period: 0n })).to.equal(NO);
      expect(await validating(first, { period: 0n, amount: 0n })).to.equal(NO);
      expect(await validating(first, { period: 1n })).to.equal(between(1, 2));
      expect(await validating(first, { period: 99n })).to.equal(between(99, 100));
      const two = paying({ validAfter: 0, validUntil: 100 }, [budget({ period: 2 })]);
      await install(installData("0x", [two]));
      expect(await validating(two, { period: 0n })).to.equal(1n << 160n);
      const second = paying({ validAfter: 1, validUntil: 100 }, [budget({ period: 1 })]);
      await install(installData("0x", [second]));
      expect(await validating(second, { period: 0n })).to.equal(between(1, 2));
    });
    it("packs the latest possible end, without the bit that an EntryPoint reads as block numbers", async () => {
      const last = paying({ validAfter: 2 ** 47 - 11, validUntil: 2 ** 47 - 1 }, [budget({ period: 9 })]);
      await enable(last);
      expect(await validating(last, { period: 1n })).to.equal(between(2 ** 47 - 2, 2 ** 47 - 1));
      const long = paying({ validUntil: 2 ** 47 - 1 }, [budget({ period: 2 ** 32 - 1 })]);
      await enable(long);
      const from = (k: bigint) => BigInt(T0) + k * (2n ** 32n - 1n);
      expect(await validating(long, { period: 32_767n })).to.equal(between(from(32_767n), 2n ** 47n - 1n));
      expect(await validating(long, { period: 32_768n })).to.equal(NO);
    });
    it("never moves a meter back: spending in a later period closes earlier ones", async () => {
      const of = paying();
      await enable(of);
      await paid(of, { period: 2n, amount: 300n });
      const { released, spent } = await budgetOf(of);
      expect(spent, "and it is said to be all spent, no more").to.equal(released);
      for (const period of [0n, 1n]) {
        expect(await validating(of, { period, amount: 1n })).to.equal(NO);
        expect(await paid(of, { period, amount: 1n })).to.deep.equal([]);
      }
      const data = encode("execute", [
        of,
        "0x",
        [{ target: TOKEN, value: 0n, data: transferData(payee, 1n) }],
      ]);
      await refused(call({ from: key.address, to: MODULE, data }), "PeriodExceeded", TOKEN, 1n, 0n, T0 + DAY);
      await paid(of, { period: 2n, amount: 700n });
      await setTime(T0 + 2 * DAY);
      expect((await budgetOf(of)).spent).to.equal(1000n);
      expect(await validating(of, { period: 3n })).to.equal(between(T0 + 3 * DAY, T0 + 4 * DAY));
    });
    it("keeps a budget in its period if a later execution only charges another budget", async () => {
      const native = session().budgets;
      const of = paying({}, [budget(), ...native]);
      await enable(of);
      await paid(of);
      await teach(EXECUTE_FROM_EXECUTOR, encodeAbiParameters([{ type: "bytes[]" }], [["0x"]]));
      await setTime(T0 + DAY);
      const logs = await send({ from: key.address, to: MODULE, data: executeOf(of) });
      expect(eventsOf(logs)).to.deep.equal([
        {
          name: "Spent",
          account: ACCOUNT,
          id: hashSession(of),
          token: zeroAddress,
          period: 1n,
          amount: 1000n,
        },
      ]);
      expect(await validating(of, { period: 0n }), "for the EntryPoint to refuse").to.equal(FIRST_DAY);
      expect(await paid(of, { period: 0n })).to.have.length(1);
      expect((await budgetOf(of)).spent).to.equal(0n);
      expect(await validating(of, { period: 0n }), "of what that period still has").to.equal(NO);
    });
    it("ignores what an earlier period spent", async () => {
      const of = paying();
      await enable(of);
      for (const period of [0n, 0n, 1n]) await paid(of, { period });
      await setTime(T0 + DAY);
      expect((await budgetOf(of)).spent).to.equal(1000n);
    });
  });

  describe("only accepts the key's signature for this session, period and userOp:", () => {
    beforeEach(() => enable(paying()));
    const signedBy = async (keySignature: Hex | Promise<Hex>) =>
      validating(paying(), { signature: encodePaymentSignature(paying(), "0x", 0n, await keySignature) });

    const { sign } = key;
    const NOT_THE_KEYS: Record<string, () => Hex | Promise<Hex>> = {
      "no signature": () => "0x",
      "another key's": () => stranger.sign({ hash: paymentDigest(paying()) }),
      "over the bare userOpHash": () => sign({ hash: USER_OP_HASH }),
      "over the userOpHash as a message": () => key.signMessage({ message: { raw: USER_OP_HASH } }),
      "over the digest as a message": () => key.signMessage({ message: { raw: paymentDigest(paying()) } }),
      "over another userOpHash": () => sign({ hash: paymentDigest(paying(), { userOpHash: pad("0x01") }) }),
      "for another period": () => sign({ hash: paymentDigest(paying(), { period: 1n }) }),
      "for another session": () => sign({ hash: paymentDigest(paying({ salt: 2n })) }),
      "for another chain": () => sign({ hash: paymentDigest(paying(), { chainId: CHAIN_ID + 1 }) }),
      "for another module": () => sign({ hash: paymentDigest(paying(), { module: OTHER }) }),
      "with a high s": async () => {
        const { r, s, yParity } = parseSignature(await sign({ hash: paymentDigest(paying()) }));
        return serializeSignature({ r, s: toHex(ORDER - BigInt(s), { size: 32 }), yParity: 1 - yParity });
      },
      "of 64 bytes": async () => slice(await sign({ hash: paymentDigest(paying()) }), 0, 64),
      "of 66 bytes": async () => concat([await sign({ hash: paymentDigest(paying()) }), "0x00"]),
      "of zeros": () => `0x${"00".repeat(65)}`,
    };
    for (const [name, made] of Object.entries(NOT_THE_KEYS)) {
      it(`refuses one ${name}`, async () => expect(await signedBy(made())).to.equal(NO));
    }
    it("rejects another session of the same key substituted by a bundler", async () => {
      const other = paying({ salt: 2n });
      await enable(other);
      const keySignature = await sign({ hash: paymentDigest(paying()) });
      const swapped = encodePaymentSignature(other, "0x", 0n, keySignature);
      expect(await validating(paying(), { signature: swapped })).to.equal(NO);
      expect(await validating(other)).to.equal(FIRST_DAY);
    });
    it("rejects another period substituted by a bundler", async () => {
      const keySignature = await sign({ hash: paymentDigest(paying()) });
      for (const period of [1n, 6n]) {
        const swapped = encodePaymentSignature(paying(), "0x", period, keySignature);
        expect(await validating(paying(), { signature: swapped })).to.equal(NO);
      }
    });
    it("rejects the other form's signature, and vice versa", async () => {
      const bare = await sign({ hash: USER_OP_HASH });
      expect(await validating(paying(), { signature: bare })).to.equal(NO);
      const calls = [{ target: TOKEN, value: 0n, data: transferData(payee, 1n) }];
      const callData = executeData(MODULE, 0n, encode("execute", [paying(), "0x", calls]));
      expect(await validating(paying(), { callData })).to.equal(NO);
      const digest = await sign({ hash: paymentDigest(paying()) });
      expect(await validating(paying(), { callData, signature: digest })).to.equal(NO);
      expect(await validating(paying(), { callData, signature: bare })).to.equal(between(T0, T0 + 7 * DAY));
    });
    it("accepts it unchanged", async () => {
      expect(await signedBy(sign({ hash: paymentDigest(paying()) }))).to.equal(FIRST_DAY);
    });
  });

  describe("enforces the rules for every userOp:", () => {
    it("refuses a caller that is not the sender, and another account's session", async () => {
      await enable(paying());
      const userOp = await paymentOp(paying());
      for (const from of [stranger.address, OTHER_ACCOUNT, key.address, MODULE]) {
        expect(await validate(userOp, from)).to.equal(NO);
      }
      expect(await validate({ ...userOp, sender: OTHER_ACCOUNT })).to.equal(NO);
      expect(await validate({ ...userOp, sender: OTHER_ACCOUNT }, ACCOUNT)).to.equal(NO);
    });
    it("refuses another account, even with the grant of that one's owner", async () => {
      await install(installData("0x"), OTHER_ACCOUNT);
      await refused(
        send(byAccount("enable", [paying()], OTHER_ACCOUNT)),
        "NotAccount",
        OTHER_ACCOUNT,
        ACCOUNT,
      );
      await teach("0x1626ba7e", YES, { account: OTHER_ACCOUNT });
      await install(installData(OTHER), OTHER_ACCOUNT);
      const userOp = await paymentOp(paying(), { grant: concat([OTHER, "0x12"]), sender: OTHER_ACCOUNT });
      expect(await validate(userOp)).to.equal(NO);
      expect(eventsOf(await validateForGood(userOp))).to.deep.equal([]);
    });
    it("rejects a userOp with an appended outsider's address", async () => {
      await enable(paying());
      const { from, to, data } = validationOf(await paymentOp(paying()));
      expect(BigInt(await call({ from, to, data }))).to.equal(FIRST_DAY);
      for (const changed of [
        concat([data, stranger.address]),
        concat([slice(data, 0, size(data) - 20), stranger.address]),
        concat([slice(data, 0, size(data) - 1), "0x01"]),
      ]) {
        expect(BigInt(await call({ from, to, data: changed }))).to.equal(NO);
      }
    });
    it("rejects a session that is revoked, renounced, of a past epoch, or not enabled", async () => {
      expect(await validating()).to.equal(NO);
      await enable(paying());
      const renounced = paying({ salt: 2n });
      await enable(renounced);
      await send({ from: key.address, to: MODULE, data: encode("renounce", [renounced]) });
      expect(await validating(renounced)).to.equal(NO);
      const old = paying({ salt: 3n });
      await enable(old);
      await send(byAccount("revoke", [hashSession(paying())]));
      expect(await validating()).to.equal(NO);
      expect(await validating(old)).to.equal(FIRST_DAY);
      await send(byAccount("revokeAll", []));
      expect(await validating(old)).to.equal(NO);
      const renewed = paying({ salt: 3n, epoch: await epochOf() });
      await enable(renewed);
      expect(await validating(renewed)).to.equal(FIRST_DAY);
    });
    it("rejects a session that differs from the enabled one in any limit", async () => {
      await enable(paying());
      for (const changed of [
        { amount: 1001n, of: paying({}, [budget({ perTransaction: 1001n })]) },
        { of: paying({}, [budget({ perPeriod: 2501n })]) },
        { of: paying({}, [budget({ period: 1 })]) },
        { of: paying({ validUntil: T0 + 8 * DAY }) },
        { to: OTHER, of: paying({}, [budget({ recipients: [OTHER] })]) },
        { of: paying({ key: stranger.address }), by: stranger },
      ]) {
        const { of, ...changes } = changed;
        expect(await validating(of, changes)).to.equal(NO);
      }
    });
    it("only allows the session's paymaster, without a truncated one", async () => {
      for (const [salt, allowed] of [
        [1n, zeroAddress],
        [2n, OTHER],
        [3n, ANYONE],
      ] as const) {
        const of = paying({ salt, paymaster: allowed });
        await enable(of);
        const says = (paymasterAndData: Hex) => validating(of, { paymasterAndData });
        expect(await says("0x")).to.equal(FIRST_DAY);
        const one = paymasterAndDataOf(OTHER);
        expect(await says(one)).to.equal(allowed === zeroAddress ? NO : FIRST_DAY);
        expect(await says(slice(one, 0, 51))).to.equal(NO);
        const another = paymasterAndDataOf(stranger.address);
        expect(await says(another)).to.equal(allowed === ANYONE ? FIRST_DAY : NO);
        expect(await says(paymasterAndDataOf(zeroAddress))).to.equal(NO);
      }
    });
    it("charges gas to gasAllowance, and charges neither if either is too much", async () => {
      const of = paying({ gasAllowance: 100n });
      await enable(of);
      expect(await paid(of, { gas: { execution: 101n, fee: 1n } })).to.deep.equal([]);
      expect((await budgetOf(of)).spent).to.equal(0n);
      expect(await paid(of, { gas: { execution: 10n, fee: 1n }, amount: 1001n })).to.deep.equal([]);
      expect(await gasSpentBy(of)).to.equal(0n);
      await paid(of, { gas: { execution: 60n, fee: 1n } });
      expect([await gasSpentBy(of), (await budgetOf(of)).spent]).to.deep.equal([60n, 1000n]);
      expect(await validating(of, { gas: { verification: 41n, fee: 1n } })).to.equal(NO);
      expect(await validating(of, { gas: { preVerification: 40n, fee: 1n } })).to.equal(FIRST_DAY);
    });
    it("rejects excessive limits and fees without a revert", async () => {
      for (const gasAllowance of [MAX_UINT128, MAX_UINT128 - 1n]) {
        const of = paying({ gasAllowance });
        await enable(of);
        for (const gas of [
          { preVerification: 2n ** 256n - 1n, fee: 1n },
          { execution: MAX_UINT128 },
          { fee: 2n ** 120n },
        ]) {
          expect(await validating(of, { gas })).to.equal(NO);
        }
      }
    });
  });

  describe("of a session that is not enabled", () => {
    const GRANTER = OTHER;
    const grant = concat([GRANTER, "0x1234"]);
    const yesTo = (signature: Hex, of = paying()) =>
      teach(isValidSignatureData(grantDigest(of, CHAIN_ID), signature), YES);
    beforeEach(() => install(installData(GRANTER)));

    it("enables it with the owner's grant, and charges it: the state and the amount share a word", async () => {
      await yesTo(grant);
      const events = await paid(paying(), { grant });
      expect(events.map(({ name }) => name)).to.deep.equal(["SessionEnabled", "Spent"]);
      expect(await stateOf(paying())).to.equal("ENABLED");
      expect((await budgetOf(paying())).spent).to.equal(1000n);
      expect(await paid(paying(), { grant: "0xdead" })).to.have.length(1);
      expect((await budgetOf(paying())).spent).to.equal(2000n);
    });
    it("enables it with a payment from the second budget, or of zero", async () => {
      const two = paying({ salt: 2n }, [budget(), budget({ token: OTHER_TOKEN })]);
      await yesTo(grant, two);
      await paid(two, { grant, token: OTHER_TOKEN });
      expect(await stateOf(two)).to.equal("ENABLED");
      expect([(await budgetOf(two, 0)).spent, (await budgetOf(two, 1)).spent]).to.deep.equal([0n, 1000n]);
      await yesTo(grant);
      expect((await paid(paying(), { grant, amount: 0n })).map(({ name }) => name)).to.deep.equal([
        "SessionEnabled",
      ]);
      expect(await stateOf(paying())).to.equal("ENABLED");
    });
    it("does not change state for a userOp rejected after its grant was accepted", async () => {
      await yesTo(grant);
      for (const changes of [
        { by: stranger },
        { amount: 1001n },
        { to: stranger.address },
        { period: 7n },
        { period: 2n ** 48n - 1n },
        { token: OTHER_TOKEN },
      ]) {
        expect(await validating(paying(), { grant, ...changes })).to.equal(NO);
        expect(await paid(paying(), { grant, ...changes })).to.deep.equal([]);
      }
      expect(await stateOf(paying())).to.equal("UNKNOWN");
    });
    it("rejects a grant for another or a revoked session, no grant, and one the account does not accept", async () => {
      await yesTo(grant);
      expect(await validating(paying({ salt: 2n }), { grant })).to.equal(NO);
      expect(await validating(paying())).to.equal(NO);
      expect(await validating(paying(), { grant: concat([stranger.address, "0x1234"]) })).to.equal(NO);
      expect(await validating(paying(), { grant })).to.equal(FIRST_DAY);
      await send(byAccount("revoke", [hashSession(paying())]));
      expect(await validating(paying(), { grant })).to.equal(NO);
    });
    it("rejects a granted session that violates a bound, without a revert", async () => {
      await teach("0x1626ba7e", YES);
      const flawed = [
        paying({ validUntil: T0 }),
        paying({ validUntil: 2 ** 47 }),
        paying({ key: ACCOUNT }),
        paying({}, [budget({ perTransaction: 2n, perPeriod: 1n })]),
        paying({}, [budget({ period: 0 })]),
        paying({}, [budget({ recipients: [zeroAddress] })]),
        paying({}, [budget({ recipients: [payee, ANYONE] })]),
        paying({}, [budget(), budget()]),
        paying({}, [budget({ token: MODULE })]),
        paying({ actions: [{ target: TOKEN, selector: "0x12345678", rules: [] }] }),
      ];
      for (const of of flawed) {
        const token = of.budgets[0]?.token ?? TOKEN;
        expect(await validating(of, { grant, token, amount: 1n })).to.equal(NO);
      }
      expect(await validating(paying(), { grant })).to.equal(FIRST_DAY);
    });
  });

  describe("accepts only one form of callData:", () => {
    beforeEach(() => enable(paying({}, [budget({ recipients: [ANYONE] })])));
    const of = () => paying({}, [budget({ recipients: [ANYONE] })]);
    const plain = payCallData();
    const word = (bytes: Hex, at: number, value: bigint): Hex =>
      concat([slice(bytes, 0, at), toHex(value, { size: 32 }), slice(bytes, at + 32)]);
    const dirty = (bytes: Hex, at: number): Hex => {
      const was = Number(slice(bytes, at, at + 1));
      const parts: Hex[] = [slice(bytes, 0, at), toHex(was ^ 1, { size: 1 })];
      if (at + 1 < size(bytes)) parts.push(slice(bytes, at + 1));
      return concat(parts);
    };
    const single = (target: Address, value: bigint, data: Hex) => executeData(target, value, data);
    const packed = (data: Hex, value = 0n) =>
      encodePacked(["address", "uint256", "bytes"], [TOKEN, value, data]);
    const transferFrom = concat(["0x23b872dd", pad(ACCOUNT), pad(payee), pad("0x01")]);
    const OTHERS: Record<string, Hex> = {
      nothing: "0x",
      "the selector alone": slice(plain, 0, 4),
      "227 bytes": slice(plain, 0, 227),
      "229 bytes": concat([plain, "0x00"]),
      "a word behind": concat([plain, pad("0x")]),
      "the packed call without its padding": slice(plain, 0, 220),
      "executeUserOp before it": concat(["0x8dd7712f", plain]),
      "another selector": concat(["0xe9ae5c54", slice(plain, 4)]),
      executeFromExecutor: concat(["0xd691c964", slice(plain, 4)]),
      "the batch mode": dirty(plain, 4),
      "the mode that lets calls fail": dirty(plain, 5),
      "a delegatecall": concat([slice(plain, 0, 4), "0xff", slice(plain, 5)]),
      "a mode with a selector": dirty(plain, 12),
      "a mode with a payload": dirty(plain, 35),
      "another offset": word(plain, 36, 96n),
      "an offset of 0": word(plain, 36, 0n),
      "a length of 119": word(plain, 68, 119n),
      "a length of 128": word(plain, 68, 128n),
      "a value": single(TOKEN, 1n, transferData(payee, 1n)),
      "a value of 2^255": single(TOKEN, 2n ** 255n, transferData(payee, 1n)),
      approve: single(TOKEN, 0n, concat(["0x095ea7b3", slice(transferData(payee, 1n), 4)])),
      transferFrom: single(TOKEN, 0n, transferFrom),
      "no call at all": single(TOKEN, 0n, "0x"),
      "an address with a bit above": dirty(plain, 167),
      "an address with the highest bit": dirty(plain, 156),
      ...Object.fromEntries(
        Array.from({ length: 8 }, (_, i) => [`padding that is not zero, byte ${i}`, dirty(plain, 220 + i)]),
      ),
      "a payment with a byte more": single(TOKEN, 0n, concat([transferData(payee, 1n), "0x00"])),
      "a batch of the one call": concat([
        "0xe9ae5c53",
        pad("0x01", { dir: "right" }),
        slice(
          encodeAbiParameters(
            [{ type: "bytes32" }, { type: "bytes" }],
            [pad("0x"), packed(transferData(payee, 1n))],
          ),
          32,
        ),
      ]),
    };
    for (const [name, callData] of Object.entries(OTHERS)) {
      it(`refuses ${name}`, async () => {
        const op = await paymentOp(of(), { callData });
        expect(await validate(op)).to.equal(NO);
        expect(eventsOf(await validateForGood(op))).to.deep.equal([]);
      });
    }
    it("accepts that form", async () => {
      expect(await validating(of(), { callData: plain })).to.equal(FIRST_DAY);
    });
  });

  describe("accepts a session with omitted parts", () => {
    const of = () =>
      paying({ actions: [{ target: OTHER, selector: "0x12345678", rules: [] }] }, [
        budget(),
        budget({ token: OTHER_TOKEN }),
      ]);
    it("if the payment needs none of them, and charges the same as for the complete one", async () => {
      await enable(of());
      for (const leftOut of [
        {},
        { budgets: [1] },
        { actions: true },
        { budgets: [1], actions: true },
      ] as LeftOut[])
        expect(await validating(of(), { leftOut })).to.equal(FIRST_DAY);
      const leftOut = { budgets: [1], actions: true };
      expect(await paid(of(), { leftOut })).to.deep.equal([
        { name: "Spent", account: ACCOUNT, id: hashSession(of()), token: TOKEN, period: 0n, amount: 1000n },
      ]);
      await paid(of(), { leftOut: { budgets: [0], actions: true }, token: OTHER_TOKEN });
      expect([(await budgetOf(of(), 0)).spent, (await budgetOf(of(), 1)).spent]).to.deep.equal([
        1000n,
        1000n,
      ]);
      expect(await validating(of(), { leftOut, amount: 1001n })).to.equal(NO);
      expect(await validating(of(), { leftOut, to: stranger.address })).to.equal(NO);
      expect(await stateOf(of())).to.equal("ENABLED");
    });
    it("but not without its own budget, for any token", async () => {
      await enable(of());
      for (const token of [TOKEN, zeroAddress, ANYONE]) {
        for (const leftOut of [{ budgets: [0] }, { budgets: [0, 1] }]) {
          for (const amount of [0n, 1n])
            expect(await validating(of(), { leftOut, token, amount })).to.equal(NO);
          expect(await paid(of(), { leftOut, token })).to.deep.equal([]);
        }
      }
      expect((await budgetOf(of())).spent).to.equal(0n);
    });
    it("but not with another hash: that is another session", async () => {
      await enable(of());
      const leftOut = { budgets: [1] };
      const { signature } = await paymentOp(of(), { leftOut });
      const other = paying({ actions: of().actions }, [
        budget(),
        budget({ token: OTHER_TOKEN, perTransaction: 1n }),
      ]);
      const keySignature = slice(signature, 0, 65);
      const swapped = encodePaymentSignature(other, "0x", 0n, keySignature, leftOut);
      expect(size(swapped)).to.equal(size(signature));
      expect(await validating(of(), { signature: swapped })).to.equal(NO);
      expect(await validating(other, { leftOut }), "nor where the key signs for it").to.equal(NO);
      expect(await validating(of(), { signature })).to.equal(FIRST_DAY);
    });
    it("but not with a grant, before it is enabled; afterwards the grant is ignored", async () => {
      const grant = concat([OTHER, "0x1234"]);
      await install(installData(OTHER));
      await teach("0x1626ba7e", YES);
      for (const leftOut of [{ budgets: [1] }, { actions: true }]) {
        expect(await validating(of(), { grant, leftOut })).to.equal(NO);
        expect(await paid(of(), { grant, leftOut })).to.deep.equal([]);
      }
      expect(await stateOf(of())).to.equal("UNKNOWN");
      await paid(of(), { grant });
      expect(await validating(of(), { grant, leftOut: { budgets: [1], actions: true } })).to.equal(FIRST_DAY);
    });
  });

  describe("of a paused session", () => {
    it("rejects it, charges nothing, and accepts the same userOp afterwards", async () => {
      const of = paying({ gasAllowance: 100n });
      await enable(of);
      const op = await paymentOp(of, { gas: { execution: 60n, fee: 1n } });
      expect(await validate(op)).to.equal(FIRST_DAY);
      await pause(of);
      expect(await validate(op)).to.equal(NO);
      expect(eventsOf(await validateForGood(op))).to.deep.equal([]);
      expect([(await budgetOf(of)).spent, await gasSpentBy(of)]).to.deep.equal([0n, 0n]);
      await resume(of);
      expect(eventsOf(await validateForGood(op)).map(({ name }) => name)).to.deep.equal(["Spent"]);
      await pause(of);
      expect(await isPaused(of), "and so once the meter has counted").to.equal(true);
      expect((await budgetOf(of)).spent).to.equal(1000n);
    });
    it("also rejects it for the second budget, whose meter has no pause flag", async () => {
      const of = paying({}, [budget(), budget({ token: OTHER_TOKEN })]);
      await enable(of);
      await pause(of);
      expect(await validating(of, { token: OTHER_TOKEN })).to.equal(NO);
      await resume(of);
      expect(await validating(of, { token: OTHER_TOKEN })).to.equal(FIRST_DAY);
    });
    it("rejects a grant for a session that is not enabled", async () => {
      await install(installData(OTHER));
      await teach("0x1626ba7e", YES);
      const grant = concat([OTHER, "0x1234"]);
      await pause(paying());
      expect(await validating(paying(), { grant })).to.equal(NO);
      expect(await paid(paying(), { grant })).to.deep.equal([]);
      expect(await stateOf(paying())).to.equal("UNKNOWN");
      await resume(paying());
      expect(await validating(paying(), { grant })).to.equal(FIRST_DAY);
    });
  });

  describe("rejects every malformed signature without a revert:", () => {
    beforeEach(() => enable(paying()));
    const heads = async () => slice((await paymentOp(paying())).signature, 0, 91);
    const ZEROS: Hex = `0x${"00".repeat(20)}`;
    const packedAs = async (parts: readonly Hex[]) =>
      validating(paying(), { signature: concat([await heads(), ...parts, ZEROS]) });
    /** The key's good word, before a session's bytes of which that part is another. */
    const spoilt = async (name: string, change: (bytes: Hex) => Hex) => {
      const parts = partsOf(paying());
      expect(parts.map(([one]) => one)).to.include(name);
      return packedAs(parts.map(([one, bytes]) => (one === name ? change(bytes) : bytes)));
    };
    it("while the intact bytes are accepted", async () => {
      expect(await spoilt("salt", (bytes) => bytes)).to.equal(FIRST_DAY);
    });
    it("a number with a leading zero, or with more bytes than its field", async () => {
      for (const [name, width] of [
        ["salt", 32],
        ["budgets[0].perTransaction", 16],
        ["budgets[0].perPeriod", 16],
        ["budgets[0].period", 4],
      ] as const) {
        const led = (bytes: Hex) => concat([toHex(size(bytes), { size: 1 }), "0x00", slice(bytes, 1)]);
        expect(await spoilt(name, led), name).to.equal(NO);
        for (const length of [width + 1, 255]) {
          const long: Hex = concat([toHex(length, { size: 1 }), `0x${"01".repeat(length)}`]);
          expect(await spoilt(name, () => long), `${name}, ${length} bytes`).to.equal(NO);
        }
      }
    });
    it("invalid counts and codes", async () => {
      for (const [name, bytes] of [
        ["budgets", ["0x00", "0x02", "0x09", "0xff"]],
        ["budgets[0].kind", ["0x80", "0xff"]],
        ["budgets[0].recipients", ["0x00", "0x02", "0x21", "0xff"]],
        ["actions", ["0x01", "0x21", "0xfe", "0xff"]],
        ["codes", ["0x44", "0x84", "0xc4", "0x07", "0x0c", "0x34"]],
      ] as [string, Hex[]][])
        for (const one of bytes) expect(await spoilt(name, () => one), `${name} ${one}`).to.equal(NO);
    });
    it("a field that should be encoded as a code", async () => {
      // gasAllowance is all ones here, which code 1 says, and epoch is 0.
      expect(await spoilt("codes", () => concat(["0x08", "0x10", `0x${"ff".repeat(16)}`]))).to.equal(NO);
      expect(await spoilt("codes", () => "0x0600")).to.equal(NO);
    });
    it("a stream that adds nothing, with an initial amount or none", async () => {
      for (const initial of ["0x00", "0x0101"] as const) {
        const parts = partsOf(paying()).flatMap(([name, bytes]): Hex[] => {
          if (name === "budgets[0].kind") return ["0x80"];
          return name === "budgets[0].period" ? [bytes, initial, "0x00"] : [bytes];
        });
        expect(await packedAs(parts)).to.equal(NO);
      }
    });
    it("one that names another key", async () => {
      const { signature } = await paymentOp(paying());
      for (const other of [stranger.address, zeroAddress, ACCOUNT]) {
        const named = concat([slice(signature, 0, 71), other, slice(signature, 91)]);
        expect(await validating(paying(), { signature: named })).to.equal(NO);
      }
    });
    it("one truncated at any byte", async function () {
      this.timeout(30_000);
      const { signature } = await paymentOp(paying());
      for (let length = 0; length < size(signature); ++length) {
        const cut = length === 0 ? "0x" : slice(signature, 0, length);
        expect(await validating(paying(), { signature: cut }), `${length} bytes`).to.equal(NO);
      }
    });
    it("one that does not end in zeros, and could contain an outsider's address", async () => {
      const { signature } = await paymentOp(paying());
      // Of a length that needs no padding: its last bytes are the call's.
      const grant: Hex = `0x${"0a".repeat((64 - (size(signature) % 32)) % 32)}`;
      const { signature: full } = await paymentOp(paying(), { grant });
      expect(size(full) % 32).to.equal(0);
      expect(await validating(paying(), { signature: full })).to.equal(FIRST_DAY);
      for (const end of [stranger.address, `0x${"00".repeat(19)}01`, `0x01${"00".repeat(19)}`] as Hex[]) {
        const ended = concat([slice(full, 0, size(full) - 20), end]);
        expect(await validating(paying(), { signature: ended })).to.equal(NO);
      }
    });
    it("a huge one", async () => {
      for (const byte of ["00", "ff", "80", "01", "20"]) {
        const huge: Hex = `0x${byte.repeat(20_000)}`;
        expect(await validating(paying(), { signature: huge })).to.equal(NO);
        expect(await validating(paying(), { signature: concat([await heads(), huge]) })).to.equal(NO);
      }
    });
  });
});
