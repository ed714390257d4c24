import { encodeBatch, type ModularAccount, removalOf } from "@latchkey/accounts/erc7579/ModularAccount";
import type { EncodedCall } from "@latchkey/sdk";
import { EXECUTOR_TYPE, erc7579Abi, erc7579Removal, VALIDATOR_TYPE } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import {
  type Address,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  numberToHex,
} from "viem";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  balanceOf,
  epochOf,
  execute,
  executeSigned,
  granterOf,
  grantOf,
  install,
  installWithoutGranter,
  isInitialized,
  pay,
  sendUserOp,
  sessionOf,
  settle,
  TOKEN_REFUSED,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

const SENTINEL: Address = "0x0000000000000000000000000000000000000001";

/** Uninstalling one type, with bytes for the module that it did not ask for. */
async function uninstallation(account: ModularAccount, type: bigint, forModule: Hex): Promise<EncodedCall> {
  const { module } = world();
  const removal = await removalOf(account, module);
  let data = forModule;
  if ("validators" in removal) {
    const list = type === VALIDATOR_TYPE ? removal.validators : removal.executors;
    const position = list.findIndex((one) => isAddressEqual(one, module));
    data = encodeAbiParameters(
      [{ type: "address" }, { type: "bytes" }],
      [list[position - 1] ?? SENTINEL, forModule],
    );
  }
  return {
    to: account.address,
    value: 0n,
    data: encodeFunctionData({
      abi: erc7579Abi,
      functionName: "uninstallModule",
      args: [type, module, data],
    }),
  };
}

const isInstalled = (account: ModularAccount, type: bigint) =>
  world().testChain.client.readContract({
    address: account.address,
    abi: erc7579Abi,
    functionName: "isModuleInstalled",
    args: [type, world().module, "0x"],
  });

describe("removing the module", () => {
  onEveryAccount((account) => {
    const enabled = (changes = {}) => sessionOf(account(), changes);
    const unused = () => sessionOf(account(), { salt: 2n });
    let carried: Hex;

    beforeEach(async () => {
      await install(account(), { sessions: [enabled()] });
      carried = await grantOf(account(), unused());
      await execute(enabled(), [pay(alice, 1n)]);
      await settle(account(), enabled());
    });

    const nothingWorks = async () => {
      const calls = [pay(alice, 1n)];
      const before = await balanceOf(alice);
      for (const [session, grant] of [
        [enabled(), "0x"],
        [unused(), carried],
      ] as const) {
        expect(await refusal(execute(session, calls, grant))).to.include("WrongEpoch");
        expect(await refusal(executeSigned(session, calls, grant))).to.include("WrongEpoch");
        expect(await refusal(sendUserOp(account(), session, calls, { grant }))).to.match(/AA2[34]/);
        const slot = { lot: 1n };
        const payment = grant === "0x" ? { slot } : { slot, grant };
        expect(await refusal(settle(account(), session, payment))).to.match(TOKEN_REFUSED);
      }
      expect(await balanceOf(alice)).to.equal(before);
      expect(await granterOf(account().address)).to.equal("0x");
    };

    it("removes both types and ends every session and grant", async () => {
      await account().execute(erc7579Removal(await removalOf(account(), world().module)));
      for (const type of [VALIDATOR_TYPE, EXECUTOR_TYPE]) {
        expect(await isInstalled(account(), type)).to.equal(false);
      }
      expect(await isInitialized(account().address)).to.equal(false);
      await nothingWorks();
    });
    it("starts with a call that ends everything by itself: the others may follow later, separately", async () => {
      const [first, ...others] = erc7579Removal(await removalOf(account(), world().module));
      await account().execute([first as EncodedCall]);
      expect(await isInstalled(account(), VALIDATOR_TYPE)).to.equal(true);
      await nothingWorks();
      for (const call of others) await account().execute([call]);
      expect(await isInstalled(account(), VALIDATOR_TYPE)).to.equal(false);
      expect(await isInitialized(account().address)).to.equal(false);
      await nothingWorks();
    });
    for (const [name, type] of [
      ["validator", VALIDATOR_TYPE],
      ["executor", EXECUTOR_TYPE],
    ] as const) {
      it(`as ${name} only, ends every session and grant, on every rail`, async () => {
        await account().execute([await uninstallation(account(), type, "0x")]);
        expect(await isInstalled(account(), type)).to.equal(false);
        expect(await isInitialized(account().address)).to.equal(true);
        await nothingWorks();
      });
    }
    it("cannot be blocked by any data", async () => {
      for (const bytes of ["0x00", `0x${"ff".repeat(31)}`, `0x${"ff".repeat(4096)}`] as const) {
        const snapshot = await world().connection.networkHelpers.takeSnapshot();
        for (const type of [EXECUTOR_TYPE, VALIDATOR_TYPE]) {
          const epoch = await epochOf(account().address);
          await account().execute([await uninstallation(account(), type, bytes)]);
          expect(await epochOf(account().address)).not.to.equal(epoch);
        }
        expect(await isInitialized(account().address)).to.equal(false);
        await nothingWorks();
        await snapshot.restore();
      }
    });
    /** Sends with that much gas and no more; whether it went well does not matter. */
    const sendWithGas = async (from: Address, data: Hex, gas: bigint) => {
      const { testChain } = world();
      await testChain.impersonate(from);
      await testChain.setBalance(from, 10n ** 20n);
      const transaction = { from, to: account().address, data, gas: numberToHex(gas) };
      await testChain.provider
        .request({ method: "eth_sendTransaction", params: [transaction] })
        .catch(() => undefined);
    };
    it("cannot be starved of gas: either sessions end or the module stays installed", async function () {
      this.timeout(120_000);
      const { connection, module } = world();
      const calls = erc7579Removal(await removalOf(account(), module));
      const gone = async () =>
        !(await isInstalled(account(), VALIDATOR_TYPE)) || !(await isInstalled(account(), EXECUTOR_TYPE));
      const seen = new Set<boolean>();
      for (let gas = 40_000n; gas <= 280_000n; gas += 5_000n) {
        const snapshot = await connection.networkHelpers.takeSnapshot();
        await sendWithGas(account().entryPoint.address, encodeBatch(calls), gas);
        const removed = await gone();
        seen.add(removed);
        expect((await epochOf(account().address)) !== 0n, `${gas} gas`).to.equal(removed);
        await snapshot.restore();
      }
      expect(seen.size, "enough gas, and too little").to.equal(2);
    });
    it("done manually, needs gas on a Nexus, which otherwise removes a module without notification", async function () {
      this.timeout(120_000);
      const { connection } = world();
      for (const type of [VALIDATOR_TYPE, EXECUTOR_TYPE]) {
        const { data } = await uninstallation(account(), type, "0x");
        let [untold, told] = [0, 0];
        for (let gas = 34_000n; gas <= 130_000n; gas += 2_000n) {
          const snapshot = await connection.networkHelpers.takeSnapshot();
          await sendWithGas(account().address, data, gas);
          if (await isInstalled(account(), type)) expect(await epochOf(account().address)).to.equal(0n);
          else if ((await epochOf(account().address)) === 0n) untold += 1;
          else told += 1;
          await snapshot.restore();
        }
        expect(told).to.be.greaterThan(0);
        expect(untold > 0).to.equal(account().kind === "nexus");
      }
    });
    it("sets another epoch each time, so that nothing is valid again later", async () => {
      await account().execute(erc7579Removal(await removalOf(account(), world().module)));
      const removed = await epochOf(account().address);
      await installWithoutGranter(account());
      expect(await epochOf(account().address)).to.equal(removed);
      expect(await isInitialized(account().address)).to.equal(true);
      await nothingWorks();
    });
    it("allows the owner to install it again, for new sessions", async () => {
      await account().execute(erc7579Removal(await removalOf(account(), world().module)));
      const epoch = await epochOf(account().address);
      await install(account(), { sessions: [enabled({ epoch })] });
      const before = await balanceOf(alice);
      expect((await sendUserOp(account(), enabled({ epoch }), [pay(alice, 1n)])).success).to.equal(true);
      await settle(account(), enabled({ epoch }));
      const granted = sessionOf(account(), { salt: 3n, epoch });
      await execute(granted, [pay(alice, 1n)], await grantOf(account(), granted));
      expect(await balanceOf(alice)).to.equal(before + USD + 2n);
    });
    it("does not require both types", async () => {
      await account().execute([await uninstallation(account(), VALIDATOR_TYPE, "0x")]);
      const between = await epochOf(account().address);
      await account().execute([await uninstallation(account(), EXECUTOR_TYPE, "0x")]);
      expect(await epochOf(account().address)).not.to.equal(between);
      expect(await isInitialized(account().address)).to.equal(false);
    });
    it("is up to the owner: no session can do it, or install anything", async () => {
      const { data } = await uninstallation(account(), VALIDATOR_TYPE, "0x");
      const call = { target: account().address, value: 0n, data };
      expect(await refusal(execute(enabled(), [call]))).to.include("ForbiddenTarget");
      expect((await sendUserOp(account(), enabled(), [call])).success).to.equal(false);
      const toModule = { target: world().module, value: 0n, data: "0x" } as const;
      expect(await refusal(execute(enabled(), [toModule]))).to.include("ForbiddenTarget");
      expect(await isInstalled(account(), VALIDATOR_TYPE)).to.equal(true);
    });
  });
});
