import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodePacked,
  getAddress,
  type Hex,
  hexToBytes,
  pad,
  parseSignature,
  serializeSignature,
  size,
  slice,
  toHex,
  zeroAddress,
} from "viem";
import { hashSession } from "#sdk/session/hashSession.ts";
import { ANYONE } from "#sdk/session/Session.ts";
import { executeData } from "../../erc7562/plainAccounts.ts";
import { halves } from "../../erc7562/userOp.ts";
import { type LeftOut, sessionBytes } from "../sessionBytes.ts";
import {
  ACCOUNT,
  byAccount,
  CHAIN_ID,
  call,
  callDataOf,
  DAY,
  enable,
  encode,
  epochOf,
  executeOf,
  type GasParts,
  gasSpentBy,
  grantDigest,
  install,
  installData,
  isValidSignatureData,
  key,
  MAX_UINT128,
  MODULE,
  NO,
  OTHER_ACCOUNT,
  pause,
  paymasterAndDataOf,
  payment,
  resume,
  send,
  session,
  setTime,
  stateOf,
  stranger,
  T0,
  teach,
  topicsOf,
  USER_OP_HASH,
  useAccounts,
  userOpOf,
  validate,
  validateForGood,
  validationOf,
  windowOf,
  YES,
} from "./erc7579Fixture.ts";

const NAMED = getAddress(`0x${"a1".repeat(20)}`);
const OTHER = getAddress(`0x${"b2".repeat(20)}`);
/** The order of secp256k1. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** No part of an op's gas is more. */
const MOST_GAS = 2n ** 120n - 1n;

// Rules of docs/spec.md: U-1, U-6, U-7, U-8.
describe("ERC7579SessionModule.validateUserOp", () => {
  useAccounts();

  describe("of an enabled session", () => {
    beforeEach(() => enable(session()));

    it("is accepted with the session's window: from validAfter to the second before validUntil", async () => {
      expect(await validate(await userOpOf(session()))).to.equal(windowOf(session()));
      expect(windowOf(session()) >> 208n).to.equal(BigInt(T0));
      expect((windowOf(session()) >> 160n) & (2n ** 48n - 1n)).to.equal(BigInt(T0 + 7 * DAY - 1));
    });
    it("does not read the clock: the result is the same before and after the window", async () => {
      const userOp = await userOpOf(session());
      await setTime(T0 + 8 * DAY);
      expect(await validate(userOp)).to.equal(windowOf(session()));
      const later = session({ validAfter: T0 + 30 * DAY, validUntil: T0 + 60 * DAY });
      await enable(later);
      expect(await validate(await userOpOf(later))).to.equal(windowOf(later));
    });
    it("packs the smallest window and the latest end, which no EntryPoint reads as block numbers", async () => {
      const first = session({ validAfter: 0, validUntil: 2 });
      await install(installData("0x", [first]));
      expect(await validate(await userOpOf(first))).to.equal(1n << 160n);
      const last = session({ validAfter: 2 ** 47 - 2, validUntil: 2 ** 47 - 1 });
      await enable(last);
      const answer = await validate(await userOpOf(last));
      expect(answer).to.equal((BigInt(2 ** 47 - 2) << 208n) | (BigInt(2 ** 47 - 2) << 160n));
      expect((answer >> 207n) & 1n, "the top bit of validUntil").to.equal(0n);
      expect(answer >> 255n, "the top bit of validAfter").to.equal(0n);
    });
    it("refuses a caller that is not the userOp's sender", async () => {
      const userOp = await userOpOf(session());
      for (const from of [stranger.address, OTHER_ACCOUNT, key.address, MODULE]) {
        expect(await validate(userOp, from)).to.equal(NO);
      }
    });
    it("rejects a call with an appended outsider's address, even in place of the padding", async () => {
      const { from, to, data } = validationOf(await userOpOf(session()));
      expect(BigInt(await call({ from, to, data }))).to.equal(windowOf(session()));
      for (const changed of [
        concat([data, stranger.address]),
        concat([data, pad("0x"), stranger.address]),
        concat([slice(data, 0, size(data) - 20), stranger.address]),
        concat([slice(data, 0, size(data) - 20), "0x01", `0x${"00".repeat(19)}`]),
        concat([slice(data, 0, size(data) - 1), "0x01"]),
      ])
        expect(BigInt(await call({ from, to, data: changed }))).to.equal(NO);
    });
    it("rejects a session of another account, for any sender", async () => {
      const userOp = await userOpOf(session(), { sender: OTHER_ACCOUNT });
      expect(await validate(userOp, OTHER_ACCOUNT)).to.equal(NO);
      expect(await validate(userOp, ACCOUNT)).to.equal(NO);
    });
    it("rejects a session that differs from the enabled one in any field", async () => {
      const [only] = session().budgets;
      if (!only) throw new Error("no budget");
      for (const changes of [
        { key: stranger.address },
        { validAfter: T0 + 1 },
        { validUntil: T0 + 7 * DAY + 1 },
        { salt: 2n },
        { gasAllowance: MAX_UINT128 - 1n },
        { paymaster: ANYONE },
        { budgets: [] },
        { budgets: [{ ...only, perPeriod: only.perPeriod + 1n }] },
        { actions: [{ target: OTHER, selector: "0x12345678" as Hex, rules: [] }] },
      ]) {
        expect(await validate(await userOpOf(session(changes)))).to.equal(NO);
      }
    });
    it("refuses it once revoked, renounced, or of a past epoch", async () => {
      const userOp = await userOpOf(session());
      const renounced = session({ salt: 2n });
      await enable(renounced);
      expect(await validate(await userOpOf(renounced))).to.equal(windowOf(renounced));
      await send({ from: key.address, to: MODULE, data: encode("renounce", [renounced]) });
      expect(await validate(await userOpOf(renounced))).to.equal(NO);
      const old = session({ salt: 3n });
      await enable(old);
      await send(byAccount("revoke", [hashSession(session())]));
      expect(await validate(userOp)).to.equal(NO);
      expect(await validate(await userOpOf(old))).to.equal(windowOf(old));
      await send(byAccount("revokeAll", []));
      expect(await validate(await userOpOf(old))).to.equal(NO);
      const renewed = session({ salt: 3n, epoch: await epochOf() });
      await enable(renewed);
      expect(await validate(await userOpOf(renewed))).to.equal(windowOf(renewed));
    });

    describe("only accepts the key's signature:", () => {
      const signedAs = async (change: (signature: Hex) => Hex | Promise<Hex>) =>
        validate(
          await userOpOf(session(), { signature: await change(await key.sign({ hash: USER_OP_HASH })) }),
        );
      const NOT_THE_KEYS: [name: string, (signature: Hex) => Hex | Promise<Hex>][] = [
        ["no signature", () => "0x"],
        ["another key's", () => stranger.sign({ hash: USER_OP_HASH })],
        ["the key's over another hash", () => key.sign({ hash: pad("0x01") })],
        ["the key's over the hash as a message", () => key.signMessage({ message: { raw: USER_OP_HASH } })],
        [
          "with a high s",
          (signature) => {
            const { r, s, yParity } = parseSignature(signature);
            const high = ORDER - BigInt(s);
            return serializeSignature({ r, s: toHex(high, { size: 32 }), yParity: 1 - yParity });
          },
        ],
        ["64 bytes, without v", (signature) => slice(signature, 0, 64)],
        [
          "64 bytes, compact",
          (signature) => {
            const { r, s, yParity } = parseSignature(signature);
            return concat([r, toHex(BigInt(s) | (BigInt(yParity) << 255n), { size: 32 })]);
          },
        ],
        ["66 bytes", (signature) => concat([signature, "0x00"])],
        ["65 bytes with another v", (signature) => concat([slice(signature, 0, 64), "0x1d"])],
        [
          "65 bytes with v of 0 or 1",
          (signature) =>
            concat([slice(signature, 0, 64), toHex(parseSignature(signature).yParity, { size: 1 })]),
        ],
        ["65 bytes of zeros", () => `0x${"00".repeat(65)}`],
        ["very many bytes", () => `0x${"1b".repeat(3000)}`],
      ];
      for (const [name, change] of NOT_THE_KEYS) {
        it(`refuses ${name}`, async () => {
          expect(await signedAs(change)).to.equal(NO);
        });
      }
      it("accepts it unchanged", async () => {
        expect(await signedAs((signature) => signature)).to.equal(windowOf(session()));
      });
    });

    describe("only accepts its own callData:", () => {
      const execute = () => executeOf(session());
      const validating = async (callData: Hex) => validate(await userOpOf(session(), { callData }));
      /** `execute(mode, bytes)` with the selector, the mode, the offset and the length as they are said. */
      const laidOut = ({
        selector = "0xe9ae5c53" as Hex,
        mode = pad("0x") as Hex,
        offset = 64n,
        length,
        content,
        behind = "0x" as Hex,
      }: {
        selector?: Hex;
        mode?: Hex;
        offset?: bigint;
        length?: bigint;
        content?: Hex;
        behind?: Hex;
      } = {}): Hex => {
        const inner = content ?? encodePacked(["address", "uint256", "bytes"], [MODULE, 0n, execute()]);
        const padded = pad(inner, { dir: "right", size: Math.ceil(size(inner) / 32) * 32 });
        return concat([
          selector,
          mode,
          toHex(offset, { size: 32 }),
          toHex(length ?? BigInt(size(inner)), { size: 32 }),
          padded,
          behind,
        ]);
      };
      const single = (target: Address, value: bigint, data: Hex) => executeData(target, value, data);

      it("accepts the canonical one", async () => {
        expect(laidOut()).to.equal(callDataOf(session()));
        expect(await validating(laidOut())).to.equal(windowOf(session()));
      });
      it("rejects every shorter one, without a revert", async () => {
        const whole = callDataOf(session());
        for (let length = 0; length < size(whole); length += length < 200 ? 1 : 31) {
          const shorter = length === 0 ? "0x" : slice(whole, 0, length);
          expect(await validating(shorter), `${length} bytes`).to.equal(NO);
        }
        expect(await validating(slice(whole, 0, size(whole) - 1))).to.equal(NO);
      });
      const OTHERS: [name: string, () => Hex][] = [
        ["another selector", () => laidOut({ selector: "0xe9ae5c54" })],
        ["executeFromExecutor", () => laidOut({ selector: "0xd691c964" })],
        ["executeUserOp in front", () => concat(["0x8dd7712f", laidOut()])],
        ["the batch mode", () => laidOut({ mode: pad("0x01", { dir: "right" }) })],
        ["the try mode", () => laidOut({ mode: pad("0x0001", { dir: "right" }) })],
        ["the static mode", () => laidOut({ mode: pad("0xfe", { dir: "right" }) })],
        ["the delegatecall mode", () => laidOut({ mode: pad("0xff", { dir: "right" }) })],
        ["a mode with a selector", () => laidOut({ mode: pad("0x000000000000000001", { dir: "right" }) })],
        ["a mode with a payload", () => laidOut({ mode: pad("0x01") })],
        ["an offset of 32", () => laidOut({ offset: 32n })],
        ["an offset of 96", () => laidOut({ offset: 96n })],
        ["an offset that is too large", () => laidOut({ offset: 2n ** 256n - 1n })],
        ["a length that is too large", () => laidOut({ length: 2n ** 256n - 1n })],
        ["a length that wraps", () => laidOut({ length: 2n ** 256n - 32n })],
        ["a length of 0", () => laidOut({ length: 0n })],
        ["a length of 56", () => laidOut({ length: 56n })],
        ["a word behind", () => laidOut({ behind: pad("0x") })],
        ["an address behind", () => laidOut({ behind: stranger.address })],
        ["a byte behind", () => laidOut({ behind: "0x00" })],
        ["another target", () => single(OTHER, 0n, execute())],
        ["the account as target", () => single(ACCOUNT, 0n, execute())],
        ["a value of one wei", () => single(MODULE, 1n, execute())],
        ["the largest value", () => single(MODULE, 2n ** 256n - 1n, execute())],
        ["another function of the module", () => single(MODULE, 0n, encode("enable", [session()]))],
        [
          "another selector before the same arguments",
          () => single(MODULE, 0n, concat(["0x12345678", slice(execute(), 4)])),
        ],
        ["revokeAll", () => single(MODULE, 0n, encode("revokeAll", []))],
        ["no function", () => single(MODULE, 0n, "0x")],
        ["the account's execute inside", () => single(MODULE, 0n, callDataOf(session()))],
        ["the selector alone", () => single(MODULE, 0n, slice(execute(), 0, 4))],
        ["a byte behind the inner call", () => single(MODULE, 0n, concat([execute(), "0x00"]))],
        ["an address behind the inner call", () => single(MODULE, 0n, concat([execute(), stranger.address]))],
        [
          "a batch of the one call",
          () =>
            laidOut({
              mode: pad("0x01", { dir: "right" }),
              content: encodeAbiParameters(
                [
                  {
                    type: "tuple[]",
                    components: [{ type: "address" }, { type: "uint256" }, { type: "bytes" }],
                  },
                ],
                [[[MODULE, 0n, execute()]]],
              ),
            }),
        ],
      ];
      for (const [name, callData] of OTHERS) {
        it(`refuses ${name}`, async () => {
          expect(await validating(callData())).to.equal(NO);
        });
      }
      it("rejects every non-zero bit in the padding after the call", async () => {
        const whole = callDataOf(session());
        // The packed call is 56 bytes and a multiple of 32: 8 bytes are padding.
        for (let i = 1; i <= 8; ++i) {
          const at = 2 + 2 * (size(whole) - i);
          const dirty = `${whole.slice(0, at)}01${whole.slice(at + 2)}` as Hex;
          expect(await validating(dirty), `byte ${i} from the end`).to.equal(NO);
        }
      });
      it("accepts calls that execution will reject, since only execution checks the clock and the budgets", async () => {
        const callData = callDataOf(session(), "0x", [{ ...payment, value: 10n ** 18n }]);
        expect(await validating(callData)).to.equal(windowOf(session()));
      });
    });
  });

  describe("charges gas to gasAllowance, regardless of who pays:", () => {
    const gas: Required<GasParts> = {
      verification: 3n,
      execution: 5n,
      preVerification: 7n,
      paymasterVerification: 11n,
      paymasterPostOp: 13n,
      fee: 17n,
      priorityFee: MAX_UINT128,
    };
    /** All limits times the fee. */
    const COST = (3n + 5n + 7n + 11n + 13n) * 17n;
    const withAllowance = async (gasAllowance: bigint) => {
      const of = session({ gasAllowance, paymaster: ANYONE });
      await enable(of);
      return of;
    };
    const paymasterAndData = paymasterAndDataOf(NAMED, gas);

    it("exactly as much is enough", async () => {
      const of = await withAllowance(COST);
      const userOp = await userOpOf(of, { gas, paymasterAndData });
      await validateForGood(userOp);
      expect(await gasSpentBy(of)).to.equal(COST);
    });
    it("one wei less is not, and nothing is charged", async () => {
      const of = await withAllowance(COST - 1n);
      const userOp = await userOpOf(of, { gas, paymasterAndData });
      expect(await validate(userOp)).to.equal(NO);
      await validateForGood(userOp);
      expect(await gasSpentBy(of)).to.equal(0n);
    });
    it("all ops together", async () => {
      const of = await withAllowance(2n * COST + 16n);
      const userOp = await userOpOf(of, { gas, paymasterAndData });
      await validateForGood(userOp);
      await validateForGood(userOp);
      expect(await gasSpentBy(of)).to.equal(2n * COST);
      expect(await validate(userOp)).to.equal(NO);
      expect(await validate(await userOpOf(of, { gas: { execution: 1n, fee: 17n } }))).to.equal(NO);
      expect(await validate(await userOpOf(of, { gas: { execution: 1n, fee: 16n } }))).to.equal(windowOf(of));
    });
    it("each of the five limits and the fee separately", async () => {
      for (const part of [
        "verification",
        "execution",
        "preVerification",
        "paymasterVerification",
        "paymasterPostOp",
      ] as const) {
        const one: GasParts = { [part]: 100n, fee: 3n };
        const of = session({ gasAllowance: 299n, paymaster: ANYONE, salt: BigInt(part.length) });
        const enough = { ...of, gasAllowance: 300n };
        await enable(of);
        await enable(enough);
        const data = paymasterAndDataOf(NAMED, one);
        expect(await validate(await userOpOf(of, { gas: one, paymasterAndData: data })), part).to.equal(NO);
        expect(await validate(await userOpOf(enough, { gas: one, paymasterAndData: data })), part).to.equal(
          windowOf(enough),
        );
      }
    });
    it("the account's gas and fees are read where the EntryPoint reads them", async () => {
      const of = await withAllowance(1000n);
      const changes = {
        accountGasLimits: halves(2n, 3n),
        preVerificationGas: 5n,
        gasFees: halves(1000n, 7n),
      };
      await validateForGood(await userOpOf(of, changes));
      expect(await gasSpentBy(of)).to.equal(70n);
    });
    it("only free userOps are accepted if gasAllowance is 0", async () => {
      const of = await withAllowance(0n);
      expect(await validate(await userOpOf(of, { gas: { execution: 1n, fee: 1n } }))).to.equal(NO);
      expect(await validate(await userOpOf(of, { gas: { execution: 1n, fee: 0n } }))).to.equal(windowOf(of));
    });
    it("the maximum gasAllowance is unlimited", async () => {
      const of = await withAllowance(MAX_UINT128);
      const huge = { verification: MOST_GAS, execution: MOST_GAS, fee: MOST_GAS };
      await validateForGood(await userOpOf(of, { gas: huge }));
      expect(await validate(await userOpOf(of, { gas: huge }))).to.equal(windowOf(of));
      expect(await gasSpentBy(of)).to.equal(0n);
    });
    it("one below the maximum is not", async () => {
      const of = await withAllowance(MAX_UINT128 - 1n);
      const most = { execution: 1n, fee: MOST_GAS };
      await validateForGood(await userOpOf(of, { gas: most }));
      expect(await gasSpentBy(of)).to.equal(MOST_GAS);
      expect(await validate(await userOpOf(of, { gas: { execution: 300n, fee: MOST_GAS } }))).to.equal(NO);
    });
    for (const part of [
      "verification",
      "execution",
      "preVerification",
      "paymasterVerification",
      "paymasterPostOp",
      "fee",
    ] as const) {
      it(`${part} of 2^120 - 1 is the maximum, counted or not`, async () => {
        const uncounted = await withAllowance(MAX_UINT128);
        const counted = await withAllowance(0n);
        for (const [amount, good] of [
          [MOST_GAS, true],
          [MOST_GAS + 1n, false],
          [MAX_UINT128, false],
        ] as const) {
          const one: GasParts = { [part]: amount };
          const changes = { gas: one, paymasterAndData: paymasterAndDataOf(NAMED, one) };
          for (const each of [uncounted, counted]) {
            const answer = await validate(await userOpOf(each, changes));
            expect(answer, `${part} ${amount}`).to.equal(good ? windowOf(each) : NO);
          }
        }
      });
    }
    it("a preVerificationGas above 128 bits is rejected without a revert", async () => {
      for (const allowance of [MAX_UINT128, MAX_UINT128 - 1n]) {
        const of = await withAllowance(allowance);
        for (const preVerification of [2n ** 128n, 2n ** 256n - 1n]) {
          expect(await validate(await userOpOf(of, { gas: { preVerification, fee: 1n } }))).to.equal(NO);
        }
      }
    });
    it("maximum limits and fee together are rejected without a revert", async () => {
      const of = await withAllowance(MAX_UINT128 - 1n);
      const most: GasParts = Object.fromEntries(Object.keys(gas).map((part) => [part, MOST_GAS]));
      const changes = { gas: most, paymasterAndData: paymasterAndDataOf(NAMED, most) };
      expect(await validate(await userOpOf(of, changes))).to.equal(NO);
    });
    it("paymaster gas fields are ignored without a paymaster", async () => {
      const of = await withAllowance(COST);
      await validateForGood(await userOpOf(of, { gas }));
      expect(await gasSpentBy(of)).to.equal((3n + 5n + 7n) * 17n);
    });
  });

  describe("only allows the session's paymaster:", () => {
    const whole = (paymaster: Address) => concat([paymaster, `0x${"00".repeat(32)}`, "0xc0ffee"]);
    for (const [allowed, name] of [
      [zeroAddress, "none"],
      [NAMED, "one"],
      [ANYONE, "anyone"],
    ] as const) {
      it(`${name} allowed`, async () => {
        const of = session({ paymaster: allowed });
        await enable(of);
        for (const paymaster of [NAMED, OTHER, ANYONE, zeroAddress]) {
          for (const length of [0, 1, 19, 20, 51, 52, 53, 55]) {
            const paymasterAndData = length === 0 ? "0x" : slice(whole(paymaster), 0, length);
            const good =
              length === 0 ||
              (length >= 52 && paymaster !== zeroAddress && (allowed === ANYONE || allowed === paymaster));
            const answer = await validate(await userOpOf(of, { paymasterAndData }));
            expect(answer, `${paymaster}, ${length} bytes`).to.equal(good ? windowOf(of) : NO);
          }
        }
      });
    }
  });

  describe("of a session that is not enabled", () => {
    const GRANTER = OTHER;
    const grant = concat([GRANTER, "0x1234"]);
    const yesTo = (signature: Hex, of = session()) =>
      teach(isValidSignatureData(grantDigest(of, CHAIN_ID), signature), YES);
    beforeEach(() => install(installData(GRANTER)));

    it("rejects it without a grant, even if the account accepts an empty signature", async () => {
      await teach("0x1626ba7e", YES);
      expect(await validate(await userOpOf(session()))).to.equal(NO);
    });
    it("enables it with a grant signed by the account's owner", async () => {
      await yesTo(grant);
      const userOp = await userOpOf(session(), { grant });
      expect(await validate(userOp)).to.equal(windowOf(session()));
      const logs = await validateForGood(userOp);
      expect(logs).to.have.length(1);
      expect(logs[0]?.topics.slice(1, 3)).to.deep.equal([pad(ACCOUNT).toLowerCase(), hashSession(session())]);
      expect(topicsOf(logs)).to.have.length(1);
      expect(await stateOf(session())).to.equal("ENABLED");
    });
    it("ignores a carried grant once it is enabled", async () => {
      await enable(session());
      for (const carried of [grant, "0x", "0xdead"] as Hex[]) {
        const userOp = await userOpOf(session(), { grant: carried });
        expect(await validate(userOp)).to.equal(windowOf(session()));
        expect(topicsOf(await validateForGood(userOp)), "nothing is enabled again").to.deep.equal([]);
      }
    });
    it("does not let an account enable another's session, even if it accepts everything", async () => {
      await install(installData(GRANTER), OTHER_ACCOUNT);
      await teach("0x1626ba7e", YES, { account: OTHER_ACCOUNT });
      const userOp = await userOpOf(session(), { grant, sender: OTHER_ACCOUNT });
      expect(await validate(userOp)).to.equal(NO);
      await validateForGood(userOp);
      expect(await stateOf(session())).to.equal("UNKNOWN");
    });
    it("does not let a key send userOps from an account whose owner granted it nothing: they would cost it gas", async () => {
      await install(installData(GRANTER), OTHER_ACCOUNT);
      // The owner of the session's own account did sign it.
      await yesTo(grant);
      const userOp = await userOpOf(session(), { grant, sender: OTHER_ACCOUNT });
      expect(await validate(userOp)).to.equal(NO);
      expect(await validateForGood(userOp)).to.deep.equal([]);
    });
    it("does not change state for a userOp rejected after its grant was accepted", async () => {
      await yesTo(grant);
      const signature = await stranger.sign({ hash: USER_OP_HASH });
      const logs = await validateForGood(await userOpOf(session(), { grant, signature }));
      expect(logs).to.deep.equal([]);
      expect(await stateOf(session())).to.equal("UNKNOWN");
    });
    it("charges the userOp that enables it", async () => {
      const of = session({ gasAllowance: 10n });
      await yesTo(grant, of);
      expect(await validate(await userOpOf(of, { grant, gas: { execution: 11n, fee: 1n } }))).to.equal(NO);
      await validateForGood(await userOpOf(of, { grant, gas: { execution: 10n, fee: 1n } }));
      expect([await stateOf(of), await gasSpentBy(of)]).to.deep.equal(["ENABLED", 10n]);
    });
    it("rejects a grant for another or a revoked session", async () => {
      await yesTo(grant);
      expect(await validate(await userOpOf(session({ salt: 2n }), { grant }))).to.equal(NO);
      await send(byAccount("revoke", [hashSession(session())]));
      expect(await validate(await userOpOf(session(), { grant }))).to.equal(NO);
    });
    it("rejects a grant of a past or future epoch", async () => {
      await teach("0x1626ba7e", YES);
      expect(await validate(await userOpOf(session({ epoch: 1n }), { grant }))).to.equal(NO);
      await send(byAccount("revokeAll", []));
      expect(await validate(await userOpOf(session(), { grant }))).to.equal(NO);
      const renewed = session({ epoch: await epochOf() });
      expect(await validate(await userOpOf(renewed, { grant }))).to.equal(windowOf(renewed));
    });
    it("rejects a grant for a session that violates a bound", async () => {
      await teach("0x1626ba7e", YES);
      const [only] = session().budgets;
      if (!only) throw new Error("no budget");
      for (const changes of [
        { key: zeroAddress },
        { key: ACCOUNT },
        { validUntil: T0 },
        { validUntil: 2 ** 47 },
        { validAfter: 0, validUntil: 0 },
        { validAfter: 0, validUntil: 1 },
        { budgets: [{ ...only, perTransaction: 0n }] },
        { budgets: [{ ...only, recipients: [] }] },
        { budgets: [only, only] },
        { actions: [{ target: MODULE, selector: "0x12345678" as Hex, rules: [] }] },
      ]) {
        expect(await validate(await userOpOf(session(changes), { grant }))).to.equal(NO);
      }
      expect(await validate(await userOpOf(session(), { grant }))).to.equal(windowOf(session()));
    });
    for (const [name, answer, fails] of [
      ["reverts", YES, true],
      ["returns another value", pad("0xffffffff", { dir: "right" }), false],
      ["returns the magic value with trailing data", concat([YES, pad("0x")]), false],
      ["returns the magic value in 4 bytes", slice(YES, 0, 4), false],
      ["returns the magic value in 31 bytes", slice(YES, 0, 31), false],
      [
        "returns the magic value with another byte set in the word",
        concat([slice(YES, 0, 31), "0x01"]),
        false,
      ],
      ["says nothing", "0x", false],
    ] as [string, Hex, boolean][]) {
      it(`rejects a grant if the account ${name}`, async () => {
        await teach("0x1626ba7e", answer, { fails });
        expect(await validate(await userOpOf(session(), { grant }))).to.equal(NO);
      });
    }
    it("makes no call if the account has no code", async () => {
      const of = session({ account: stranger.address });
      await install(installData(GRANTER), stranger.address);
      expect(await validate(await userOpOf(of, { grant }))).to.equal(NO);
    });
  });

  describe("of a session with omitted parts", () => {
    const grant = concat([OTHER, "0x1234"]);
    const of = () => {
      const [only] = session().budgets;
      if (!only) throw new Error("no budget");
      return session({
        budgets: [only, { ...only, token: NAMED }],
        actions: [{ target: OTHER, selector: "0x12345678", rules: [] }],
      });
    };
    const LEFT_OUT: LeftOut[] = [
      { budgets: [0] },
      { budgets: [1] },
      { actions: true },
      { budgets: [0, 1], actions: true },
    ];
    it("is accepted if enabled, with any omitted parts: execution checks whether its calls need them", async () => {
      await enable(of());
      for (const leftOut of LEFT_OUT)
        expect(await validate(await userOpOf(of(), { leftOut }))).to.equal(windowOf(of()));
    });
    it("is charged the same gas as the complete one", async () => {
      const counted = { ...of(), gasAllowance: 100n };
      await enable(counted);
      const gas = { execution: 60n, fee: 1n };
      await validateForGood(await userOpOf(counted, { leftOut: { budgets: [0] }, gas }));
      expect(await gasSpentBy(counted)).to.equal(60n);
      for (const leftOut of [...LEFT_OUT, {}])
        expect(await validate(await userOpOf(counted, { leftOut, gas }))).to.equal(NO);
    });
    it("is rejected with another hash: that is another session", async () => {
      await enable(of());
      const other = { ...of(), actions: [] };
      expect(await validate(await userOpOf(other, { leftOut: { actions: true } }))).to.equal(NO);
      expect(await validate(await userOpOf(of(), { leftOut: { actions: true } }))).to.equal(windowOf(of()));
    });
    it("is rejected with a grant, before it is enabled; afterwards the grant is ignored", async () => {
      await install(installData(OTHER));
      await teach("0x1626ba7e", YES);
      for (const leftOut of LEFT_OUT) {
        const userOp = await userOpOf(of(), { grant, leftOut });
        expect(await validate(userOp)).to.equal(NO);
        await validateForGood(userOp);
      }
      expect(await stateOf(of())).to.equal("UNKNOWN");
      await validateForGood(await userOpOf(of(), { grant }));
      expect(await stateOf(of())).to.equal("ENABLED");
      for (const leftOut of LEFT_OUT)
        expect(await validate(await userOpOf(of(), { grant, leftOut }))).to.equal(windowOf(of()));
    });
  });

  describe("of a paused session", () => {
    it("rejects it, charges nothing, and accepts the same userOp afterwards", async () => {
      const of = session({ gasAllowance: 100n });
      await enable(of);
      const userOp = await userOpOf(of, { gas: { execution: 60n, fee: 1n } });
      await pause(of);
      expect(await validate(userOp)).to.equal(NO);
      await validateForGood(userOp);
      expect(await gasSpentBy(of)).to.equal(0n);
      await resume(of);
      expect(await validate(userOp)).to.equal(windowOf(of));
      await validateForGood(userOp);
      expect(await gasSpentBy(of)).to.equal(60n);
    });
    it("rejects a grant for a session that is not enabled", async () => {
      await install(installData(OTHER));
      await teach("0x1626ba7e", YES);
      const userOp = await userOpOf(session(), { grant: concat([OTHER, "0x1234"]) });
      await pause(session());
      expect(await validate(userOp)).to.equal(NO);
      await validateForGood(userOp);
      expect(await stateOf(session())).to.equal("UNKNOWN");
      await resume(session());
      expect(await validate(userOp)).to.equal(windowOf(session()));
    });
  });

  describe("accepts only one encoding of a session:", () => {
    beforeEach(() => enable(session()));
    const validating = async (bytes: Hex) => {
      const data = encode("execute", [bytes, "0x", [payment]]);
      return validate(await userOpOf(session(), { callData: executeData(MODULE, 0n, data) }));
    };
    const whole = sessionBytes(session());
    it("the valid one, to its last byte", async () => {
      expect(await validating(whole)).to.equal(windowOf(session()));
      for (const behind of ["0x00", "0xff", pad("0x"), stranger.address] as Hex[])
        expect(await validating(concat([whole, behind]))).to.equal(NO);
      for (let length = 0; length < size(whole); ++length)
        expect(await validating(length === 0 ? "0x" : slice(whole, 0, length)), `${length}`).to.equal(NO);
    });
    it("and none with any byte changed", async () => {
      for (let at = 0; at < size(whole); ++at) {
        for (const bit of [0x01, 0x80]) {
          const other = hexToBytes(whole);
          other[at] = (other[at] ?? 0) ^ bit;
          expect(await validating(toHex(other)), `byte ${at}`).to.equal(NO);
        }
      }
    });
  });
});
