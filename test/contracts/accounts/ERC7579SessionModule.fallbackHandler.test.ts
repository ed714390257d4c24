import { concat, encodeAbiParameters, encodeFunctionData, type Hex, pad, parseAbi, slice } from "viem";
import {
  ACCOUNT,
  byAccount,
  call,
  enable,
  executeOf,
  installData,
  key,
  MODULE,
  refused,
  session,
  teach,
  useAccounts,
} from "./erc7579Fixture.ts";

const TRUE = pad("0x01");
const EXECUTE_FROM_EXECUTOR = "0xd691c964";

/** How an account is asked whether the module is its fallback handler for the function that this calls. */
const question = (data: Hex): Hex =>
  encodeFunctionData({
    abi: parseAbi(["function isModuleInstalled(uint256 moduleTypeId, address module, bytes context)"]),
    args: [3n, MODULE, pad(slice(data, 0, 4), { dir: "right", size: 32 })],
  });

describe("ERC7579SessionModule as its account's fallback handler", () => {
  useAccounts();
  const transactions = {
    enable: () => byAccount("enable", [session()]),
    onInstall: () => byAccount("onInstall", [installData("0x", [session()])]),
    execute: () => ({ from: ACCOUNT, to: MODULE, data: executeOf(session()) }),
  };
  const answers = (data: Hex, answer: Hex, options = {}) => teach(question(data), answer, options);
  /** So that nothing but the handler is in the way of an execution. */
  const prepare = async (name: string) => {
    if (name !== "execute") return;
    await enable(session());
    await teach(EXECUTE_FROM_EXECUTOR, encodeAbiParameters([{ type: "bytes[]" }], [["0x"]]));
  };

  for (const name of ["enable", "onInstall", "execute"] as const) {
    describe(`by ${name}`, () => {
      beforeEach(() => prepare(name));
      it("takes nothing for the account's word", async () => {
        const transaction = transactions[name]();
        await call(transaction);
        await answers(transaction.data, TRUE);
        const args = name === "execute" ? [ACCOUNT, key.address] : [ACCOUNT];
        await refused(call(transaction), name === "execute" ? "NotKey" : "ModuleIsFallbackHandler", ...args);
      });
      for (const [what, answer, fails] of [
        ["says false", pad("0x"), false],
        ["reverts, even with what would be a yes", TRUE, true],
        ["says yes in less than a word", slice(TRUE, 1), false],
        ["says yes and more", concat([TRUE, TRUE]), false],
        ["says nothing", "0x", false],
      ] as [string, Hex, boolean][]) {
        it(`goes on where the account ${what}`, async () => {
          const transaction = transactions[name]();
          await answers(transaction.data, answer, { fails });
          await call(transaction);
        });
      }
    });
  }
});
