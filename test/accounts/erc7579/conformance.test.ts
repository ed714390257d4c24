import { deployMock } from "@latchkey/accounts/deployMock";
import { type ModularAccount, removalOf } from "@latchkey/accounts/erc7579/ModularAccount";
import {
  EXECUTOR_TYPE,
  encodeSessionUserOpCallData,
  erc7579Abi,
  erc7579Removal,
  VALIDATOR_TYPE,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  pad,
  size,
  slice,
  toFunctionSelector,
  zeroAddress,
} from "viem";
import { erc7579AdapterOf } from "#sdk/accounts/accountAdapterOf.ts";
import { refusal } from "../../environment/refusal.ts";
import { onInstallData } from "../../erc7562/plainAccounts.ts";
import {
  alice,
  balanceOf,
  ENABLED,
  epochOf,
  execute,
  executeSigned,
  granterOf,
  grantOf,
  install,
  isInitialized,
  pay,
  sendUserOp,
  sessionOf,
  settle,
  stateOf,
  TOKEN_REFUSED,
  UNKNOWN,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

type ModuleType = typeof VALIDATOR_TYPE | typeof EXECUTOR_TYPE;
const TYPES = { validator: VALIDATOR_TYPE, executor: EXECUTOR_TYPE } as const;

/** Installs one type; `data` is what the account gets. */
const installRaw = (account: ModularAccount, type: ModuleType, data: Hex) =>
  account.execute([
    {
      to: account.address,
      value: 0n,
      data: encodeFunctionData({
        abi: erc7579Abi,
        functionName: "installModule",
        args: [type, world().module, data],
      }),
    },
  ]);

/** Installs one type; `inner` is what the module gets. */
const installType = (account: ModularAccount, type: ModuleType, inner: Hex) =>
  installRaw(account, type, erc7579AdapterOf(account.kind).installationBytes(type, inner));

const isInstalled = (account: ModularAccount, type: ModuleType) =>
  world().testChain.client.readContract({
    address: account.address,
    abi: erc7579Abi,
    functionName: "isModuleInstalled",
    args: [type, world().module, "0x"],
  });

describe("ERC-7579 conformance", () => {
  onEveryAccount((account) => {
    const session = (salt = 1n) => sessionOf(account(), { salt });
    const granter = () => account().granter;

    for (const [first, second] of [
      ["validator", "executor"],
      ["executor", "validator"],
    ] as const) {
      it(`may be installed as ${first} with data, then as ${second} without`, async () => {
        await installType(account(), TYPES[first], onInstallData(granter(), [session()]));
        await installType(account(), TYPES[second], "0x");
        await works();
      });
      it(`may be installed as ${first} without data, then as ${second} with it`, async () => {
        await installType(account(), TYPES[first], "0x");
        expect(await isInitialized(account().address)).to.equal(true);
        expect(await stateOf(session())).to.equal(UNKNOWN);
        await installType(account(), TYPES[second], onInstallData(granter(), [session()]));
        await works();
      });
    }
    /** A session that came with the installation, and one that is granted, on every rail. */
    const works = async () => {
      expect(await granterOf(account().address)).to.equal(granter());
      expect(await stateOf(session())).to.equal(ENABLED);
      await execute(session(), [pay(alice, USD)]);
      await executeSigned(session(2n), [pay(alice, USD)], await grantOf(account(), session(2n)));
      expect((await sendUserOp(account(), session(), [pay(alice, USD)])).success).to.equal(true);
      await settle(account(), session(2n));
      expect(await balanceOf(alice)).to.equal(4n * USD);
    };

    it("as validator only, signs but does not execute", async () => {
      await installType(account(), VALIDATOR_TYPE, onInstallData("0x", [session()]));
      await settle(account(), session());
      expect(await refusal(execute(session(), [pay(alice, 1n)]))).to.match(/CallFailed/);
      const moved = (await sendUserOp(account(), session(), [pay(alice, 1n)])).success;
      expect(moved).to.equal(false);
      expect(await balanceOf(alice)).to.equal(USD);
    });
    it("as executor only, executes but does not sign", async () => {
      await installType(account(), EXECUTOR_TYPE, onInstallData("0x", [session()]));
      await execute(session(), [pay(alice, USD)]);
      expect(await refusal(settle(account(), session()))).to.match(TOKEN_REFUSED);
      expect(await refusal(sendUserOp(account(), session(), [pay(alice, 1n)]))).to.match(/AA2[34]/);
      expect(await balanceOf(alice)).to.equal(USD);
    });
    it("is not installed with invalid data, for each type", async () => {
      for (const type of Object.values(TYPES)) {
        const whole = onInstallData("0xaa", [session()]);
        for (const data of [
          "0x01",
          "0x1234",
          `0x${"ff".repeat(64)}`,
          concat([onInstallData("0xaa"), "0x00"]),
          slice(whole, 0, size(whole) - 1),
          concat([whole, "0x00"]),
        ]) {
          expect(await refusal(installType(account(), type, data as Hex))).to.match(/fail|GS013|revert/);
          expect(await isInstalled(account(), type)).to.equal(false);
        }
      }
      expect(await isInitialized(account().address)).to.equal(false);
      expect(await granterOf(account().address)).to.equal("0x");
    });
    it("is removed once: repeating it is rejected, or changes nothing", async () => {
      await install(account(), { sessions: [session()] });
      const removal = erc7579Removal(await removalOf(account(), world().module));
      await account().execute(removal);
      const epoch = await epochOf(account().address);
      for (const call of removal.slice(1)) {
        const again = await account()
          .execute([call])
          .then(
            () => "taken",
            () => "refused",
          );
        // A Kernel tells a module that it does not have; the others refuse.
        if (again === "taken") expect(account().kind).to.equal("kernel");
        else expect(await epochOf(account().address)).to.equal(epoch);
      }
      expect(await isInitialized(account().address)).to.equal(false);
    });
    it("keeps accounts separate", async () => {
      const others = Object.values(world().accounts).filter(({ address }) => address !== account().address);
      const other = others[0] as ModularAccount;
      await install(account(), { sessions: [session()] });
      await install(other, { sessions: [sessionOf(other)] });
      await other.execute(erc7579Removal(await removalOf(other, world().module)));
      expect(await isInitialized(other.address)).to.equal(false);
      expect(await isInitialized(account().address)).to.equal(true);
      expect(await granterOf(account().address)).to.equal(granter());
      expect(await refusal(execute(sessionOf(other), [pay(alice, 1n)]))).to.include("WrongEpoch");
      await works();
    });
  });
});

const bytes = { type: "bytes" } as const;
/** What a Kernel wants around a validator's own data. */
const forKernel = (hook: Address, inner: Hex, selector: Hex) =>
  // A hook's data begins with whether it is to be told that it is installed.
  concat([hook, encodeAbiParameters([bytes, bytes, bytes], [inner, "0x00", selector])]);
const EXECUTE = toFunctionSelector("execute(bytes32,bytes)");

/** A Kernel's own data stands around the module's; whatever the Kernel makes of it, nothing may be open that should not. */
describe("a Kernel with installation data that the SDK would not create", () => {
  onEveryAccount(
    (account) => {
      const session = () => sessionOf(account());
      const inner = () => onInstallData(account().granter, [session()]);

      it("rejects data that is too short, and a hook without code, and installs nothing", async () => {
        for (const data of ["0x", inner(), forKernel(alice, inner(), EXECUTE)] as const) {
          expect(await refusal(installRaw(account(), VALIDATOR_TYPE, data))).to.match(/fail|revert/);
        }
        expect(await isInstalled(account(), VALIDATOR_TYPE)).to.equal(false);
        expect(await isInitialized(account().address)).to.equal(false);
      });
      it("installs the module without its data, if the Kernel's own data is missing: nothing works", async () => {
        for (const data of [concat([zeroAddress, inner()]), zeroAddress] as const) {
          const snapshot = await world().connection.networkHelpers.takeSnapshot();
          await installRaw(account(), VALIDATOR_TYPE, data);
          await installType(account(), EXECUTOR_TYPE, "0x");
          expect(await isInitialized(account().address)).to.equal(true);
          expect(await granterOf(account().address)).to.equal("0x");
          expect(await stateOf(session())).to.equal(UNKNOWN);
          const [calls, grant] = [[pay(alice, 1n)], await grantOf(account(), session())];
          expect(await refusal(execute(session(), calls, grant))).to.include("NotGranted");
          expect(await refusal(sendUserOp(account(), session(), calls, { grant }))).to.match(/AA2[34]/);
          expect(await refusal(settle(account(), session(), { grant }))).to.match(TOKEN_REFUSED);
          await account().execute(erc7579Removal(await removalOf(account(), world().module)));
          expect(await isInitialized(account().address)).to.equal(false);
          await snapshot.restore();
        }
      });
      it("rejects userOps if the selector of execute was not named; everything else works", async () => {
        for (const selector of ["0x", "0x12345678"] as const) {
          const snapshot = await world().connection.networkHelpers.takeSnapshot();
          await installRaw(account(), VALIDATOR_TYPE, forKernel(zeroAddress, inner(), selector));
          await installType(account(), EXECUTOR_TYPE, "0x");
          expect(await refusal(sendUserOp(account(), session(), [pay(alice, 1n)]))).to.include("AA23");
          await execute(session(), [pay(alice, 1n)]);
          await settle(account(), session());
          await snapshot.restore();
        }
      });
      it("rejects both forms of userOp if the validator has a hook; everything else works", async () => {
        const hook = await deployMock(world().testChain, "CannedAnswers");
        const answers = {
          "isModuleType(uint256)": pad("0x01"),
          "isInitialized(address)": pad("0x01"),
          "onInstall(bytes)": "0x",
          "preCheck(address,uint256,bytes)": encodeAbiParameters([bytes], ["0x"]),
          "postCheck(bytes)": "0x",
        } as const;
        for (const [signature, answer] of Object.entries(answers)) {
          await hook.write("answerAll", [toFunctionSelector(signature), false, answer]);
        }
        await installRaw(account(), VALIDATOR_TYPE, forKernel(hook.address, inner(), EXECUTE));
        await installType(account(), EXECUTOR_TYPE, "0x");
        const calls = [pay(alice, 1n)];
        expect(await refusal(sendUserOp(account(), session(), calls))).to.include("AA23");
        const callData = concat([
          toFunctionSelector(
            "executeUserOp((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes),bytes32)",
          ),
          encodeSessionUserOpCallData({
            session: { module: world().module, session: session() },
            signature: "0x",
            calls,
          }),
        ]);
        expect(await refusal(sendUserOp(account(), session(), [], { callData }))).to.include("AA24");
        expect(await balanceOf(alice)).to.equal(0n);
        await execute(session(), calls);
        await settle(account(), session());
      });
    },
    (name) => name.includes("Kernel"),
  );
});
