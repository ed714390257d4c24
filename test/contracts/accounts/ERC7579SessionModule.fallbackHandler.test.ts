import { type Address, concat, encodeAbiParameters, type Hex, pad, slice, toFunctionSelector } from "viem";
import type { Call } from "#sdk/session/Session.ts";
import {
  ACCOUNT,
  byAccount,
  call,
  enable,
  executeOf,
  installData,
  isFallbackHandlerData,
  key,
  MODULE,
  OTHER_ACCOUNT,
  payee,
  payment,
  refused,
  session,
  stranger,
  teach,
  useAccounts,
} from "./erc7579Fixture.ts";

const TRUE = pad("0x01");
const EXECUTE_FROM_EXECUTOR = "0xd691c964";

/** How a Safe names its fallback handler, when it is asked for its storage. */
const GET_STORAGE_AT = "0x5624b25b";
const named = (handler: Address): Hex => concat([pad("0x20"), pad("0x20"), pad(handler)]);

/** Return data that an account may give other than true: the answer, and whether it reverts with it. */
const NO_YES: readonly (readonly [string, Hex, boolean])[] = [
  ["says false", pad("0x"), false],
  ["reverts, even with what would be a yes", TRUE, true],
  ["returns true in less than a word", slice(TRUE, 1), false],
  ["returns true with trailing data", concat([TRUE, TRUE]), false],
  ["says nothing", "0x", false],
];

describe("ERC7579SessionModule as its account's fallback handler", () => {
  useAccounts();
  const acting = () => session({ actions: [{ target: payee, selector: "0x12345678", rules: [] }] });
  /** The account's own call of `execute`, whose calldata ends in these 28 bytes, with nothing behind. */
  const executionEndingIn = (end: Hex) => {
    const calls = [{ target: payee, value: 0n, data: concat(["0x12345678", end]) }];
    return { from: ACCOUNT, to: MODULE, data: executeOf(acting(), "0x", calls) };
  };
  const transactions = {
    enable: () => byAccount("enable", [session()]),
    onInstall: () => byAccount("onInstall", [installData("0x", [session()])]),
    onUninstall: () => byAccount("onUninstall", [payee]),
    // Its bytes end in an address, which may be an outsider's.
    execute: () => executionEndingIn(`0x${"0".repeat(16)}${payee.slice(2)}`),
  };
  const answers = (data: Hex, answer: Hex, options = {}) =>
    teach(isFallbackHandlerData(data), answer, options);
  /** So that nothing but the handler is in the way of an execution. */
  const prepare = async (name: string) => {
    if (name !== "execute") return;
    await enable(session());
    await enable(acting());
    await teach(EXECUTE_FROM_EXECUTOR, encodeAbiParameters([{ type: "bytes[]" }], [["0x"]]));
  };

  for (const name of ["enable", "onInstall", "onUninstall", "execute"] as const) {
    describe(`by ${name}`, () => {
      beforeEach(() => prepare(name));
      it("treats no forwarded call as the account's", async () => {
        const transaction = transactions[name]();
        await call(transaction);
        await answers(transaction.data, TRUE);
        const args = name === "execute" ? [ACCOUNT, key.address] : [ACCOUNT];
        await refused(call(transaction), name === "execute" ? "NotKey" : "ModuleIsFallbackHandler", ...args);
      });
      it("treats no forwarded call as the account's if it is the handler of a Safe7579's Safe", async () => {
        const transaction = transactions[name]();
        await teach(GET_STORAGE_AT, named(OTHER_ACCOUNT));
        await call(transaction);
        await teach(GET_STORAGE_AT, named(MODULE));
        const args = name === "execute" ? [ACCOUNT, key.address] : [ACCOUNT];
        await refused(call(transaction), name === "execute" ? "NotKey" : "ModuleIsFallbackHandler", ...args);
      });
      for (const [what, answer, fails] of NO_YES) {
        it(`proceeds if the account ${what}`, async () => {
          const transaction = transactions[name]();
          await answers(transaction.data, answer, { fails });
          await call(transaction);
        });
      }
    });
  }

  it("is uninstalled without data, and with data that ends in zeros, whatever the account returns", async () => {
    for (const data of ["0x", `0x${"11".repeat(12)}${"00".repeat(20)}`] as const) {
      const transaction = byAccount("onUninstall", [data]);
      await answers(transaction.data, TRUE);
      await call(transaction);
    }
  });

  describe("by execute, whose bytes end in zeros", () => {
    const asked = async (transaction: { from: Address; to: Address; data: Hex }) => {
      await answers(transaction.data, TRUE);
      return call(transaction);
    };
    beforeEach(() => prepare("execute"));
    it("is not queried with 20 trailing zeros: no address ends like that", async () => {
      await asked({ from: ACCOUNT, to: MODULE, data: executeOf(session()) });
      await asked(executionEndingIn(`0x0000000000000001${"00".repeat(20)}`));
    });
    it("is queried with 19 trailing zeros, or if only the last byte is not zero", async () => {
      for (const end of [`0x000000000000000001${"00".repeat(19)}`, `0x${"00".repeat(27)}01`] as const)
        await refused(asked(executionEndingIn(end)), "NotKey", ACCOUNT, key.address);
    });
    it("does not treat other trailing bytes as zeros", async () => {
      const { from, to, data } = executionEndingIn(`0x${"00".repeat(28)}`);
      for (const behind of [payee, `0x${"00".repeat(20)}`, pad("0x")] as const)
        await refused(asked({ from, to, data: concat([data, behind]) }), "NotKey", ACCOUNT, key.address);
    });
  });
});

describe("ERC7579SessionModule and a fallback handler of its account as an action's target", () => {
  useAccounts();
  const SELECTOR = "0x12345678";
  const target = payee;
  const acting = () =>
    session({
      actions: [
        { target, selector: SELECTOR, rules: [] },
        { target: OTHER_ACCOUNT, selector: SELECTOR, rules: [] },
      ],
    });
  /** The key has the account call the target, with somebody's address behind. */
  const act = { target, value: 0n, data: concat([SELECTOR, stranger.address]) };
  const other = { ...act, target: OTHER_ACCOUNT };
  const executing = (...calls: readonly Call[]) =>
    call({ from: key.address, to: MODULE, data: executeOf(acting(), "0x", calls) });
  const answers = (answer: Hex, options = {}) =>
    teach(isFallbackHandlerData(SELECTOR, target), answer, options);
  beforeEach(async () => {
    await enable(acting());
    await teach(EXECUTE_FROM_EXECUTOR, encodeAbiParameters([{ type: "bytes[]" }], [["0x"]]));
  });

  it("rejects it, alone and after another call", async () => {
    await executing(act);
    await executing(other, act);
    await answers(TRUE);
    await refused(executing(act), "ForbiddenTarget", 0, target);
    await refused(executing(other, act), "ForbiddenTarget", 1, target);
  });
  it("treats any non-zero word as true", async () => {
    await answers(pad("0x02"));
    await refused(executing(act), "ForbiddenTarget", 0, target);
  });
  for (const [what, answer, fails] of NO_YES) {
    it(`proceeds if the account ${what}`, async () => {
      await answers(answer, { fails });
      await executing(act);
    });
  }
  it("proceeds if it handles another function, or another module handles this one", async () => {
    await teach(isFallbackHandlerData("0x12345679", target), TRUE);
    await teach(isFallbackHandlerData(SELECTOR, OTHER_ACCOUNT), TRUE);
    await executing(act);
  });
  it("does not check payments", async () => {
    await teach(toFunctionSelector("isModuleInstalled(uint256,address,bytes)"), TRUE);
    await refused(executing(act), "ForbiddenTarget", 0, target);
    await executing(payment);
  });
});
