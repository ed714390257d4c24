import { deployMock, type Mock } from "@latchkey/accounts/deployMock";
import { removalOf } from "@latchkey/accounts/erc7579/ModularAccount";
import { encodeRevokeAll } from "@latchkey/sdk/encoding";
import { EXECUTOR_TYPE, erc7579Removal, VALIDATOR_TYPE } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { encodeFunctionData, parseAbi } from "viem";
import { refusal } from "../../environment/refusal.ts";
import {
  alice,
  balanceOf,
  budget,
  execute,
  executeSigned,
  grantOf,
  install,
  isInitialized,
  pay,
  payByUserOp,
  sendUserOp,
  sessionOf,
  settle,
  someone,
  TOKEN_REFUSED,
  USD,
  world,
} from "./fixture.ts";
import { onEveryAccount } from "./onEveryAccount.ts";

/** The same on a Nexus and on a Safe7579. */
const registryAbi = parseAbi([
  "function setRegistry(address registry, address[] attesters, uint8 threshold)",
]);

/** The accounts that know what a registry is. */
const asksRegistry = (name: string) => /Nexus|Safe7579/.test(name);

describe("a module registry (ERC-7484) used by the account", () => {
  onEveryAccount((account) => {
    const attester = someone("attester").address;
    const session = (salt = 1n) => sessionOf(account(), { salt });
    let registry: Mock;
    const say = (what: "attest" | "revoke", type: bigint) =>
      registry.write(what, [world().module, type], { from: attester });

    beforeEach(async () => {
      registry = await deployMock(world().testChain, "AttestationRegistry");
      const args = [registry.address, [attester], 1] as const;
      const data = encodeFunctionData({ abi: registryAbi, functionName: "setRegistry", args });
      await account().execute([{ to: account().address, value: 0n, data }]);
    });

    it("rejects the module until a trusted attester has attested both its types", async () => {
      const isRefused = async () => {
        expect(await refusal(install(account()))).to.match(/fail|GS013|revert/);
        expect(await isInitialized(account().address)).to.equal(false);
      };
      await isRefused();
      await registry.write("attest", [world().module, VALIDATOR_TYPE], { from: alice });
      await registry.write("attest", [world().module, EXECUTOR_TYPE], { from: alice });
      await isRefused();
      await say("attest", VALIDATOR_TYPE);
      await isRefused();
      await say("attest", EXECUTOR_TYPE);
      await install(account());
      expect(await isInitialized(account().address)).to.equal(true);
    });

    describe("and that attests the module", () => {
      beforeEach(async () => {
        for (const type of [VALIDATOR_TYPE, EXECUTOR_TYPE]) await say("attest", type);
        await install(account(), { sessions: [session()] });
      });

      it("lets every rail work", async () => {
        const granted = session(2n);
        await execute(granted, [pay(alice, USD)], await grantOf(account(), granted));
        await executeSigned(session(), [pay(alice, USD)]);
        const { success, reason } = await sendUserOp(account(), session(), [pay(alice, USD)]);
        expect(success, reason).to.equal(true);
        await settle(account(), session());
        expect(await balanceOf(alice)).to.equal(4n * USD);
      });
      it("stops executions when the attestation is revoked; signed payments continue until revokeAll", async () => {
        for (const type of [VALIDATOR_TYPE, EXECUTOR_TYPE]) await say("revoke", type);
        expect(await refusal(execute(session(), [pay(alice, USD)]))).to.include("CallFailed");
        expect(await refusal(executeSigned(session(), [pay(alice, USD)]))).to.include("CallFailed");
        const moved = await sendUserOp(account(), session(), [pay(alice, USD)]).then(
          ({ success }) => success,
          () => false,
        );
        expect(moved).to.equal(false);
        await settle(account(), session());
        expect(await balanceOf(alice)).to.equal(USD);
        await account().execute(erc7579Removal(await removalOf(account(), world().module)));
        expect(await refusal(settle(account(), session(), { slot: { lot: 1n } }))).to.match(TOKEN_REFUSED);
        expect(await isInitialized(account().address)).to.equal(false);
      });
      it("does not stop payments that the account makes itself, until revokeAll: validators are not checked", async () => {
        const paying = sessionOf(account(), { salt: 3n, budgets: [budget({ signatures: 0, sizes: 0 })] });
        const grant = await grantOf(account(), paying);
        for (const type of [VALIDATOR_TYPE, EXECUTOR_TYPE]) await say("revoke", type);
        const { success, reason } = await payByUserOp(account(), paying, { grant });
        expect(success, reason).to.equal(true);
        expect(await balanceOf(alice)).to.equal(USD);
        await account().execute([encodeRevokeAll({ module: world().module })]);
        expect(await refusal(payByUserOp(account(), paying, { grant }))).to.include("AA24");
        expect(await balanceOf(alice)).to.equal(USD);
      });
    });
  }, asksRegistry);
});
