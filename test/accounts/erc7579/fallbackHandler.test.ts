import { deployMock } from "@latchkey/accounts/deployMock";
import { type ModularAccount, removalOf } from "@latchkey/accounts/erc7579/ModularAccount";
import type { Session } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { encodeEnable, encodeRevokeAll } from "@latchkey/sdk/encoding";
import { erc7579Abi, erc7579Removal } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  getAbiItem,
  type Hex,
  numberToHex,
  pad,
  size,
  slice,
  toFunctionSelector,
} from "viem";
import { sessionBytes } from "../../contracts/sessionBytes.ts";
import type { ModularAccountName } from "../../environment/erc7579/World7579.ts";
import { refusal } from "../../environment/refusal.ts";
import { FALLBACK_TYPE, fallbackInstallation } from "./fallbackInstallation.ts";
import {
  alice,
  balanceOf,
  budget,
  epochOf,
  erc7579ModuleAbi,
  granterOf,
  install,
  isInitialized,
  mallory,
  pay,
  paymentUserOpOf,
  sessionOf,
  spentOf,
  stateOf,
  UNKNOWN,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

const bytes = { type: "bytes" } as const;

const installHandler = (account: ModularAccount, handler: Address, functionName: HandledFunction) =>
  account.execute([
    {
      to: account.address,
      value: 0n,
      data: fallbackInstallation(account, handler, selectorOf(functionName)),
    },
  ]);

type HandledFunction = "enable" | "revokeAll" | "execute" | "onUninstall" | "validateUserOp";
const selectorOf = (name: HandledFunction): Hex =>
  toFunctionSelector(
    name === "onUninstall" || name === "validateUserOp"
      ? getAbiItem({ abi: erc7579ModuleAbi, name })
      : getAbiItem({ abi: sessionModuleAbi, name }),
  );

/**
 * How many bytes behind its calldata an outsider does not choose: their own address, which a Safe and the adapter behind
 * it both append.
 */
const appended = ({ kind }: ModularAccount) => (kind === "safe7579" ? 40 : 20);

/** A key of such an address can be found: its bytes can stand at the end of a session, see `endingIn`. */
const outsider: Address = "0x0000000100040120bad00000000000000000bad0";
const ask = ({ address }: ModularAccount, data: Hex) =>
  world().testChain.send({ from: outsider, to: address, data });
/** Sends all but what is appended on the way, which completes it. */
async function askCompleted(account: ModularAccount, data: Hex) {
  const behind = size(data) - appended(account);
  expect(slice(data, behind)).to.equal(`0x${outsider.slice(2).repeat(appended(account) / 20)}`);
  return ask(account, slice(data, 0, behind)).then(
    () => "taken",
    () => "refused",
  );
}

/**
 * A session whose bytes end in the outsider's address, twice, without trailing padding, so that appending it completes
 * them: an action's selector, its one rule with offset, operator and length, and the value.
 */
function endingIn(account: ModularAccount): Session {
  const twice = outsider.slice(2).repeat(2);
  const ending = (salt: bigint) =>
    sessionOf(account, {
      key: outsider,
      salt,
      actions: [
        {
          target: mallory,
          selector: `0x12${twice.slice(0, 6)}`,
          rules: [{ offset: 4, op: 1, value: `0x${twice.slice(16)}` }],
        },
      ],
    });
  const salts = Array.from({ length: 32 }, (_, i) => 256n ** BigInt(i));
  const whole = salts.map(ending).find((one) => size(sessionBytes(one)) % 32 === 0);
  if (!whole) throw new Error("no salt fills the last word");
  return whole;
}

/** A Kernel and the adapter of Safes do not ask a module what it is. */
const asksWhatItIs = (name: ModularAccountName) => !/Kernel|Safe7579/.test(name);

describe("the module as a fallback handler", () => {
  onEveryAccount((account) => {
    it("is rejected, while another is accepted", async () => {
      await install(account());
      const any = await deployMock(world().testChain, "CannedAnswers");
      await any.write("answerAll", [toFunctionSelector("isModuleType(uint256)"), false, pad("0x01")]);
      await any.write("answerAll", [toFunctionSelector("onInstall(bytes)"), false, "0x"]);
      await installHandler(account(), any.address, "revokeAll");
      expect(await refusal(installHandler(account(), world().module, "enable"))).to.match(/fail|revert/);
    });
  }, asksWhatItIs);

  onEveryAccount(
    (account) => {
      it("does not treat an outsider's call as the account's: revokeAll", async () => {
        await install(account());
        await installHandler(account(), world().module, "revokeAll");
        await refusal(ask(account(), encodeRevokeAll({ module: world().module }).data));
        expect(await epochOf(account().address)).to.equal(0n);
      });
      it("does not prevent the account from removing it, as handler and as module", async () => {
        await install(account(), { sessions: [sessionOf(account())] });
        await installHandler(account(), world().module, "revokeAll");
        await account().execute(erc7579Removal(await removalOf(account(), world().module)));
        expect(await epochOf(account().address)).not.to.equal(0n);
        const selector = selectorOf("revokeAll");
        const isHandler = () =>
          world().testChain.client.readContract({
            address: account().address,
            abi: erc7579Abi,
            functionName: "isModuleInstalled",
            args: [FALLBACK_TYPE, world().module, encodeAbiParameters([{ type: "bytes4" }], [selector])],
          });
        expect(await isHandler()).to.equal(true);
        const forAccount =
          account().kind === "safe7579"
            ? encodeAbiParameters([{ type: "bytes4" }, bytes], [selector, "0x"])
            : selector;
        const data = encodeFunctionData({
          abi: erc7579Abi,
          functionName: "uninstallModule",
          args: [FALLBACK_TYPE, world().module, forAccount],
        });
        await account().execute([{ to: account().address, value: 0n, data }]);
        expect(await isHandler()).to.equal(false);
        expect(await isInitialized(account().address)).to.equal(false);
      });
      it("does not treat an outsider's call as the account's: onUninstall, completed by the outsider's address", async () => {
        await install(account());
        // Safe7579 takes no handler of a function that it tells modules by itself.
        await installHandler(account(), world().module, "onUninstall").catch(() => undefined);
        const tail = appended(account());
        const length = tail === 20 ? 32 : 64;
        const data = concat([
          selectorOf("onUninstall"),
          pad("0x20"),
          numberToHex(length, { size: 32 }),
          `0x${"11".repeat(length - tail)}`,
          `0x${outsider.slice(2).repeat(tail / 20)}`,
        ]);
        const ended = await askCompleted(account(), data);
        expect(await epochOf(account().address), ended).to.equal(0n);
        expect(await granterOf(account().address)).to.equal(account().granter);
      });
      it("does not treat an outsider's call as the account's: execute, completed by the outsider's address", async () => {
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
          args: [sessionBytes(session), "0x", calls],
        });
        const ended = await askCompleted(account(), data);
        expect(await balanceOf(alice), ended).to.equal(0n);
      });
      it("does not treat an outsider's call as the account's: execute, with the outsider's address where zeros should be", async () => {
        const session = sessionOf(account());
        await install(account(), { sessions: [session] });
        await installHandler(account(), world().module, "execute");
        const data = encodeFunctionData({
          abi: sessionModuleAbi,
          functionName: "execute",
          args: [sessionBytes(session), "0x", [pay(alice, USD)]],
        });
        // Whole, cut where the padding begins, and cut so that what is appended ends where the padding did.
        for (const length of [size(data), size(data) - 28, size(data) - 20, size(data) - 40]) {
          await refusal(ask(account(), slice(data, 0, length)));
          expect(await balanceOf(alice), `${length} of ${size(data)} bytes`).to.equal(0n);
        }
      });
      it("does not treat an outsider's call as the account's: validateUserOp of a payment, whole and with the outsider's address in it", async () => {
        const session = sessionOf(account(), { budgets: [budget({ signatures: 0, sizes: 0 })] });
        await install(account(), { sessions: [session] });
        await installHandler(account(), world().module, "validateUserOp");
        const userOp = await paymentUserOpOf(account(), session);
        const args = [userOp, await account().entryPoint.hash(userOp)] as const;
        const data = encodeFunctionData({ abi: erc7579ModuleAbi, functionName: "validateUserOp", args });
        const { success } = await account().entryPoint.handle(userOp);
        expect([success, await spentOf(session)], "in the EntryPoint's hands it is good").to.deep.equal([
          true,
          USD,
        ]);
        // The signature ends in 20 zeros, behind which is padding.
        for (const less of [0, 20, 31, 40, 52, 63, 84]) {
          await ask(account(), slice(data, 0, size(data) - less)).catch(() => undefined);
          expect(await spentOf(session), `${less} bytes less`).to.equal(USD);
        }
      });
    },
    (name) => !asksWhatItIs(name),
  );

  onEveryAccount(
    (account) => {
      it("does not treat an outsider's call as the account's: enable, completed by the outsider's address", async () => {
        await install(account());
        await installHandler(account(), world().module, "enable");
        const session = endingIn(account());
        const ended = await askCompleted(account(), encodeEnable({ module: world().module, session }).data);
        expect(await stateOf(session), ended).to.equal(UNKNOWN);
      });
    },
    (name) => !asksWhatItIs(name),
  );
});
