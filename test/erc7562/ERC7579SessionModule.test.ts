import { deployMock } from "@latchkey/accounts/deployMock";
import type { ModularOwner } from "@latchkey/accounts/erc7579/ModularOwner";
import { RELAYER } from "@latchkey/devchain";
import { expect } from "chai";
import { type Address, concat, type Hex, keccak256, parseEther, toBytes, zeroAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { signPaymentUserOp } from "#sdk/agent/userOp/signPaymentUserOp.ts";
import { encodePaymentUserOpCallData } from "#sdk/encoding/userOp/encodePaymentUserOpCallData.ts";
import { ANYONE, type Session } from "#sdk/session/Session.ts";
import { ENTRY_POINT_VERSIONS } from "./entryPoint.ts";
import {
  DAY,
  grantDigest,
  type Installation,
  MODULE,
  onInstallData,
  openPlainAccounts,
  type PlainAccounts,
  T0,
} from "./plainAccounts.ts";
import { traceValidation, type Validation } from "./traceValidation.ts";
import { handleOpsData, nonceKeyOf, type PackedUserOp, packedUserOp, paidBy } from "./userOp.ts";

const someone = (name: string) => privateKeyToAccount(keccak256(toBytes(`latchkey erc7562: ${name}`)));
const key = someone("key");
const payee = someone("payee").address;
const PAYMENT = 1000n;
const MAX_UINT128 = 2n ** 128n - 1n;
for (const version of ENTRY_POINT_VERSIONS) {
  describe(`ERC-7562 violations of the ERC-7579 module, with EntryPoint ${version}`, () => {
    let world: PlainAccounts;
    let restore: () => Promise<void>;
    before(async function () {
      this.timeout(60_000);
      world = await openPlainAccounts(version);
      restore = await world.takeSnapshot();
    });
    afterEach(async () => {
      await restore();
      restore = await world.takeSnapshot();
    });

    const sessionOf = (account: Address, changes: Partial<Session> = {}): Session => ({
      account,
      key: key.address,
      validAfter: T0,
      validUntil: T0 + 7 * DAY,
      epoch: 0n,
      salt: 1n,
      gasAllowance: MAX_UINT128,
      paymaster: zeroAddress,
      budgets: [
        {
          token: zeroAddress,
          perTransaction: PAYMENT,
          perPeriod: PAYMENT,
          period: DAY,
          initial: 0n,
          perSecond: 0n,
          signatures: 0,
          sizes: 0,
          recipients: [payee],
        },
      ],
      actions: [],
      ...changes,
    });
    const payment = { target: payee, value: PAYMENT, data: "0x" } as const;

    /** Owner's validator, and the module as validator and executor. */
    const installations = (granter: Hex, sessions: Session[] = []): Installation[] => [
      ...Object.values(world.owners).map(({ validator, installation }) => ({
        moduleTypeId: 1n,
        module: validator,
        initData: installation,
      })),
      { moduleTypeId: 1n, module: MODULE, initData: onInstallData(granter, sessions) },
      { moduleTypeId: 2n, module: MODULE, initData: "0x" },
    ];
    const grantBy = async ({ validator, sign }: ModularOwner, of: Session): Promise<Hex> =>
      concat([validator, await sign(grantDigest(of, world.chain.chainId))]);
    const openPaymaster = async (): Promise<Address> => {
      const paymaster = await deployMock(world.chain, "OpenPaymaster", [world.entryPoint, false]);
      await paymaster.write("deposit", [], { value: parseEther("1") });
      return paymaster.address;
    };

    /** Expects that the userOp breaks no rule, and that it does what it is for when a bundler submits it. */
    async function expectAccepted(userOp: PackedUserOp): Promise<Validation> {
      const found = await traceValidation(world.chain, world.entryPoint, userOp);
      expect(found.violations).to.deep.equal([]);
      await expectPaid(userOp);
      return found;
    }
    async function expectPaid(userOp: PackedUserOp) {
      await world.chain.setBalance(userOp.sender, PAYMENT);
      await world.chain.send({
        from: RELAYER,
        to: world.entryPoint,
        data: handleOpsData(userOp, RELAYER),
      });
      expect(await world.chain.client.getBalance({ address: payee }), "paid by the session").to.equal(
        PAYMENT,
      );
    }
    const ofModule = ({ touches }: Validation) =>
      touches.filter(({ contract }) => contract === MODULE.toLowerCase());
    const slots = (found: Validation, write: boolean) =>
      new Set(
        ofModule(found)
          .filter((touch) => touch.write === write)
          .map(({ slot }) => slot),
      ).size;

    it("nothing: an enabled session reads two words of the account's, and writes none", async () => {
      const account = await world.addressOf(1n);
      await world.create(1n, installations("0x", [sessionOf(account)]));
      const found = await expectAccepted(await world.sessionOp(sessionOf(account), [payment], key));
      expect([slots(found, false), slots(found, true)]).to.deep.equal([2, 0]);
    });

    it("nothing: a counted gasAllowance is one word more, read and written", async () => {
      const account = await world.addressOf(1n);
      const session = sessionOf(account, { gasAllowance: parseEther("1") });
      await world.create(1n, installations("0x", [session]));
      const found = await expectAccepted(await world.sessionOp(session, [payment], key));
      expect([slots(found, false), slots(found, true)]).to.deep.equal([3, 1]);
    });

    it("nothing: a paymaster pays", async () => {
      const account = await world.addressOf(1n);
      const paymaster = await openPaymaster();
      const session = sessionOf(account, { paymaster, gasAllowance: parseEther("1") });
      await world.create(1n, installations("0x", [session]));
      const paymasterAndData = paidBy(paymaster);
      await expectAccepted(await world.sessionOp(session, [payment], key, { paymasterAndData }));
    });

    it("nothing: the owner's ECDSA grant comes along, and the session is enabled in validation", async () => {
      const account = await world.create(1n, installations(world.owners.ecdsa.validator));
      const session = sessionOf(account);
      const grant = await grantBy(world.owners.ecdsa, session);
      const found = await expectAccepted(await world.sessionOp(session, [payment], key, { grant }));
      expect([slots(found, false), slots(found, true)]).to.deep.equal([2, 1]);
      expect(found.contracts, "the owner's validator was asked").to.include(
        world.owners.ecdsa.validator.toLowerCase(),
      );
    });

    it("nothing: the owner's passkey's grant comes along, a paymaster pays, the gas is counted", async () => {
      const account = await world.create(1n, installations(world.owners.passkey.validator));
      const session = sessionOf(account, { gasAllowance: parseEther("1"), paymaster: ANYONE });
      const grant = await grantBy(world.owners.passkey, session);
      const paymasterAndData = paidBy(await openPaymaster());
      const userOp = await world.sessionOp(session, [payment], key, { grant, paymasterAndData });
      const found = await expectAccepted(userOp);
      expect([slots(found, false), slots(found, true)]).to.deep.equal([3, 2]);
      expect(found.contracts, "the owner's validator was asked").to.include(
        world.owners.passkey.validator.toLowerCase(),
      );
    });

    it("nothing: a session with two budgets and two actions reads no more words than one with one budget", async () => {
      const account = await world.addressOf(1n);
      const session = sessionOf(account, {
        budgets: Array.from({ length: 2 }, (_, i) => ({
          ...sessionOf(account).budgets[0],
          token: i === 0 ? zeroAddress : (`0x${(i + 0x1000).toString(16).padStart(40, "0")}` as Address),
        })) as Session["budgets"],
        actions: Array.from({ length: 2 }, (_, i) => ({
          target: payee,
          selector: `0x${(i + 1).toString(16).padStart(8, "0")}` as Hex,
          rules: [{ offset: 4, op: 0, value: `0x${"00".repeat(32)}` as Hex }],
        })),
      });
      await world.create(1n, installations("0x", [session]));
      const found = await expectAccepted(await world.sessionOp(session, [payment], key));
      expect([slots(found, false), slots(found, true)]).to.deep.equal([2, 0]);
    });

    describe("of a payment by the account itself, which is charged in validation,", () => {
      const token = someone("token").address;
      const payable = (account: Address, changes: Partial<Session> = {}): Session => {
        const [budget] = sessionOf(account).budgets;
        if (!budget) throw new Error("no budget");
        const other = { ...budget, token: someone("other token").address };
        return sessionOf(account, { budgets: [{ ...budget, token }, other], ...changes });
      };
      /** A payment out of one of the two budgets, signed by the key. */
      const paymentOp = async (of: Session, index: 0 | 1, signature: Hex = "0x") => {
        const to = of.budgets[index]?.token as Address;
        const { chainId } = world.chain;
        const userOp = packedUserOp({
          sender: of.account,
          nonce: nonceKeyOf(MODULE) << 64n,
          callData: encodePaymentUserOpCallData({ token: to, to: payee, amount: PAYMENT }),
        });
        const userOpHash = await world.hashOf(userOp);
        const session = { module: MODULE, session: of };
        return {
          ...userOp,
          signature: await signPaymentUserOp(key, { session, chainId, signature, period: 0n, userOpHash }),
        };
      };
      /** Expects that it breaks no rule; how many words of the module it reads and writes. */
      const words = async (userOp: PackedUserOp) => {
        const found = await traceValidation(world.chain, world.entryPoint, userOp);
        expect(found.violations).to.deep.equal([]);
        return [slots(found, false), slots(found, true)];
      };

      it("nothing: it reads the same two words, and writes the one with the meter", async () => {
        const of = payable(await world.addressOf(1n));
        await world.create(1n, installations("0x", [of]));
        expect(await words(await paymentOp(of, 0))).to.deep.equal([2, 1]);
      });
      it("nothing: the second budget is one word more", async () => {
        const of = payable(await world.addressOf(1n));
        await world.create(1n, installations("0x", [of]));
        expect(await words(await paymentOp(of, 1))).to.deep.equal([3, 1]);
      });
      it("nothing: a counted gasAllowance is one more, read and written", async () => {
        const of = payable(await world.addressOf(1n), { gasAllowance: parseEther("1") });
        await world.create(1n, installations("0x", [of]));
        expect(await words(await paymentOp(of, 0))).to.deep.equal([3, 2]);
      });
      it("nothing: the owner's grant comes along, which the same word takes", async () => {
        const account = await world.create(1n, installations(world.owners.ecdsa.validator));
        const of = payable(account);
        const grant = await grantBy(world.owners.ecdsa, of);
        expect(await words(await paymentOp(of, 0, grant))).to.deep.equal([2, 1]);
        const counted = payable(account, { salt: 2n, gasAllowance: parseEther("1") });
        const another = await grantBy(world.owners.ecdsa, counted);
        expect(await words(await paymentOp(counted, 1, another))).to.deep.equal([4, 3]);
      });
    });

    for (const [how, granted] of [
      ["enabled when the module is installed", false],
      ["granted by a signature that comes along", true],
    ] as const) {
      it(`that the op that creates the account needs a factory with a stake (STO-022): session ${how}`, async () => {
        const account = await world.addressOf(2n);
        await world.deposit(account);
        const session = sessionOf(account);
        const initCode = world.initCode(
          2n,
          granted ? installations(world.owners.ecdsa.validator) : installations("0x", [session]),
        );
        const grant = granted ? await grantBy(world.owners.ecdsa, session) : "0x";
        const userOp = await world.sessionOp(session, [payment], key, { initCode, grant });
        const { violations } = await traceValidation(world.chain, world.entryPoint, userOp);
        expect(new Set(violations.map(({ rule }) => rule)), "no other rule").to.deep.equal(
          new Set(["STO-022"]),
        );
        expect(new Set(violations.map(({ entity }) => entity))).to.deep.equal(
          new Set(["factory", "account"]),
        );
        expect(violations.map(({ contract }) => contract)).to.include(MODULE.toLowerCase());

        await world.factory.write("addStake", [86_400], { value: parseEther("1") });
        await expectAccepted(userOp);
      });
    }
  });
}
