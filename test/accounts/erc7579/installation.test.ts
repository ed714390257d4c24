import { deployMock } from "@latchkey/accounts/deployMock";
import {
  EXECUTOR_TYPE,
  erc7579Abi,
  erc7579Installation,
  granterPrefix,
  VALIDATOR_TYPE,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { type Address, concat, encodeFunctionData, type Hex, numberToHex, size, slice } from "viem";
import { refusal } from "../../environment/refusal.ts";
import { onInstallData } from "../../erc7562/plainAccounts.ts";
import {
  alice,
  balanceOf,
  digestOf,
  ENABLED,
  epochOf,
  erc7579ModuleAbi,
  execute,
  granterOf,
  grantOf,
  install,
  installValidator,
  isInitialized,
  mallory,
  pay,
  sendUserOp,
  sessionOf,
  settle,
  stateOf,
  TOKEN_REFUSED,
  toModule,
  UNKNOWN,
  USD,
  useWorld,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

describe("an installation", () => {
  onEveryAccount((account) => {
    const session = () => sessionOf(account());

    it("makes the module the account's validator and executor", async () => {
      await install(account());
      for (const type of [VALIDATOR_TYPE, EXECUTOR_TYPE]) {
        const args = [type, world().module, "0x"] as const;
        const { testChain } = world();
        expect(
          await testChain.client.readContract({
            address: account().address,
            abi: erc7579Abi,
            functionName: "isModuleInstalled",
            args,
          }),
        ).to.equal(true);
      }
    });
    it("does not let another validator of the account grant, even if it accepts everything", async () => {
      const blind = await deployMock(world().testChain, "BlindValidator");
      await install(account());
      await account().execute([installValidator(account(), blind.address)]);
      const forged = concat([granterPrefix({ kind: account().kind, validator: blind.address }), "0x1234"]);
      // What it would say if it were asked.
      const { testChain } = world();
      const digest = digestOf(session());
      expect(
        await testChain.client.readContract({
          address: account().address,
          abi: erc7579Abi,
          functionName: "isValidSignature",
          args: [digest, forged],
        }),
      ).to.equal("0x1626ba7e");
      expect(await refusal(execute(session(), [pay(alice, USD)], forged))).to.include("NotGranted");
      expect(
        await refusal(sendUserOp(account(), session(), [pay(alice, USD)], { grant: forged })),
      ).to.include("AA24");
      expect(await refusal(settle(account(), session(), { grant: forged }))).to.match(TOKEN_REFUSED);
      await execute(session(), [pay(alice, USD)], await grantOf(account(), session()));
      expect(await balanceOf(alice)).to.equal(USD);
    });
    it("lets the named validator grant, even if it accepts everything", async () => {
      const blind = await deployMock(world().testChain, "BlindValidator");
      const granter = granterPrefix({ kind: account().kind, validator: blind.address });
      await account().execute([installValidator(account(), blind.address)]);
      await install(account(), { granter });
      await execute(session(), [pay(alice, USD)], concat([granter, "0x1234"]));
      expect(await balanceOf(alice)).to.equal(USD);
    });
    it("is done once: repeating it is rejected, or changes nothing", async () => {
      await install(account(), { sessions: [session()] });
      const again = erc7579Installation({
        kind: account().kind,
        account: account().address,
        module: world().module,
      });
      for (const call of again) {
        // A Kernel installs again what is there; the others refuse.
        if (account().kind === "kernel") await account().execute([call]);
        else expect(await refusal(account().execute([call]))).to.match(/fail|GS013|revert/);
      }
      expect(await granterOf(account().address)).to.equal(account().granter);
      expect(await epochOf(account().address)).to.equal(0n);
      expect((await sendUserOp(account(), session(), [pay(alice, USD)])).success).to.equal(true);
    });
  });
});

const onInstall = (account: Address, data: Hex) =>
  toModule(account, encodeFunctionData({ abi: erc7579ModuleAbi, functionName: "onInstall", args: [data] }));
const onUninstall = (account: Address, data: Hex) =>
  toModule(account, encodeFunctionData({ abi: erc7579ModuleAbi, functionName: "onUninstall", args: [data] }));

describe("the module as required by ERC-7579", function () {
  this.timeout(60_000);
  useWorld();
  /** Two accounts, which the module takes at their word: any caller is one. */
  const first = "0x00000000000000000000000000000000000a11c1" as const;
  const second = "0x00000000000000000000000000000000000a11c2" as const;
  const session = (account: Address = first, changes = {}) => sessionOf({ address: account }, changes);

  it("is a validator and an executor, and nothing else", async () => {
    for (const type of [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 2n ** 256n - 1n]) {
      const is = await world().testChain.client.readContract({
        address: world().module,
        abi: erc7579ModuleAbi,
        functionName: "isModuleType",
        args: [type],
      });
      expect(is, `${type}`).to.equal(type === 1n || type === 2n);
    }
  });
  it("is initialized from the first installation to the last removal", async () => {
    expect(await isInitialized(first)).to.equal(false);
    for (const installed of [true, true]) {
      await onInstall(first, "0x");
      expect(await isInitialized(first)).to.equal(installed);
    }
    await onUninstall(first, "0x");
    expect(await isInitialized(first)).to.equal(true);
    await onUninstall(first, "0x1234");
    expect(await isInitialized(first)).to.equal(false);
  });
  it("may be removed without being installed, and counts correctly afterwards", async () => {
    await onUninstall(first, "0x");
    expect(await isInitialized(first)).to.equal(false);
    await onInstall(first, "0x");
    expect(await isInitialized(first)).to.equal(true);
  });
  it("is installed with data once and without it the second time, in any order", async () => {
    for (const data of [
      ["0x", onInstallData("0xaabb", [session()])],
      [onInstallData("0xaabb", [session()]), "0x"],
    ] as const) {
      const snapshot = await world().connection.networkHelpers.takeSnapshot();
      for (const one of data) await onInstall(first, one);
      expect(await granterOf(first)).to.equal("0xaabb");
      expect(await stateOf(session())).to.equal(ENABLED);
      await snapshot.restore();
    }
  });
  it("is installed twice with the same data, to the same effect", async () => {
    for (const _ of [1, 2]) await onInstall(first, onInstallData("0xaabb", [session()]));
    expect(await granterOf(first)).to.equal("0xaabb");
    expect(await stateOf(session())).to.equal(ENABLED);
  });
  it("sets another granter if the second installation does", async () => {
    await onInstall(first, onInstallData("0xaabb"));
    await onInstall(first, onInstallData("0xcc"));
    expect(await granterOf(first)).to.equal("0xcc");
  });
  it("accepts granters of 1 to 23 bytes, not longer ones", async () => {
    for (const length of [1, 20, 21, 23]) {
      const granter = numberToHex(2n ** BigInt(8 * length) - 1n, { size: length });
      await onInstall(first, onInstallData(granter));
      expect(await granterOf(first)).to.equal(granter);
    }
    expect(await refusal(onInstall(first, onInstallData(`0x${"ff".repeat(24)}`)))).to.include(
      "GranterTooLong",
    );
  });
  it("keeps accounts apart", async () => {
    await onInstall(first, onInstallData("0xaa", [session(first)]));
    await onInstall(second, onInstallData("0xbb", [session(second)]));
    await onUninstall(second, "0x");
    expect(await isInitialized(second)).to.equal(false);
    expect(await granterOf(second)).to.equal("0x");
    expect(await epochOf(second)).not.to.equal(0n);
    expect(await isInitialized(first)).to.equal(true);
    expect(await granterOf(first)).to.equal("0xaa");
    expect(await epochOf(first)).to.equal(0n);
    expect(await stateOf(session(first))).to.equal(ENABLED);
  });
  it("enables no session of another account: the same bytes are its own session", async () => {
    await onInstall(first, onInstallData("0xaa", [session(second)]));
    expect(await stateOf(session(second))).to.equal(UNKNOWN);
    expect(await stateOf({ ...session(second), account: first })).to.equal(ENABLED);
  });
  it("enables nothing malformed, of another epoch, or revoked", async () => {
    for (const [changes, error] of [
      [{ budgets: [] as never[], key: first }, "MalformedSession"],
      [{ validUntil: 1 }, "MalformedSession"],
      [{ epoch: 1n }, "WrongEpoch"],
    ] as const) {
      const data = onInstallData("0xaa", [session(first, changes)]);
      expect(await refusal(onInstall(first, data))).to.include(error);
    }
    expect(await isInitialized(first)).to.equal(false);
  });
  it("rejects bytes in a non-canonical encoding", async () => {
    const data = onInstallData("0xaa", [session()]);
    for (const other of [
      concat([data, "0x00"]),
      concat([data, `0x${"00".repeat(32)}`]),
      concat([data, mallory]),
      slice(data, 0, size(data) - 1),
      "0x01",
      `0x${"ff".repeat(64)}`,
      `0x${"00".repeat(20)}`,
      `0x${"00".repeat(36)}`,
    ] as const) {
      expect(await refusal(onInstall(first, other))).to.include("MalformedSession(0, 0)");
      expect(await isInitialized(first)).to.equal(false);
    }
    // A key 0, and a session of nothing for it.
    expect(await refusal(onInstall(first, `0x${"00".repeat(37)}`))).to.include("MalformedSession(1, 0)");
  });
});
