import { adaptedSafe } from "@latchkey/accounts/erc7579/modularAccounts";
import { deploy, precompiled } from "@latchkey/accounts/erc7579/precompiled";
import { createSafe } from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { fallbackHandlerOf, installSafe, RELAYER } from "@latchkey/devchain";
import { type Erc7579AccountKind, hashSession } from "@latchkey/sdk";
import { encodeRevoke } from "@latchkey/sdk/encoding";
import { erc7579Installation, granterPrefix } from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { toKernelSmartAccount, toNexusSmartAccount, toSafeSmartAccount } from "permissionless/accounts";
import { type Address, parseAbi } from "viem";
import type { SmartAccount } from "viem/account-abstraction";
import { privateKeyToAccount } from "viem/accounts";
import {
  agentOf,
  alice,
  balanceOf,
  client,
  clientOf,
  handmadeUserOp,
  pay,
  refusedByBundler,
  type Sender,
  sessionOf,
  stateOf,
  submit,
  USD,
  useBundler,
  world,
} from "./fixture.ts";
import { kernelFactory, nexusNewcomer, owner, ownersValidator } from "./newcomers.ts";

/** An account that permissionless speaks for, by its owner's key. */
type Owned = { account: SmartAccount; kind: Erc7579AccountKind; granter: `0x${string}` };

const entryPoint = (): Sender["entryPoint"] & { version: "0.7" } => ({
  address: world().accounts["Nexus 1.0.0"].entryPoint.address,
  version: "0.7",
});

/** permissionless knows one factory of Nexus accounts only, which no npm package has: so the account is there before. */
async function ownedNexus(): Promise<Owned> {
  const { address, factory, validator } = await nexusNewcomer({ equipped: false });
  await world().testChain.send({ from: RELAYER, to: factory.address, data: factory.data });
  const account = await toNexusSmartAccount({
    client: client(),
    version: "1.0.0",
    owners: [owner],
    address,
    validatorAddress: validator,
    entryPoint: entryPoint(),
  });
  return { account, kind: "nexus", granter: granterPrefix({ kind: "nexus", validator }) };
}

/** Made by the owner's own first userOp, as permissionless has it. */
async function ownedKernel(): Promise<Owned> {
  const account = await toKernelSmartAccount({
    client: client(),
    version: "0.3.1",
    owners: [owner],
    entryPoint: entryPoint(),
    useMetaFactory: false,
    factoryAddress: await kernelFactory(),
    validatorAddress: await ownersValidator(),
  });
  return { account, kind: "kernel", granter: granterPrefix({ kind: "kernel" }) };
}

/**
 * A Safe that somebody had already. permissionless would make one by Rhinestone's launchpad, whose first userOp is
 * signed by a validator other than the Safe's owners.
 */
async function ownedSafe7579(): Promise<Owned> {
  const { testChain, accounts } = world();
  const safe = await installSafe(testChain);
  const { entryPoint: obeyed } = accounts["Safe7579 1.0.0 on Safe 1.4.1"];
  const ofSafe = ecdsaOwner("owner of a Safe7579 who uses permissionless");
  const made = await createSafe(
    { testChain, safe },
    { version: "1.4.1", owner: ofSafe, salt: "permissionless" },
  );
  const { address } = await adaptedSafe({ testChain, entryPoint: obeyed }, made);
  const adapter = await fallbackHandlerOf(testChain, address);
  const launchpad = await deploy(testChain, precompiled("Safe7579", "SAFE7579_LAUNCHPAD_BYTECODE"), {
    abi: parseAbi(["constructor(address entryPoint, address registry)"]),
    args: [obeyed.address, adapter],
  });
  const account = await toSafeSmartAccount({
    client: client(),
    version: "1.4.1",
    owners: [privateKeyToAccount(ofSafe.signer as `0x${string}`)],
    address,
    entryPoint: entryPoint(),
    safe4337ModuleAddress: adapter,
    erc7579LaunchpadAddress: launchpad,
  });
  return { account, kind: "safe7579", granter: granterPrefix({ kind: "safe7579" }) };
}

const owned: Record<string, () => Promise<Owned>> = {
  "a Nexus 1.0.0": ownedNexus,
  "a Kernel 3.1": ownedKernel,
  "a Safe7579 on Safe 1.4.1": ownedSafe7579,
};

describe("an owner's own userOps by permissionless, through the same bundler", function () {
  this.timeout(60_000);
  useBundler();
  for (const [name, own] of Object.entries(owned)) {
    it(`install the module with a session enabled, and revoke it: ${name}`, async () => {
      const { account, kind, granter } = await own();
      const { address } = account;
      const { usdc, testChain, module } = world();
      await testChain.setBalance(address, 10n ** 18n);
      await usdc.mint(address, 10n * USD);
      const asOwner = clientOf(account, { entryPoint: entryPoint() });
      const act = async (calls: readonly { to: Address; value: bigint; data: `0x${string}` }[]) => {
        const hash = await asOwner.sendUserOperation({ calls: [...calls] });
        const { success, reason } = await asOwner.waitForUserOperationReceipt({ hash, timeout: 20_000 });
        expect(success, reason).to.equal(true);
      };
      const sender: Sender = { kind, address, entryPoint: entryPoint() };
      const session = await sessionOf(sender);
      const before = await balanceOf(alice);

      await act(erc7579Installation({ kind, account: address, module, granter, sessions: [session] }));
      expect(await stateOf(session)).to.equal("ENABLED");
      const receipt = await (await agentOf(sender, session)).send(pay(alice, USD));
      expect(receipt.success, receipt.reason).to.equal(true);
      expect(await balanceOf(alice)).to.equal(before + USD);

      await act([encodeRevoke({ module, id: hashSession(session) })]);
      expect(await stateOf(session)).to.equal("REVOKED");
      const userOp = await handmadeUserOp(sender, session, [pay(alice, 1n)]);
      expect(await refusedByBundler(() => submit(sender, userOp))).to.include("AA24");
    });
  }
});
