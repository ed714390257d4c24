import {
  createPasskeySafe,
  createSafe,
  type Latchkey,
  modulesOf,
  type SafeAccount,
  signatureRail,
} from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { createPasskey, fallbackHandlerOf, SAFE_VERSIONS } from "@latchkey/devchain";
import {
  combineGrants,
  executeAsSafe,
  type Grant,
  isRefusal,
  type Owner,
  parseGrant,
  pay,
  proposeSession,
  type RefusalCode,
  revokeSession,
  safeFallbackHandler,
  safeInstallation,
  safeRemoval,
  serializeGrant,
  sessionStatus,
  signGrant,
  verifyGrant,
} from "@latchkey/sdk";
import { encodeRevokeAll, safeAbi } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  createWalletClient,
  custom,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  type LocalAccount,
  parseAbi,
  parseEther,
  toBytes,
  toHex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import { installLatchkey } from "../environment/latchkey.ts";
import { type Environment, setUp } from "../environment/setUp.ts";

const account = (seed: string) => privateKeyToAccount(keccak256(toBytes(seed)));
const [alice, bob, agent, relay] = [
  account("owner alice"),
  account("bob"),
  account("agent"),
  account("relay"),
] as const;
const shop = getAddress(toHex(0x5409, { size: 20 }));
const ownerAbi = parseAbi(["function addOwnerWithThreshold(address owner, uint256 threshold)"]);

async function refusalOf(attempt: Promise<unknown>): Promise<RefusalCode | undefined> {
  try {
    await attempt;
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
  return undefined;
}

for (const version of SAFE_VERSIONS)
  describe(`the owner of a Safe ${version}`, () => {
    let env: Environment;
    let latchkey: Latchkey;
    let restore: () => Promise<void>;
    before(async function () {
      this.timeout(60_000);
      env = await setUp("base");
      latchkey = await installLatchkey(env.testChain);
      for (const payer of [alice, agent, relay])
        await env.testChain.setBalance(payer.address, parseEther("10"));
      restore = (await env.connection.networkHelpers.takeSnapshot()).restore;
    });
    afterEach(() => restore());
    after(() => env.connection.close());

    const walletOf = (signer: LocalAccount) =>
      createWalletClient({
        account: signer,
        chain: base,
        transport: custom(env.connection.provider, { retryCount: 0 }),
      });
    const mined = async (sent: Promise<Hex>) => {
      const receipt = await env.testChain.client.waitForTransactionReceipt({ hash: await sent });
      expect(receipt.status).to.equal("success");
    };
    const propose = (safe: Address) =>
      proposeSession(env.testChain.client, {
        account: safe,
        key: agent,
        module: latchkey.module,
        budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
        until: "7d",
      });
    const installation = (safe: Address) =>
      safeInstallation({
        ...signatureRail(env.safe, version, latchkey, [env.usdc.domainSeparator]),
        safe,
        module: latchkey.module,
      });
    const passkeySafe = async () => {
      const passkey = createPasskey("alice");
      const { address } = await createPasskeySafe(env, {
        version,
        passkey,
        latchkey,
        domainSeparators: [env.usdc.domainSeparator],
      });
      // Getters do not survive a spread: the number of assertions is asked of the passkey itself.
      const { rawId, getFn } = passkey;
      const owner: Owner = { rawId, getFn, signer: env.safe.passkey.sharedSigner };
      return { address, owner, passkey };
    };

    it("installs the module in one batch, grants, sees it used, and revokes it in one line", async () => {
      const safe = await createSafe(env, { version, owner: ecdsaOwner("alice") });
      await env.usdc.mint(safe.address, 5_000_000n);
      const owner = walletOf(alice);
      await mined(executeAsSafe(owner, { safe: safe.address, calls: installation(safe.address) }));

      const file = serializeGrant(await signGrant(owner, await propose(safe.address)));

      const grant = parseGrant(file);
      await mined(pay(walletOf(agent), { grant, to: shop, amount: "0.20" }));
      expect(await env.usdc.balanceOf(shop)).to.equal(200_000n);

      await mined(revokeSession(owner, { grant }));
      expect(await refusalOf(pay(walletOf(agent), { grant, to: shop, amount: "0.20" }))).to.equal("REVOKED");
    });

    it("revokes a session with one touch of the passkey, while somebody else pays the gas", async () => {
      const { address, owner, passkey } = await passkeySafe();
      const grant = await signGrant(owner, await propose(address));
      const before = passkey.assertions;
      await mined(revokeSession(walletOf(relay), { grant, owner }));
      expect(passkey.assertions - before).to.equal(1);
      expect((await sessionStatus(env.testChain.client, grant)).reasons).to.deep.equal(["REVOKED"]);
    });

    it("removes the module in one batch, and every session ends with it", async () => {
      const { address, owner } = await passkeySafe();
      const grant = await signGrant(owner, await propose(address));
      const safe: Pick<SafeAccount, "testChain" | "address"> = { testChain: env.testChain, address };
      const calls = safeRemoval({
        ...signatureRail(env.safe, version, latchkey, [env.usdc.domainSeparator]),
        safe: address,
        module: latchkey.module,
        modules: await modulesOf(safe),
        fallbackHandler: await fallbackHandlerOf(env.testChain, address),
      });
      await mined(executeAsSafe(walletOf(relay), { safe: address, calls, owner }));
      expect(await modulesOf(safe)).to.deep.equal([]);
      expect((await sessionStatus(env.testChain.client, grant)).reasons).to.deep.equal([
        "WRONG_EPOCH",
        "MODULE_NOT_ENABLED",
      ]);
    });

    it("removes the module also where the Safe has another fallback handler by now", async () => {
      const safe = await createSafe(env, { version, owner: ecdsaOwner("alice") });
      const { address } = safe;
      await mined(executeAsSafe(walletOf(alice), { safe: address, calls: installation(address) }));
      const data = encodeFunctionData({
        abi: safeAbi,
        functionName: "setFallbackHandler",
        args: [env.safe[version].compatibilityFallbackHandler],
      });
      await mined(
        executeAsSafe(walletOf(alice), { safe: address, calls: [{ to: address, value: 0n, data }] }),
      );
      const calls = safeRemoval({
        ...signatureRail(env.safe, version, latchkey, [env.usdc.domainSeparator]),
        safe: address,
        module: latchkey.module,
        modules: await modulesOf(safe),
        fallbackHandler: await safeFallbackHandler(env.testChain.client, address),
      });
      await mined(executeAsSafe(walletOf(alice), { safe: address, calls }));
      expect(await modulesOf(safe)).to.deep.equal([]);
    });

    it("never hears that a batch is done where the contract that makes it is not on the chain", async () => {
      const { address, owner, passkey } = await passkeySafe();
      // A chain to which Safe's MultiSendCallOnly 1.4.1 never came. A delegatecall to no code succeeds.
      const missing = env.safe["1.4.1"].multiSendCallOnly;
      await env.testChain.setCode(missing, "0x");
      const before = passkey.assertions;
      const calls = [encodeRevokeAll(latchkey), encodeRevokeAll(latchkey)];
      const attempt = executeAsSafe(walletOf(relay), { safe: address, calls, owner });
      const refusal: unknown = await attempt.catch((error: unknown) => error);
      if (!isRefusal(refusal, "INVALID_ADDRESS")) throw refusal;
      expect(refusal.details).to.deep.equal({ path: "multiSendCallOnly", address: missing });
      expect(passkey.assertions).to.equal(before);
      // With one that is there, it is done.
      const { multiSendCallOnly } = env.safe["1.5.0"];
      await mined(executeAsSafe(walletOf(relay), { safe: address, calls, owner, multiSendCallOnly }));
    });

    it("is not asked for a call that would fail, and nobody else's word is taken for the owner's", async () => {
      const { address, owner, passkey } = await passkeySafe();
      const before = passkey.assertions;
      const unknown = { to: latchkey.module, value: 0n, data: "0x12345678" } as const;
      expect(
        await refusalOf(executeAsSafe(walletOf(relay), { safe: address, calls: [unknown], owner })),
      ).to.equal("UNKNOWN");
      expect(passkey.assertions).to.equal(before);
      const calls = [encodeRevokeAll(latchkey)];
      expect(await refusalOf(executeAsSafe(walletOf(relay), { safe: address, calls }))).to.equal(
        "SAFE_ERROR",
      );
      expect(await refusalOf(executeAsSafe(walletOf(relay), { safe: address, calls: [] }))).to.equal(
        "EMPTY_BATCH",
      );
      const other = await signGrant(owner, await propose(address));
      expect(
        await refusalOf(revokeSession(walletOf(relay), { grant: { ...other, chainId: 1 }, owner })),
      ).to.equal("WRONG_CHAIN");
    });

    it("and another owner sign on their own devices, and their grants are combined", async () => {
      const { address, owner } = await passkeySafe();
      await env.testChain.send({
        from: address,
        to: address,
        data: encodeFunctionData({
          abi: ownerAbi,
          functionName: "addOwnerWithThreshold",
          args: [bob.address, 2n],
        }),
      });
      const proposal = await propose(address);
      const parts: Grant[] = [await signGrant(owner, proposal), await signGrant(bob, proposal)];
      const valid = async (grant: Grant) => (await verifyGrant(env.testChain.client, grant)).valid;
      for (const part of parts) expect(await valid(part)).to.equal(false);
      const both = await combineGrants(parts);
      expect(await valid(both)).to.equal(true);
      expect(await combineGrants([...parts].reverse())).to.deep.equal(both);
      expect(await combineGrants([both, ...parts])).to.deep.equal(both);
      expect(await refusalOf(combineGrants([]))).to.equal("INVALID_GRANT");
      const raised = { ...proposal, session: { ...proposal.session, salt: proposal.session.salt + 1n } };
      expect(await refusalOf(combineGrants([...parts, await signGrant(bob, raised)]))).to.equal(
        "INVALID_GRANT",
      );
      const broken: Grant = { ...both, signature: `${both.signature.slice(0, -2)}` as Hex };
      expect(await refusalOf(combineGrants([broken]))).to.equal("INVALID_GRANT");
    });
  });
