import { deployMock } from "@latchkey/accounts/deployMock";
import {
  createPasskeySafe,
  createSafe,
  type Latchkey,
  modulesOf,
  type SafeAccount,
  signAsSafe,
  signatureRail,
} from "@latchkey/accounts/safeAccount";
import { executeByKit, openSafeKit, predictSafe } from "@latchkey/accounts/safeKit";
import { ecdsaOwner, passkeyOwner, type SafeOwner } from "@latchkey/accounts/safeOwner";
import {
  createPasskey,
  fallbackHandlerOf,
  type Passkey,
  RELAYER,
  SAFE_VERSIONS,
  type SafeVersion,
  usdcAbi,
} from "@latchkey/devchain";
import {
  type Grant,
  latchkeyScheme,
  type Owner,
  parseGrant,
  pay,
  proposeSession,
  type SafeCall,
  safeInstallation,
  safeRemoval,
  serializeGrant,
  sessionStatus,
  signGrant,
  verifyGrant,
} from "@latchkey/sdk";
import {
  encodeEnable,
  encodePause,
  encodeResume,
  encodeRevoke,
  encodeRevokeAll,
} from "@latchkey/sdk/encoding";
import { expect } from "chai";
import {
  type Address,
  createWalletClient,
  custom,
  decodeFunctionData,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  parseAbi,
  parseEther,
  size,
  type TransactionReceipt,
  toBytes,
  toFunctionSelector,
  toHex,
  zeroAddress,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import { safeHandler } from "#sdk/accounts/safe/safeHandler.ts";
import { installLatchkey } from "../environment/latchkey.ts";
import { refusal } from "../environment/refusal.ts";
import { type Environment, LIVE, setUp } from "../environment/setUp.ts";
import { payloadWithin } from "../fork/payloadWithin.ts";
import { refusalCode } from "../fork/refusalCode.ts";
import { type SessionPayer, sessionPayer } from "../fork/SessionPayer.ts";

const DOLLAR = 1_000_000n;
const shop = privateKeyToAccount(keccak256(toBytes("the shop of the accounts' tests"))).address;
const agent = privateKeyToAccount(keccak256(toBytes("the agent of the USDC tests")));
const abi = parseAbi([
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
  "function nonce() view returns (uint256)",
  "function setModuleGuard(address moduleGuard)",
  "function setGuard(address guard)",
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool)",
]);

/** A Safe, the signer of its grants, and how often that owner was asked to sign so far. */
type Owned = { account: SafeAccount; owner: Owner; asked(): number };

/** The three ways to come to a Safe with Latchkey. */
type Kind = {
  name: string;
  /** How often the owner signs until everything is in place. */
  signatures: number;
  /** The Safe before its installation; a new one is created with it. */
  create(environment: Environment, latchkey: Latchkey, version: SafeVersion, salt: string): Promise<Owned>;
};

const ownedByPasskey = (account: SafeAccount, passkey: Passkey): Owned => ({
  account,
  owner: { rawId: passkey.rawId, getFn: passkey.getFn, signer: account.owner.address },
  asked: () => passkey.assertions,
});

/** An owner's key that counts what it signs: grants as typed data, transactions of the Safe by protocol-kit. */
function ownedByKey(account: SafeAccount): Owned {
  const key = privateKeyToAccount(account.owner.signer as Hex);
  let asked = 0;
  const counting = {
    ...key,
    signTypedData: ((definition) => {
      asked += 1;
      return key.signTypedData(definition);
    }) as typeof key.signTypedData,
  };
  return { account, owner: counting, asked: () => asked };
}

const KINDS: readonly Kind[] = [
  {
    name: "a new Safe of a passkey",
    signatures: 0,
    async create(environment, latchkey, version, salt) {
      const passkey = createPasskey(`new ${salt}`);
      const account = await createPasskeySafe(environment, {
        version,
        passkey,
        latchkey,
        domainSeparators: [environment.usdc.domainSeparator],
        salt,
      });
      return ownedByPasskey(account, passkey);
    },
  },
  {
    name: "an existing Safe of a key",
    signatures: 1,
    create: async (environment, _, version, salt) =>
      ownedByKey(await createSafe(environment, { version, owner: ecdsaOwner(`alice ${salt}`), salt })),
  },
  {
    name: "an existing Safe of a passkey",
    signatures: 1,
    async create(environment, _, version, salt) {
      const passkey = createPasskey(`existing ${salt}`);
      const owner = await passkeyOwner(environment.testChain, environment.safe, passkey);
      return ownedByPasskey(await createSafe(environment, { version, owner, salt }), passkey);
    },
  },
];

describe(`Latchkey on real Safes, through the SDK and protocol-kit (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  this.timeout(LIVE.base ? 300_000 : 120_000);

  let environment: Environment;
  let latchkey: Latchkey;
  let start: { restore(): Promise<void> };

  before(async () => {
    environment = await setUp("base");
    latchkey = await installLatchkey(environment.testChain);
    await environment.testChain.setBalance(agent.address, parseEther("10"));
    start = await environment.connection.networkHelpers.takeSnapshot();
  });
  after(() => environment.connection.close());

  const wallet = () =>
    createWalletClient({
      account: agent,
      chain: base,
      transport: custom(environment.testChain.provider, { retryCount: 0 }),
    });
  const railOf = (version: SafeVersion) =>
    signatureRail(environment.safe, version, latchkey, [environment.usdc.domainSeparator]);
  const installation = ({ version, address }: SafeAccount) =>
    safeInstallation({ ...railOf(version), safe: address, module: latchkey.module });
  const propose = ({ address }: SafeAccount) =>
    proposeSession(environment.testChain.client, {
      account: address,
      key: agent,
      module: latchkey.module,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      until: "7d",
    });
  const grantOf = async ({ account, owner }: Owned) => signGrant(owner, await propose(account));
  const status = (grant: Grant) => sessionStatus(environment.testChain.client, grant);
  const paid = () => environment.usdc.balanceOf(shop);

  /** Pays by a transaction of the key; waits until it is mined. */
  async function payByExecution(grant: Grant, amount: string): Promise<void> {
    const hash = await pay(wallet(), { grant, to: shop, amount });
    const { status } = await environment.testChain.client.waitForTransactionReceipt({ hash });
    expect(status).to.equal("success");
  }
  /** Signs what an x402 shop asks for, by the SDK's scheme. `amount` in base units. */
  async function signX402(grant: Grant, amount: bigint) {
    const { usdc, testChain } = environment;
    const scheme = latchkeyScheme({ client: testChain.client, key: agent, grant, maxWait: 0 });
    const { payload } = await scheme.createPaymentPayload(2, {
      scheme: "exact",
      network: `eip155:${testChain.chainId}`,
      asset: usdc.address,
      amount: `${amount}`,
      payTo: shop,
      maxTimeoutSeconds: 300,
      extra: { name: usdc.domain.name, version: usdc.domain.version },
    });
    return payload as { signature: Hex; authorization: Record<string, string> };
  }
  /** What a facilitator does with it. */
  async function settleX402({ signature, authorization }: Awaited<ReturnType<typeof signX402>>) {
    const { from, to, value, validAfter, validBefore, nonce } = authorization as {
      from: Address;
      to: Address;
      nonce: Hex;
    } & Record<"value" | "validAfter" | "validBefore", string>;
    return environment.testChain.send({
      from: RELAYER,
      to: environment.usdc.address,
      data: encodeFunctionData({
        abi: usdcAbi,
        functionName: "transferWithAuthorization",
        args: [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, signature],
      }),
    });
  }
  /** A session that signs and settles without the SDK's own checks: the chain's word alone counts. */
  const rawPayer = ({ account, owner }: Owned): Promise<SessionPayer> =>
    sessionPayer(account, {
      latchkey,
      token: environment.usdc,
      payee: shop,
      owner,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
    });
  /** What the owner signs outside of Latchkey, and what the Safe says to it. */
  async function login(account: SafeAccount): Promise<Hex> {
    const hash = keccak256(toBytes("log me in"));
    return environment.testChain.client.readContract({
      address: account.address,
      abi,
      functionName: "isValidSignature",
      args: [hash, await signAsSafe(account, hash)],
    });
  }
  /** A key's signature has 65 bytes: the Safe's transaction carried exactly one. */
  async function expectOneSignature({ transactionHash }: TransactionReceipt) {
    const { input } = await environment.testChain.client.getTransaction({ hash: transactionHash });
    const { functionName, args } = decodeFunctionData({ abi, data: input });
    expect(functionName).to.equal("execTransaction");
    expect(size(args?.[9] as Hex)).to.equal(65);
  }
  const handlerOf = async ({ address }: SafeAccount) =>
    getAddress(await fallbackHandlerOf(environment.testChain, address));
  const asks = ({ address }: SafeAccount) =>
    safeHandler(environment.testChain.client, {
      safe: address,
      module: latchkey.module,
      domainSeparator: environment.usdc.domainSeparator,
    });

  for (const version of SAFE_VERSIONS) {
    for (const kind of KINDS) {
      describe(`${kind.name}, ${version}`, () => {
        const isNew = kind.signatures === 0;
        let owned: Owned;
        let account: SafeAccount;
        /** The fallback handler from before the installation. */
        let oldHandler: Address;
        let restore: () => Promise<void>;

        before(async () => {
          await start.restore();
          start = await environment.connection.networkHelpers.takeSnapshot();
          owned = await kind.create(environment, latchkey, version, `${kind.name} ${version}`);
          account = owned.account;
          oldHandler = await handlerOf(account);
          if (!isNew) await executeByKit(account, installation(account));
          await environment.usdc.mint(account.address, 100n * DOLLAR);
          const snapshot = await environment.connection.networkHelpers.takeSnapshot();
          restore = () => snapshot.restore();
        });
        afterEach(() => restore());

        /** Makes the Safe do it, and counts what that took: passkey assertions, transactions of the Safe. */
        async function byOwner(calls: readonly SafeCall[]) {
          const nonce = () =>
            environment.testChain.client.readContract({
              address: account.address,
              abi,
              functionName: "nonce",
            });
          const before = { asked: owned.asked(), nonce: await nonce() };
          const receipt = await executeByKit(account, calls);
          if ("rawId" in owned.owner) expect(owned.asked() - before.asked, "assertions").to.equal(1);
          else await expectOneSignature(receipt);
          expect((await nonce()) - before.nonce, "transactions").to.equal(1n);
        }
        const remove = async (nextHandler?: Address) =>
          byOwner(
            safeRemoval({
              ...railOf(version),
              safe: account.address,
              module: latchkey.module,
              modules: await modulesOf(account),
              fallbackHandler: await fallbackHandlerOf(environment.testChain, account.address),
              ...(nextHandler ? { nextHandler } : {}),
            }),
          );

        it(`is set up in one transaction, with ${isNew ? "no signature" : "one signature"}`, async () => {
          const { client } = environment.testChain;
          const created = await client.getBlockNumber();
          const another = await kind.create(environment, latchkey, version, "another one");
          const before = await client.getBlockNumber();
          const asked = another.asked();
          if (isNew) expect(before - created).to.equal(1n);
          else {
            const receipt = await executeByKit(another.account, installation(another.account));
            if (!("rawId" in another.owner)) await expectOneSignature(receipt);
          }
          expect((await client.getBlockNumber()) - before).to.equal(isNew ? 0n : 1n);
          if ("rawId" in another.owner) expect(another.asked() - asked).to.equal(kind.signatures);
          expect(await modulesOf(another.account)).to.deep.equal([latchkey.module]);
          expect(await asks(another.account)).to.equal(version === "1.5.0" ? "extensible" : "session");
        });

        it("grants with one signature and no transaction, in a self-contained file", async () => {
          const { client } = environment.testChain;
          const block = await client.getBlockNumber();
          const asked = owned.asked();
          const grant = await grantOf(owned);
          expect(owned.asked() - asked).to.equal(1);
          expect(await client.getBlockNumber()).to.equal(block);
          const read = parseGrant(serializeGrant(grant));
          expect(read.session).to.deep.equal(grant.session);
          expect(await verifyGrant(client, read)).to.deep.equal({ valid: true });
          expect(await status(read)).to.deep.include({ active: true, reasons: [], state: "UNKNOWN" });
        });

        it("does not grant with another's signature", async () => {
          const proposal = await propose(account);
          const stranger = createPasskey("a stranger");
          const forged = await signGrant(
            "rawId" in owned.owner
              ? { ...owned.owner, rawId: stranger.rawId, getFn: stranger.getFn }
              : privateKeyToAccount(keccak256(toBytes("a stranger"))),
            proposal,
          );
          expect(await verifyGrant(environment.testChain.client, forged)).to.deep.include({ valid: false });
          expect(await refusalCode(payByExecution(forged, "1"))).to.equal("NOT_GRANTED");
          expect(await refusalCode(signX402(forged, 1n))).to.equal("NOT_GRANTED");
        });

        it("executes with a carried grant, which permanently enables the session", async () => {
          const grant = await grantOf(owned);
          await payByExecution(grant, "0.20");
          expect((await status(grant)).state).to.equal("ENABLED");
          const bare: Grant = { ...grant, signature: "0x" };
          await payByExecution(bare, "1");
          expect(await paid()).to.equal(1_200_000n);
        });

        it("pays by x402 with the grant carried along, and without it once the owner has enabled the session", async () => {
          const grant = await grantOf(owned);
          const first = await signX402(grant, 200_000n);
          expect(payloadWithin(first.signature).slice(0, 4)).to.equal("0x02");
          await settleX402(first);
          expect((await status(grant)).state).to.equal("UNKNOWN");
          await byOwner([encodeEnable(grant)]);
          expect((await status(grant)).state).to.equal("ENABLED");
          const second = await signX402({ ...grant, signature: "0x" }, 200_000n);
          expect(payloadWithin(second.signature).slice(0, 4)).to.equal("0x01");
          await settleX402(second);
          expect(await paid()).to.equal(400_000n);
        });

        it("reports the spending of both rails", async () => {
          const grant = await grantOf(owned);
          await payByExecution(grant, "0.70");
          await settleX402(await signX402(grant, 200_000n));
          const { active, budgets, expiresAt } = await status(grant);
          expect({ active, expiresAt }).to.deep.equal({ active: true, expiresAt: grant.session.validUntil });
          expect(budgets[0]).to.deep.include({
            limit: 20n * DOLLAR,
            spent: 700_000n,
            opened: DOLLAR,
            remaining: 18_300_000n,
          });
        });

        it("is revoked with one signature and one transaction: earlier signatures become invalid", async () => {
          const payer = await rawPayer(owned);
          const kept = await grantOf(owned);
          await payer.settle(await payer.sign({ carriesGrant: true }));
          const pending = await payer.sign({ carriesGrant: true, slot: { lot: 0n, size: 1, index: 1n } });
          await byOwner([encodeRevoke(payer.grant)]);
          expect(await refusal(payer.settle(pending))).to.include("invalid signature");
          expect(await refusalCode(payByExecution(payer.grant, "1"))).to.equal("REVOKED");
          expect(await refusalCode(signX402(payer.grant, 1n))).to.equal("REVOKED");
          expect((await status(payer.grant)).reasons).to.deep.equal(["REVOKED"]);
          // Of two sessions the other lives on.
          await payByExecution(kept, "1");
        });

        it("is paused with one signature, granted or enabled, and earlier signatures are valid again once resumed", async () => {
          const [payer, unused] = [await rawPayer(owned), await grantOf(owned)];
          await payer.settle(await payer.sign({ carriesGrant: true }));
          const pending = await payer.sign({ carriesGrant: true, slot: { lot: 0n, size: 1, index: 1n } });
          const grants = [payer.grant, unused];
          await byOwner(grants.map(encodePause));
          expect(await refusal(payer.settle(pending))).to.include("invalid signature");
          for (const grant of grants) {
            expect(await refusalCode(payByExecution(grant, "1"))).to.equal("PAUSED");
            expect(await refusalCode(signX402(grant, 1n))).to.equal("PAUSED");
            const { paused, reasons } = await status(grant);
            expect([paused, reasons]).to.deep.equal([true, ["PAUSED"]]);
          }
          await byOwner(grants.map(encodeResume));
          await payer.settle(pending);
          await payByExecution(unused, "1");
        });

        it("ends every session and every unused grant with revokeAll", async () => {
          const [used, unused] = [await grantOf(owned), await rawPayer(owned)];
          await payByExecution(used, "1");
          const pending = await unused.sign({ carriesGrant: true });
          await byOwner([encodeRevokeAll({ module: latchkey.module })]);
          expect(await refusal(unused.settle(pending))).to.include("invalid signature");
          for (const grant of [used, unused.grant]) {
            expect(await refusalCode(payByExecution(grant, "1"))).to.equal("WRONG_EPOCH");
            expect((await verifyGrant(environment.testChain.client, grant)).valid).to.equal(false);
          }
          // A new one is as good as the first was.
          await payByExecution(await grantOf(owned), "1");
        });

        it("is removed in one batch: neither rail works, even with a new grant, and the owner's signatures keep working", async () => {
          const old = await rawPayer(owned);
          await byOwner([encodeEnable(old.grant)]);
          const pending = await old.sign();
          const nextHandler = isNew ? undefined : oldHandler;
          await remove(nextHandler);
          expect(await modulesOf(account)).to.deep.equal([]);
          expect(await handlerOf(account)).to.equal(
            nextHandler ?? (version === "1.5.0" ? railOf(version).handler : latchkey.handler),
          );
          expect(await refusalCode(asks(account))).to.equal("MODULE_NOT_ENABLED");
          expect(await refusal(old.settle(pending))).to.include("invalid signature");
          expect(await refusalCode(payByExecution(old.grant, "1"))).to.equal("WRONG_EPOCH");
          const renewed = await rawPayer(owned);
          expect(await refusal(renewed.settle(await renewed.sign({ carriesGrant: true })))).to.include(
            "invalid signature",
          );
          expect(await refusalCode(payByExecution(renewed.grant, "1"))).to.equal("MODULE_NOT_ENABLED");
          expect((await status(renewed.grant)).reasons).to.deep.equal(["MODULE_NOT_ENABLED"]);
          // The handler of 1.3.0 asks an owner that is a contract about other bytes than the Safe does: it did before.
          if (version === "1.3.0" && nextHandler && account.owner.isContract)
            expect(await refusal(login(account))).to.include("GS024");
          else expect(await login(account)).to.equal("0x1626ba7e");
        });

        it("can be installed again, for new grants only", async () => {
          const [enabled, unused] = [await rawPayer(owned), await rawPayer(owned)];
          await byOwner([encodeEnable(enabled.grant)]);
          const pending = [await enabled.sign(), await unused.sign({ carriesGrant: true })];
          await remove();
          await byOwner(installation(account));
          for (const payment of pending)
            expect(await refusal(enabled.settle(payment))).to.include("invalid signature");
          for (const { grant } of [enabled, unused])
            expect(await refusalCode(payByExecution(grant, "1"))).to.equal("WRONG_EPOCH");
          const renewed = await grantOf(owned);
          await payByExecution(renewed, "0.50");
          await settleX402(await signX402(renewed, 200_000n));
          expect(await paid()).to.equal(700_000n);
        });

        it("would have live sessions if only the module had been removed, which is why the batch revokes everything", async () => {
          const payer = await rawPayer(owned);
          await byOwner([encodeEnable(payer.grant)]);
          const payment = await payer.sign();
          const [, disable] = safeRemoval({
            ...railOf(version),
            safe: account.address,
            module: latchkey.module,
            modules: await modulesOf(account),
            fallbackHandler: await fallbackHandlerOf(environment.testChain, account.address),
          });
          const [enable] = installation(account);
          await byOwner([disable as SafeCall]);
          expect(await refusal(payer.settle(payment))).to.include("invalid signature");
          expect(await refusalCode(payByExecution(payer.grant, "1"))).to.equal("MODULE_NOT_ENABLED");
          await byOwner([enable as SafeCall]);
          await payer.settle(payment);
          await payByExecution(payer.grant, "1");
        });
      });
    }

    describe(`a Safe of three owners, two needed, ${version}`, () => {
      let account: SafeAccount;
      let signers: [SafeOwner, SafeOwner];
      let owners: [Owner, Owner];
      let third: Owner;
      let passkey: Passkey;
      let restore: () => Promise<void>;

      /** Makes the Safe do it, on a signature of each owner by protocol-kit. */
      async function byBoth(calls: readonly SafeCall[]) {
        const [first, second] = await Promise.all(signers.map((owner) => openSafeKit({ ...account, owner })));
        if (!first || !second) throw new Error("two owners are needed");
        const transaction = await first.createTransaction({
          transactions: calls.map(({ to, value, data }) => ({ to, value: `${value}`, data })),
          onlyCalls: true,
        });
        const signed = await second.signTransaction(await first.signTransaction(transaction));
        const data = (await second.getEncodedTransaction(signed)) as Hex;
        return environment.testChain.send({ from: RELAYER, to: account.address, data });
      }

      before(async () => {
        await start.restore();
        start = await environment.connection.networkHelpers.takeSnapshot();
        const { testChain, safe } = environment;
        passkey = createPasskey(`bob ${version}`);
        const bob = await passkeyOwner(testChain, safe, passkey);
        signers = [ecdsaOwner(`alice ${version}`), bob];
        owners = [
          privateKeyToAccount(signers[0].signer as Hex),
          { rawId: passkey.rawId, getFn: passkey.getFn, signer: bob.address },
        ];
        const carol = ecdsaOwner(`carol ${version}`);
        third = privateKeyToAccount(carol.signer as Hex);
        const { address, to, data } = await predictSafe(testChain, safe, {
          version,
          config: { owners: [...signers, carol].map((owner) => owner.address), threshold: 2 },
          saltNonce: 2n,
        });
        await testChain.send({ from: RELAYER, to: getAddress(to), data: data as Hex });
        account = { testChain, safe, version, address: getAddress(address), owner: signers[0] };
        await byBoth(installation(account));
        await environment.usdc.mint(account.address, 100n * DOLLAR);
        const snapshot = await environment.connection.networkHelpers.takeSnapshot();
        restore = () => snapshot.restore();
      });
      afterEach(() => restore());

      it("grants with any two signatures in any order, each requested once", async () => {
        const [alice, bob] = owners;
        const asked = passkey.assertions;
        for (const order of [
          [alice, bob],
          [bob, alice],
          [alice, third],
          [third, bob],
        ]) {
          const grant = await signGrant(order, await propose(account));
          expect(await verifyGrant(environment.testChain.client, grant)).to.deep.equal({ valid: true });
          await settleX402(await signX402(grant, 200_000n));
          await payByExecution(grant, "0.10");
        }
        expect(passkey.assertions - asked).to.equal(3);
        expect(await paid()).to.equal(1_200_000n);
      });

      it("does not grant with one of them, even twice", async () => {
        const [alice, bob] = owners;
        for (const owner of [alice, bob, third]) {
          const grant = await signGrant(owner, await propose(account));
          expect((await verifyGrant(environment.testChain.client, grant)).valid).to.equal(false);
          expect(await refusalCode(payByExecution(grant, "1"))).to.equal("NOT_GRANTED");
          expect(await refusalCode(signX402(grant, 1n))).to.equal("NOT_GRANTED");
        }
        const proposal = await propose(account);
        expect(await refusal(signGrant([alice, alice], proposal))).to.include("signed twice");
      });

      it("revokes with both signatures", async () => {
        const grant = await signGrant(owners, await propose(account));
        await payByExecution(grant, "1");
        await byBoth([encodeRevoke(grant)]);
        expect(await refusalCode(payByExecution(grant, "1"))).to.equal("REVOKED");
      });
    });
  }

  for (const version of SAFE_VERSIONS) {
    it(`pays from a Safe ${version} regardless of its transaction guard, which only sees owners' transactions`, async () => {
      await start.restore();
      start = await environment.connection.networkHelpers.takeSnapshot();
      const owned = await (KINDS[0] as Kind).create(environment, latchkey, version, "transaction guard");
      const { account } = owned;
      await environment.usdc.mint(account.address, 100n * DOLLAR);
      const guard = await deployMock(environment.testChain, "CannedAnswers");
      const interfaces = toFunctionSelector("supportsInterface(bytes4)");
      await guard.write("answerAll", [interfaces, false, toHex(1, { size: 32 })]);
      const data = encodeFunctionData({ abi, functionName: "setGuard", args: [guard.address] });
      await executeByKit(account, [{ to: account.address, value: 0n, data }]);
      const grant = await grantOf(owned);
      // Not even the owner gets past this guard, to revoke.
      await refusal(executeByKit(account, [encodeRevoke(grant)]));
      await payByExecution(grant, "1");
      await settleX402(await signX402(grant, 200_000n));
      expect(await paid()).to.equal(1_200_000n);
    });
  }

  describe("a Safe 1.5.0 with a module guard", () => {
    const NOT_NOW = toFunctionSelector("NotNow()");
    const CHECK = toFunctionSelector("checkModuleTransaction(address,uint256,bytes,uint8,address)");
    const CHECK_AFTER = toFunctionSelector("checkAfterModuleExecution(bytes32,bool)");
    let owned: Owned;

    before(async () => {
      await start.restore();
      start = await environment.connection.networkHelpers.takeSnapshot();
      const kind = KINDS[0] as Kind;
      owned = await kind.create(environment, latchkey, "1.5.0", "guarded");
      await environment.usdc.mint(owned.account.address, 100n * DOLLAR);
    });

    it("only executes what the guard allows, but always pays by signature, which no guard sees", async () => {
      const { account } = owned;
      const guard = await deployMock(environment.testChain, "CannedAnswers");
      const says = (selector: Hex, fails: boolean, answer: Hex) =>
        guard.write("answerAll", [selector, fails, answer]);
      await says(toFunctionSelector("supportsInterface(bytes4)"), false, toHex(1, { size: 32 }));
      await says(CHECK, true, NOT_NOW);
      await says(CHECK_AFTER, false, "0x");
      const setGuard = (address: Address) =>
        executeByKit(account, [
          {
            to: account.address,
            value: 0n,
            data: encodeFunctionData({ abi, functionName: "setModuleGuard", args: [address] }),
          },
        ]);
      await setGuard(guard.address);

      const grant = await grantOf(owned);
      const refused = await refusal(payByExecution(grant, "1"));
      expect(refused).to.include(NOT_NOW);
      expect(await paid()).to.equal(0n);
      expect((await status(grant)).state).to.equal("UNKNOWN");
      await settleX402(await signX402(grant, 200_000n));
      expect(await paid()).to.equal(200_000n);

      await says(CHECK, false, toHex(1, { size: 32 }));
      await payByExecution(grant, "1");
      await says(CHECK, true, "0x");
      await refusal(payByExecution(grant, "1"));
      await setGuard(zeroAddress);
      await payByExecution(grant, "1");
      expect(await paid()).to.equal(2_200_000n);
    });
  });
});
