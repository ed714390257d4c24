import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  getAbiItem,
  type Hex,
  pad,
  size,
  slice,
  toFunctionSelector,
} from "viem";
import {
  encodeEnable,
  encodeRevokeAll,
  erc7579Abi,
  type Session,
  sessionModuleAbi,
} from "../../../packages/sdk/src/index.ts";
import { deployMock } from "../../environment/deployMock.ts";
import type { ModularAccount } from "../../environment/erc7579/ModularAccount.ts";
import type { ModularAccountName } from "../../environment/erc7579/World7579.ts";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  balanceOf,
  epochOf,
  install,
  mallory,
  pay,
  sessionOf,
  stateOf,
  UNKNOWN,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

const FALLBACK_TYPE = 3n;
const bytes = { type: "bytes" } as const;

/** What each account wants to know of a fallback handler that is to be called, for one function. */
function handlerData({ kind }: ModularAccount, selector: Hex): Hex {
  if (kind === "openzeppelin") return selector;
  // Type of the call, one byte: 0, an ordinary one.
  if (kind === "nexus" || kind === "reference") return concat([selector, "0x00"]);
  if (kind === "safe7579")
    return encodeAbiParameters([{ type: "bytes4" }, { type: "bytes1" }, bytes], [selector, "0x00", "0x"]);
  return concat([
    selector,
    "0x0000000000000000000000000000000000000001",
    encodeAbiParameters([bytes, bytes], ["0x00", "0x"]),
  ]);
}

const installHandler = (
  account: ModularAccount,
  handler: Address,
  functionName: "enable" | "revokeAll" | "execute",
) =>
  account.execute([
    {
      to: account.address,
      value: 0n,
      data: encodeFunctionData({
        abi: erc7579Abi,
        functionName: "installModule",
        args: [FALLBACK_TYPE, handler, handlerData(account, selectorOf(functionName))],
      }),
    },
  ]);

const selectorOf = (name: "enable" | "revokeAll" | "execute"): Hex =>
  toFunctionSelector(getAbiItem({ abi: sessionModuleAbi, name }));

/**
 * How many bytes behind its calldata an outsider does not choose: their own address, which a Safe and the adapter behind
 * it both append.
 */
const appended = ({ kind }: ModularAccount) => (kind === "safe7579" ? 40 : 20);

/** A session whose encoding ends in an address, so that whoever appends it completes the encoding. */
const endingIn = (account: ModularAccount, outsider: Address): Session =>
  sessionOf(account, {
    key: outsider,
    budgets: [
      {
        token: world().usdc.address,
        perTransaction: USD,
        perPeriod: USD,
        period: 86_400,
        initial: 0n,
        perSecond: 0n,
        slotSizes: 0,
        recipients: [mallory],
      },
    ],
    actions: [
      {
        target: mallory,
        selector: "0x12345678",
        rules: [{ offset: 4, op: 1, value: `0x${outsider.slice(2).padStart(64, "0")}` }],
      },
    ],
  });

/** A Kernel and the adapter of Safes do not ask a module what it is. */
const asksWhatItIs = (name: ModularAccountName) => !/Kernel|Safe7579/.test(name);

describe("the module as a fallback handler", () => {
  onEveryAccount((account) => {
    it("is refused, where another is taken", async () => {
      await install(account());
      const any = await deployMock(world().testChain, "CannedAnswers");
      await any.write("answerAll", [toFunctionSelector("isModuleType(uint256)"), false, pad("0x01")]);
      await any.write("answerAll", [toFunctionSelector("onInstall(bytes)"), false, "0x"]);
      await installHandler(account(), any.address, "revokeAll");
      expect(await refusal(installHandler(account(), world().module, "enable"))).to.match(/fail/);
    });
  }, asksWhatItIs);

  onEveryAccount(
    (account) => {
      const outsider: Address = "0x00000000000000000000000000000000bad0bad0";
      const ask = (data: Hex) => world().testChain.send({ from: outsider, to: account().address, data });
      /** Sends all but what is appended on the way, which completes it. */
      const askCompleted = async (data: Hex) => {
        const behind = size(data) - appended(account());
        expect(slice(data, behind)).to.equal(`0x${outsider.slice(2).repeat(appended(account()) / 20)}`);
        return ask(slice(data, 0, behind)).then(
          () => "taken",
          () => "refused",
        );
      };

      it("takes no word of an outsider for the account's: revokeAll", async () => {
        await install(account());
        await installHandler(account(), world().module, "revokeAll");
        await refusal(ask(encodeRevokeAll({ module: world().module }).data));
        expect(await epochOf(account().address)).to.equal(0n);
      });
      it("takes no word of an outsider for the account's: enable, completed by the outsider's address", async function () {
        // No session's encoding ends in 40 bytes of anybody's choice.
        if (account().kind === "safe7579") return this.skip();
        await install(account());
        await installHandler(account(), world().module, "enable");
        const session = endingIn(account(), outsider);
        const ended = await askCompleted(encodeEnable({ module: world().module, session }).data);
        expect(await stateOf(session), ended).to.equal(UNKNOWN);
      });
      it("takes no word of an outsider for the account's: execute, completed by the outsider's address", async () => {
        const session = sessionOf(account(), {
          actions: [{ target: mallory, selector: "0x12345678", rules: [] }],
        });
        await install(account(), { sessions: [session] });
        await installHandler(account(), world().module, "execute");
        const calls = [
          pay(alice, USD),
          // Whole words, so that nothing is padded behind the outsider's address.
          {
            target: mallory,
            value: 0n,
            data: concat(["0x12345678", `0x${"00".repeat(20)}`, outsider, outsider]),
          },
        ];
        const data = encodeFunctionData({
          abi: sessionModuleAbi,
          functionName: "execute",
          args: [session, "0x", calls],
        });
        const ended = await askCompleted(data);
        expect(await balanceOf(alice), ended).to.equal(0n);
      });
    },
    (name) => !asksWhatItIs(name),
  );
});
