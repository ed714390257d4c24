import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import {
  combineGrants,
  type Grant,
  parseGrant,
  proposeSession,
  type Refusal,
  revokeSession,
  serializeGrant,
  sessionStatus,
  signGrant,
  verifyGrant,
} from "@latchkey/sdk";
import { encodeEnable, encodeRevoke, encodeRevokeAll } from "@latchkey/sdk/encoding";
import {
  erc7579Installation,
  granterPrefix,
  kernelMessage,
  toSessionSmartAccount,
} from "@latchkey/sdk/erc7579";
import { expect } from "chai";
import { toKernelSmartAccount, toSafeSmartAccount } from "permissionless/accounts";
import {
  type Address,
  createWalletClient,
  custom,
  type Hex,
  hashTypedData,
  parseAbi,
  size,
  slice,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  alice,
  balanceOf,
  DAY,
  execute,
  install,
  installWithoutGranter,
  key,
  mallory,
  now,
  pay,
  stranger,
  USD,
  world,
} from "../../accounts/erc7579/fixture.ts";
import { onEveryAccount } from "../../accounts/erc7579/onEveryAccount.ts";
import { refusal } from "../../environment/refusal.ts";
import { digestIn, grantBy, proposalOf, signerOf } from "./sessionGrants.ts";

const verdictOf = (grant: Grant) => verifyGrant(world().testChain.client, grant);

/** Why a grant is not valid. */
async function reasonOf(grant: Grant): Promise<Refusal> {
  const verdict = await verdictOf(grant);
  if (verdict.valid) throw new Error("the grant was found good");
  return verdict.reason;
}

/** The code by which a grant is refused; and the module must not be of another mind. */
async function refusedByBoth(grant: Grant): Promise<string> {
  const { code } = await reasonOf(grant);
  await refusal(execute(grant.session, [pay(alice, USD)], grant.signature));
  return code;
}

describe("a grant of an ERC-7579 account", () => {
  onEveryAccount((account) => {
    const request = () => ({
      account: account().address,
      key,
      budgets: {
        usdc: { token: world().usdc.address, perTransaction: "1", perDay: "3", recipients: [alice] },
      },
      until: "7d" as const,
      gasAllowance: "0.01",
      paymaster: "anyone" as const,
      module: world().module,
    });

    it("is proposed for the kind that the account says it is", async () => {
      const { accountKind, session, module } = await proposeSession(world().testChain.client, request());
      expect(accountKind).to.equal(account().kind);
      expect(module).to.equal(world().module);
      expect(session.gasAllowance).to.equal(10n ** 16n);
    });

    it("is signed by the account's owner, found good, and accepted by the module", async () => {
      await install(account());
      const proposal = await proposeSession(world().testChain.client, request());
      const grant = await signGrant(signerOf(account()), proposal);
      expect(await verdictOf(grant)).to.deep.equal({ valid: true });
      expect(await sessionStatus(world().testChain.client, grant)).to.deep.include({
        active: true,
        moduleEnabled: true,
        reasons: [],
      });
      await execute(grant.session, [pay(alice, USD)], grant.signature);
      expect(await balanceOf(alice)).to.equal(USD);
    });

    it("comes back from its file as it was", async () => {
      const grant = await grantBy(account());
      expect(parseGrant(serializeGrant(grant))).to.deep.equal(grant);
    });

    it("is not needed once the account has enabled the session", async () => {
      await installWithoutGranter(account());
      const grant: Grant = { ...(await grantBy(account())), signature: "0x" };
      expect(await refusedByBoth(grant)).to.equal("NOT_GRANTED");
      await account().execute([encodeEnable(grant)]);
      expect(await verdictOf(grant)).to.deep.equal({ valid: true });
    });

    it("is not valid if the account has no granter", async () => {
      await installWithoutGranter(account());
      const grant = await grantBy(account());
      expect(await refusedByBoth(grant)).to.equal("NOT_GRANTED");
      expect((await reasonOf(grant)).message).to.contain("has no granter");
    });

    it("is not valid if it does not start with the account's granter", async () => {
      await install(account(), { granter: world().module });
      const grant = await grantBy(account());
      expect(await refusedByBoth(grant)).to.equal("NOT_GRANTED");
      expect((await reasonOf(grant)).details).to.include({ granter: world().module.toLowerCase() });
    });

    it("is not valid if the owner signed another session, or nothing", async () => {
      await install(account());
      const [one, other] = [await grantBy(account()), await grantBy(account(), { salt: 2n })];
      expect(await refusedByBoth({ ...one, signature: other.signature })).to.equal("NOT_GRANTED");
      expect(await refusedByBoth({ ...one, signature: account().granter })).to.equal("NOT_GRANTED");
    });

    it("is not valid while the module is installed as one type only", async () => {
      const { kind, address } = account();
      const { module } = world();
      const calls = erc7579Installation({ kind, account: address, module, granter: account().granter });
      const grant = await grantBy(account());
      expect((await reasonOf(grant)).details.missing).to.deep.equal(["validator", "executor"]);
      await account().execute(calls.slice(0, 1));
      expect((await reasonOf(grant)).code).to.equal("MODULE_NOT_ENABLED");
      expect((await reasonOf(grant)).details.missing).to.deep.equal(["executor"]);
      expect((await sessionStatus(world().testChain.client, grant)).reasons).to.deep.equal([
        "MODULE_NOT_ENABLED",
      ]);
      await account().execute(calls.slice(1));
      expect(await verdictOf(grant)).to.deep.equal({ valid: true });
    });

    it("is not valid outside its window, its epoch, its chain, and once it is revoked", async () => {
      await install(account());
      const over = await grantBy(account(), { validAfter: now() - 2 * DAY, validUntil: now() - DAY });
      expect(await refusedByBoth(over)).to.equal("EXPIRED");
      const early = await grantBy(account(), { validAfter: now() + DAY });
      expect(await refusedByBoth(early)).to.equal("NOT_YET_VALID");
      // No other reason is hidden behind this one.
      const other = await grantBy(account(), { validAfter: now() + DAY, salt: 2n });
      expect((await reasonOf({ ...early, signature: other.signature })).code).to.equal("NOT_GRANTED");
      const grant = await grantBy(account());
      expect((await reasonOf({ ...grant, chainId: 1 + grant.chainId })).code).to.equal("WRONG_CHAIN");
      expect((await reasonOf({ ...grant, module: mallory })).code).to.equal("UNKNOWN_MODULE");
      const malformed = await reasonOf({ ...grant, session: { ...grant.session, validUntil: 1 } });
      expect(malformed.code).to.equal("MALFORMED_SESSION");
      await account().execute([encodeRevoke(grant)]);
      expect(await refusedByBoth(grant)).to.equal("REVOKED");
      await account().execute([encodeRevokeAll(grant)]);
      expect(await refusedByBoth(await grantBy(account(), { salt: 9n }))).to.equal("WRONG_EPOCH");
    });

    it("is not valid under another kind's name, whose signatures and nonces differ", async () => {
      await install(account());
      const grant = await grantBy(account());
      const accountKind = account().kind === "kernel" ? "nexus" : "kernel";
      expect((await reasonOf({ ...grant, accountKind })).code).to.equal("INVALID_GRANT");
    });

    it("is not taken from keys that do not say which validator they stand for", async () => {
      const proposal = proposalOf(account());
      const attempt = signGrant([stranger, key], proposal);
      if (account().kind !== "safe7579")
        expect(await refusal(attempt)).to.contain("does not identify the account's validator");
      // A Safe takes several owners; whether they are hers, the chain says.
      else expect((await reasonOf(await attempt)).code).to.equal("MODULE_NOT_ENABLED");
      expect(await refusal(signGrant([signerOf(account()), stranger] as never, proposal))).to.contain(
        "cannot be combined with other signers",
      );
    });

    it("is asked of the viem smart account of that very account only", async () => {
      const proposal = proposalOf(account());
      const grant = await grantBy(account());
      const { entryPoint } = account();
      const other = await toSessionSmartAccount({ client: world().testChain.client, key, grant, entryPoint });
      // A session's key cannot grant.
      expect(await refusal(signGrant(other, proposal))).to.contain("cannot sign messages or typed data");
      const elsewhere = { ...other, address: mallory };
      expect(await refusal(signGrant(elsewhere, proposal))).to.contain(`The smart account is ${mallory}`);
    });
  });
});

const onKernel = (name: string) => name === "Kernel 3.1";
const onSafe = (name: string) => name === "Safe7579 1.0.0 on Safe 1.4.1";

/** The key that owns an account of these tests, as the account's name in the environment decides it. */
const ownerOf = (account: "Kernel" | "Safe7579") =>
  privateKeyToAccount(ecdsaOwner(`owner of a ${account}`).signer as Hex);

const kernelAbi = parseAbi(["function rootValidator() view returns (bytes21)"]);

describe("a grant of a Kernel", () => {
  onEveryAccount((account) => {
    it("is signed by the key that its root validator knows", async () => {
      await install(account());
      const grant = await signGrant(ownerOf("Kernel"), proposalOf(account()));
      expect(await verdictOf(grant)).to.deep.equal({ valid: true });
      await execute(grant.session, [pay(alice, USD)], grant.signature);
      const others = await signGrant(stranger, proposalOf(account(), { salt: 2n }));
      expect(await refusedByBoth(others)).to.equal("NOT_GRANTED");
    });

    it("is what the validator is asked about, not the session's own digest", async () => {
      await install(account());
      const { address, granter } = account();
      const asked: Hex[] = [];
      const sign = (digest: Hex) => {
        asked.push(digest);
        return ownerOf("Kernel").sign({ hash: digest });
      };
      const proposal = proposalOf(account());
      const grant = await signGrant({ granter, sign }, proposal);
      expect(await verdictOf(grant)).to.deep.equal({ valid: true });
      const { chainId } = proposal;
      const message = kernelMessage({ account: address, chainId, digest: digestIn(proposal) });
      expect(asked).to.deep.equal([hashTypedData(message)]);
    });

    it("is signed by permissionless' account, if its validator is the one that the installation named", async () => {
      const { address, entryPoint, kind } = account();
      const root = await world().testChain.client.readContract({
        address,
        abi: kernelAbi,
        functionName: "rootValidator",
      });
      const validator = slice(root, 1);
      await install(account(), { granter: granterPrefix({ kind, validator }) });
      const owner = ownerOf("Kernel");
      // permissionless has the hash signed as a message; this world's validator takes it as it is.
      const rawSigner: typeof owner = {
        ...owner,
        signMessage: ({ message }) => owner.sign({ hash: (message as { raw: Hex }).raw }),
      };
      const smartAccount = await toKernelSmartAccount({
        client: world().testChain.client as never,
        // permissionless has the hash signed as a message; this world's validator takes it as it is.
        owners: [rawSigner],
        version: "0.3.1",
        address,
        validatorAddress: validator,
        entryPoint: { address: entryPoint.address, version: "0.7" },
      });
      const grant = await signGrant(smartAccount, proposalOf(account()));
      expect(await verdictOf(grant)).to.deep.equal({ valid: true });
      await execute(grant.session, [pay(alice, USD)], grant.signature);
    });
  }, onKernel);
});

describe("a grant of a Safe7579", () => {
  onEveryAccount((account) => {
    it("is signed by the Safe's owner, and combined of several", async () => {
      await install(account());
      const grant = await signGrant(ownerOf("Safe7579"), proposalOf(account()));
      expect(await verdictOf(grant)).to.deep.equal({ valid: true });
      const foreign = await signGrant(stranger, proposalOf(account()));
      expect(await refusedByBoth(foreign)).to.equal("NOT_GRANTED");
      // The Safe looks at as many signatures as its threshold; both are there, by ascending address.
      const both = await combineGrants([foreign, grant]);
      expect(size(both.signature)).to.equal(20 + 2 * 65);
      expect(both).to.deep.equal(await signGrant([stranger, ownerOf("Safe7579")], proposalOf(account())));
    });

    it("is signed by permissionless' account", async () => {
      await install(account());
      const { address, entryPoint } = account();
      const smartAccount = await toSafeSmartAccount({
        client: world().testChain.client as never,
        owners: [ownerOf("Safe7579")],
        version: "1.4.1",
        address,
        entryPoint: { address: entryPoint.address, version: "0.7" },
        // Only whether there is one matters to an account that is deployed.
        safe4337ModuleAddress: mallory,
        erc7579LaunchpadAddress: mallory,
      });
      const grant = await signGrant(smartAccount, proposalOf(account()));
      expect(await verdictOf(grant)).to.deep.equal({ valid: true });
      await execute(grant.session, [pay(alice, USD)], grant.signature);
    });

    it("is revoked by the Safe's owner", async () => {
      await install(account());
      const grant = await grantBy(account());
      const { testChain } = world();
      const owner = ownerOf("Safe7579");
      await testChain.setBalance(owner.address, 10n ** 18n);
      const client = createWalletClient({ account: owner, transport: custom(testChain.provider) });
      await revokeSession(client, { grant });
      expect((await reasonOf(grant)).code).to.equal("REVOKED");
    });
  }, onSafe);
});

describe("a grant of an account that one validator speaks for", () => {
  onEveryAccount((account) => {
    it("is not combined of several, nor revoked by anyone but the owner's own client", async () => {
      const grant = await grantBy(account());
      expect(await refusal(combineGrants([grant, grant]))).to.contain("only one signature");
      const client = createWalletClient({ account: stranger, transport: custom(world().testChain.provider) });
      expect(await refusal(revokeSession(client, { grant }))).to.contain("Pass send: (calls) =>");
    });
  }, onKernel);
});

describe("a proposal for an ERC-7579 account", () => {
  onEveryAccount((account) => {
    const request = (
      changes: { account?: Address; accountKind?: "safe" | "nexus"; module?: Address } = {},
    ) => ({
      account: account().address,
      key,
      budgets: {
        usdc: { token: world().usdc.address, perTransaction: "1", perDay: "3", recipients: [alice] },
      },
      until: "7d" as const,
      module: world().module,
      ...changes,
    });
    const propose = (...changes: Parameters<typeof request>) =>
      proposeSession(world().testChain.client, request(...changes));

    it("takes the caller's word for an account that is yet to be made", async () => {
      expect(await refusal(propose({ account: mallory }))).to.contain("not deployed");
      expect((await propose({ account: mallory, accountKind: "nexus" })).accountKind).to.equal("nexus");
    });
    it("is refused for an account that does not say what it is", async () => {
      expect(await refusal(propose({ account: world().usdc.address }))).to.contain(
        "is not an ERC-7579 account",
      );
    });
    it("is refused where the module is for another kind of account", async () => {
      expect(await refusal(propose({ accountKind: "safe" }))).to.contain("not for Safes");
      const other = propose({ accountKind: "nexus", module: world().usdc.address });
      expect(await refusal(other)).to.contain("not for ERC-7579 accounts");
    });
  }, onKernel);
});
