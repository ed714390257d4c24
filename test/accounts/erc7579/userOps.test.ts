import type { ModularAccount } from "@latchkey/accounts/erc7579/ModularAccount";
import { PLENTY_OF_GAS } from "@latchkey/devchain";
import { ANYONE, hashSession } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { encodePause, encodeResume, toCalls } from "@latchkey/sdk/encoding";
import { encodeSessionUserOpCallData, erc7579Abi } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  encodePacked,
  type Hex,
  parseAbi,
  size,
  slice,
  toFunctionSelector,
} from "viem";
import { type LeftOut, sessionBytes } from "../../contracts/sessionBytes.ts";
import { PAYMASTER_GAS } from "../../environment/erc7579/Paymaster.ts";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  balanceOf,
  budget,
  gasSpentBy,
  grantOf,
  install,
  isPaused,
  MAX_UINT128,
  mallory,
  pay,
  sendUserOp,
  sessionOf,
  someone,
  stateOf,
  UNKNOWN,
  USD,
  userOpOf,
  validationOf,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

/** Most wei that a userOp of these tests may cost. */
const COST =
  (PLENTY_OF_GAS.verification + PLENTY_OF_GAS.call + PLENTY_OF_GAS.preVerification) * PLENTY_OF_GAS.fee;
const SPONSORED_COST = COST + (PAYMASTER_GAS.verification + PAYMASTER_GAS.postOp) * PLENTY_OF_GAS.fee;

describe("a userOp of a session", () => {
  onEveryAccount((account) => {
    const session = (changes: Parameters<typeof sessionOf>[1] = {}) => sessionOf(account(), changes);
    const calls = () => [pay(alice, 1n)];
    const wealth = async () =>
      (await world().testChain.client.getBalance({ address: account().address })) +
      (await account().entryPoint.depositOf(account().address));

    it("is paid for by the account without a paymaster", async () => {
      await install(account(), { sessions: [session()] });
      const before = await wealth();
      const { success, receipt } = await sendUserOp(account(), session(), calls());
      expect(success).to.equal(true);
      const paid = before - (await wealth());
      expect(paid > 0n && paid < COST, `${paid}`).to.equal(true);
      expect(receipt.status).to.equal("success");
    });
    it("is paid for by the session's paymaster, and costs the account nothing", async () => {
      const { address: paymaster } = world().paymasters[account().entryPoint.version];
      const of = session({ paymaster });
      await install(account());
      const before = await wealth();
      const first = await sendUserOp(account(), of, calls(), {
        sponsored: true,
        grant: await grantOf(account(), of),
      });
      expect(first.success, first.reason).to.equal(true);
      expect((await sendUserOp(account(), of, calls(), { sponsored: true })).success).to.equal(true);
      expect(await wealth()).to.equal(before);
      expect(await balanceOf(alice)).to.equal(2n);
    });
    it("may use any paymaster if the session allows it, and otherwise only the named one", async () => {
      const [any, none, other] = [
        session({ paymaster: ANYONE }),
        session({ salt: 2n }),
        session({ salt: 3n, paymaster: mallory }),
      ];
      await install(account(), { sessions: [any, none, other] });
      expect((await sendUserOp(account(), any, calls(), { sponsored: true })).success).to.equal(true);
      for (const each of [none, other]) {
        expect(await refusal(sendUserOp(account(), each, calls(), { sponsored: true }))).to.include("AA24");
        expect((await sendUserOp(account(), each, calls())).success).to.equal(true);
      }
    });
    it("is rejected once the gas allowance does not cover its maximum cost, to the wei", async () => {
      const of = session({ gasAllowance: 2n * COST - 1n });
      await install(account(), { sessions: [of] });
      expect((await sendUserOp(account(), of, calls())).success).to.equal(true);
      expect(await gasSpentBy(of)).to.equal(COST);
      expect(await refusal(sendUserOp(account(), of, calls()))).to.include("AA24");
      const gas = { preVerification: PLENTY_OF_GAS.preVerification - 1n };
      expect((await sendUserOp(account(), of, calls(), { gas })).success).to.equal(true);
      expect(await gasSpentBy(of)).to.equal(2n * COST - PLENTY_OF_GAS.fee);
      expect(await balanceOf(alice)).to.equal(2n);
    });
    it("uses the allowance regardless of who pays, even if its execution fails", async () => {
      const of = session({ gasAllowance: SPONSORED_COST + COST, paymaster: ANYONE });
      await install(account(), { sessions: [of] });
      const failing = await sendUserOp(account(), of, [pay(mallory, 1n)], { sponsored: true });
      expect(failing.success).to.equal(false);
      expect(await gasSpentBy(of)).to.equal(SPONSORED_COST);
      expect(await refusal(sendUserOp(account(), of, calls(), { sponsored: true }))).to.include("AA24");
      expect((await sendUserOp(account(), of, calls())).success).to.equal(true);
      expect(await refusal(sendUserOp(account(), of, calls()))).to.include("AA24");
    });
    it("cannot be made expensive by the key: fees and limits are bound by the allowance", async () => {
      const of = session({ gasAllowance: COST });
      await install(account(), { sessions: [of] });
      const before = await wealth();
      for (const gas of [
        { fee: PLENTY_OF_GAS.fee + 1n },
        { verification: PLENTY_OF_GAS.verification + 1n },
        { call: PLENTY_OF_GAS.call + 1n },
        { preVerification: PLENTY_OF_GAS.preVerification + 1n },
        { fee: 2n ** 119n },
        { fee: MAX_UINT128 },
        { preVerification: 2n ** 256n - 1n },
        { preVerification: 2n ** 255n, fee: 2n },
      ]) {
        const userOp = await userOpOf(account(), of, calls(), { gas });
        expect(
          await validationOf(account(), userOp),
          JSON.stringify(gas, (_, v) => `${v}`),
        ).to.equal(1n);
        // The EntryPoint itself refuses limits that overflow or that nobody could prefund; a Safe7579 reverts then.
        expect(await refusal(account().entryPoint.handle(userOp))).to.match(/AA2[134]|AA94|AA95/);
      }
      expect(await wealth()).to.equal(before);
      expect(await gasSpentBy(of)).to.equal(0n);
    });
    it("changes nothing if it is rejected", async () => {
      const of = session({ gasAllowance: COST - 1n });
      await install(account());
      const grant = await grantOf(account(), of);
      expect(await refusal(sendUserOp(account(), of, calls(), { grant }))).to.include("AA24");
      expect(await stateOf(of)).to.equal(UNKNOWN);
      expect(await gasSpentBy(of)).to.equal(0n);
    });
    it("omits parts its calls do not need, once the session is enabled; a missing part fails it", async () => {
      const of = session({
        budgets: [budget(), budget({ token: someone("another token").address })],
        actions: [{ target: mallory, selector: "0x12345678", rules: [] }],
      });
      await install(account());
      const grant = await grantOf(account(), of);
      const leaving = (leftOut: LeftOut, carried: Hex = "0x") => {
        const execute = encodeFunctionData({
          abi: sessionModuleAbi,
          functionName: "execute",
          args: [sessionBytes(of, leftOut), carried, toCalls(calls())],
        });
        return sendUserOp(account(), of, [], {
          callData: encodeFunctionData({
            abi: erc7579Abi,
            functionName: "execute",
            args: [ZERO, encodePacked(["address", "uint256", "bytes"], [world().module, 0n, execute])],
          }),
        });
      };
      const other = { budgets: [1], actions: true };
      expect(await refusal(leaving(other, grant))).to.include("AA24");
      expect(await stateOf(of)).to.equal(UNKNOWN);
      expect((await leaving({}, grant)).success, "the whole one").to.equal(true);
      expect((await leaving(other)).success).to.equal(true);
      expect((await sendUserOp(account(), of, calls())).success, "as the SDK does").to.equal(true);
      expect((await leaving({ budgets: [0] })).success, "its own budget").to.equal(false);
      expect(await balanceOf(alice)).to.equal(3n);
    });
    it("is rejected while the session is paused, enabled or granted, and accepted afterwards", async () => {
      const { module } = world();
      const [enabled, granted] = [session(), session({ salt: 2n })];
      await install(account(), { sessions: [enabled] });
      const grant = await grantOf(account(), granted);
      await account().execute([
        encodePause({ module, session: enabled }),
        encodePause({ module, session: granted }),
      ]);
      expect(await isPaused(granted)).to.equal(true);
      expect(await refusal(sendUserOp(account(), enabled, calls()))).to.include("AA24");
      expect(await refusal(sendUserOp(account(), granted, calls(), { grant }))).to.include("AA24");
      await account().execute([
        encodeResume({ module, session: enabled }),
        encodeResume({ module, session: granted }),
      ]);
      expect((await sendUserOp(account(), enabled, calls())).success).to.equal(true);
      expect((await sendUserOp(account(), granted, calls(), { grant })).success).to.equal(true);
      expect(await balanceOf(alice)).to.equal(2n);
    });
  });
});

const executorAbi = parseAbi(["function executeFromExecutor(bytes32 mode, bytes executionCalldata)"]);
const executionsParameter = [
  { type: "tuple[]", components: [{ type: "address" }, { type: "uint256" }, { type: "bytes" }] },
] as const;
const EXECUTE_USER_OP = toFunctionSelector(
  "executeUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes),bytes32)",
);
const ZERO = `0x${"00".repeat(32)}` as const;
const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;
const wordAt = (bytes: Hex, at: number) => BigInt(slice(bytes, at, at + 32));
const withWord = (bytes: Hex, at: number, value: Hex): Hex =>
  concat([slice(bytes, 0, at), value, ...(at + 32 < size(bytes) ? [slice(bytes, at + 32)] : [])]);

/** Ways to say in callData what the one accepted form says, or something near to it. */
function otherForms(account: ModularAccount): Record<string, Hex> {
  const { module } = world();
  const session = sessionOf(account);
  const canonical = encodeSessionUserOpCallData({ session: { module, session }, calls: [pay(alice, USD)] });
  const inner = encodeFunctionData({
    abi: sessionModuleAbi,
    functionName: "execute",
    args: [sessionBytes(session), "0x", toCalls([pay(alice, USD)])],
  });
  const packed = (target: Address, data: Hex, value = 0n) =>
    encodePacked(["address", "uint256", "bytes"], [target, value, data]);
  const executing = (bytes: Hex, mode: Hex = ZERO) =>
    encodeFunctionData({ abi: erc7579Abi, functionName: "execute", args: [mode, bytes] });
  const moduleCall = (functionName: "revokeAll") =>
    encodeFunctionData({ abi: sessionModuleAbi, functionName });
  const arguments_ = slice(inner, 4);
  const withArguments = (bytes: Hex) => executing(packed(module, concat([slice(inner, 0, 4), bytes])));
  const [sessionAt, grantAt, callsAt] = [0, 32, 64].map((at) => wordAt(arguments_, at)) as [
    bigint,
    bigint,
    bigint,
  ];
  const callAt = Number(callsAt) + 32 + Number(wordAt(arguments_, Number(callsAt) + 32));

  return {
    nothing: "0x",
    "another offset": concat([slice(canonical, 0, 36), word(96n), word(0n), slice(canonical, 68)]),
    "one byte behind": concat([canonical, "0x00"]),
    "a word behind": concat([canonical, ZERO]),
    "an address behind, as a fallback handler appends it": concat([canonical, mallory]),
    "padding that is not zero": concat([slice(canonical, 0, size(canonical) - 1), "0x01"]),
    "padding cut off": slice(canonical, 0, size(canonical) - 1),
    "the mode that lets calls fail": executing(packed(module, inner), `0x0001${"00".repeat(30)}`),
    "a mode with a selector": executing(packed(module, inner), `0x000000000000000001${"00".repeat(23)}`),
    "a mode with a payload": executing(packed(module, inner), word(1n)),
    "the batch mode, with one call": executing(
      encodeAbiParameters(executionsParameter, [[[module, 0n, inner]]]),
      `0x01${"00".repeat(31)}`,
    ),
    "the batch mode, with another call beside": executing(
      encodeAbiParameters(executionsParameter, [
        [
          [module, 0n, inner],
          [mallory, USD, "0x"],
        ],
      ]),
      `0x01${"00".repeat(31)}`,
    ),
    "a delegatecall": executing(concat([module, inner]), `0xff${"00".repeat(31)}`),
    "a delegatecall in the form of a call": executing(packed(module, inner), `0xff${"00".repeat(31)}`),
    "a static call": executing(packed(module, inner), `0xfe${"00".repeat(31)}`),
    "executeUserOp before it": concat([EXECUTE_USER_OP, canonical]),
    executeFromExecutor: encodeFunctionData({
      abi: executorAbi,
      functionName: "executeFromExecutor",
      args: [ZERO, packed(module, inner)],
    }),
    installModule: encodeFunctionData({
      abi: erc7579Abi,
      functionName: "installModule",
      args: [1n, mallory, inner],
    }),
    uninstallModule: encodeFunctionData({
      abi: erc7579Abi,
      functionName: "uninstallModule",
      args: [1n, module, "0x"],
    }),
    "no selector that anything has": concat(["0xdeadbeef", slice(canonical, 4)]),
    "an execution within an execution": executing(packed(account.address, canonical)),
    "a value": executing(packed(module, inner, 1n)),
    "another target": executing(packed(mallory, inner)),
    "the token as its target": executing(packed(world().usdc.address, pay(mallory, USD).data)),
    "no data for the target": executing(packed(module, "0x")),
    "too little for a target": executing(slice(module, 0, 19)),
    "nothing to execute": executing("0x"),
    "revokeAll of the module": executing(packed(module, moduleCall("revokeAll"))),
    "revoke of the module": executing(
      packed(
        module,
        encodeFunctionData({ abi: sessionModuleAbi, functionName: "revoke", args: [hashSession(session)] }),
      ),
    ),
    "enable of the module": executing(
      packed(
        module,
        encodeFunctionData({ abi: sessionModuleAbi, functionName: "enable", args: [sessionBytes(session)] }),
      ),
    ),
    "execute's arguments for a function that the module does not have": executing(
      packed(module, concat(["0xdeadbeef", arguments_])),
    ),
    "an address behind the module's arguments": executing(packed(module, concat([inner, mallory]))),
    "a word behind the module's arguments": executing(packed(module, concat([inner, ZERO]))),
    "the module's arguments, one byte short": executing(packed(module, slice(inner, 0, size(inner) - 1))),
    "a gap before the session": withArguments(
      concat([word(sessionAt + 32n), word(grantAt + 32n), word(callsAt + 32n), ZERO, slice(arguments_, 96)]),
    ),
    "a gap before the grant": withArguments(
      concat([
        slice(arguments_, 0, 32),
        word(grantAt + 32n),
        word(callsAt + 32n),
        slice(arguments_, 96, Number(grantAt)),
        ZERO,
        slice(arguments_, Number(grantAt)),
      ]),
    ),
    "the calls read from elsewhere": withArguments(withWord(arguments_, 64, word(callsAt - 32n))),
    "an offset that wraps": withArguments(withWord(arguments_, 64, word(2n ** 256n - 32n))),
    "a target with bits above the address": withArguments(
      withWord(arguments_, callAt, concat(["0x01", slice(arguments_, callAt + 1, callAt + 32)])),
    ),
    "a count of calls that nobody can hold": withArguments(
      withWord(arguments_, Number(callsAt), word(2n ** 255n)),
    ),
  };
}

describe("a session's userOp in any other form", () => {
  onEveryAccount((account) => {
    beforeEach(() => install(account(), { sessions: [sessionOf(account())] }));

    it("is rejected by the module without a revert, and by the account, and moves nothing", async function () {
      this.timeout(120_000);
      const session = sessionOf(account());
      for (const [form, callData] of Object.entries(otherForms(account()))) {
        const userOp = await userOpOf(account(), session, [], { callData });
        expect(await validationOf(account(), userOp), form).to.equal(1n);
        // A Kernel refuses some by itself, before it asks: what is not `execute` is not the validator's to allow.
        expect(await refusal(account().entryPoint.handle(userOp)), form).to.match(
          account().kind === "kernel" ? /AA2[34]/ : /AA24/,
        );
      }
      expect(await balanceOf(mallory)).to.equal(0n);
      expect(await balanceOf(alice)).to.equal(0n);
      const { success } = await sendUserOp(account(), session, [pay(alice, USD)]);
      expect(success, "the one form").to.equal(true);
    });
    it("is rejected from another account", async () => {
      const other = Object.values(world().accounts).find(({ address }) => address !== account().address);
      if (!other) throw new Error("there is no other account");
      await install(other);
      const session = sessionOf(account());
      // Nor where that one's owner grants it, which is not theirs to give, nor with the grant of the session's own account,
      // which would let its key spend the other's gas.
      for (const grant of ["0x", await grantOf(other, session), await grantOf(account(), session)] as const) {
        const userOp = await userOpOf(other, session, [pay(alice, USD)], { grant });
        expect(await validationOf(other, userOp)).to.equal(1n);
        expect(await refusal(other.entryPoint.handle(userOp))).to.include("AA24");
      }
    });
  });
});
