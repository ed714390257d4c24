import "../environment/seed.ts";
import { asSafe } from "@latchkey/accounts/asSafe";
import {
  createPasskeySafe,
  createSafe,
  installOnSafe,
  type Latchkey,
  type SafeAccount,
  signAsSafe,
} from "@latchkey/accounts/safeAccount";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { createPasskey, deployCanonically, SAFE_VERSIONS } from "@latchkey/devchain";
import {
  ANYONE,
  type Budget,
  type Call,
  type Grant,
  type GrantVerdict,
  grantDigest,
  hashSession,
  isRefusal,
  type Proposal,
  parseGrant,
  proposeSession,
  serializeGrant,
  signGrant,
  verifyGrant,
} from "@latchkey/sdk";
import { encodeEnable, encodeRevoke, encodeRevokeAll } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import fc from "fast-check";
import {
  type Address,
  concat,
  getAddress,
  type Hex,
  hashTypedData,
  keccak256,
  type LocalAccount,
  size,
  type TypedDataDefinition,
  toBytes,
  toHex,
  zeroAddress,
} from "viem";
import { privateKeyToAccount, toAccount } from "viem/accounts";
import { safeSessionModuleBytecode } from "#sdk/generated/bytecode/safeSessionModuleBytecode.ts";
import { installLatchkey } from "../environment/latchkey.ts";
import { type Environment, setUp } from "../environment/setUp.ts";
import { arbitrarySession } from "./arbitrarySession.ts";

const account = (seed: string): LocalAccount => privateKeyToAccount(keccak256(toBytes(seed)));
const agent = account("agent");
const shop = getAddress(toHex(0x5409, { size: 20 }));

describe("a grant", () => {
  let env: Environment;
  let latchkey: Latchkey;
  let restore: () => Promise<void>;
  before(async function () {
    this.timeout(60_000);
    env = await setUp("base");
    latchkey = await installLatchkey(env.testChain);
    restore = (await env.connection.networkHelpers.takeSnapshot()).restore;
  });
  afterEach(() => restore());
  after(() => env.connection.close());

  const propose = (safe: Address): Promise<Proposal> =>
    proposeSession(env.testChain.client, {
      account: safe,
      key: agent,
      module: latchkey.module,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: [shop] } },
      until: "7d",
    });
  const verify = (grant: Grant) => verifyGrant(env.testChain.client, grant);
  const whyNot = (verdict: GrantVerdict) => (verdict.valid ? undefined : verdict.reason.code);
  const send = async (safe: SafeAccount, call: { to: Address; data: Call["data"]; value: bigint }) =>
    asSafe(safe, [call]);

  for (const version of SAFE_VERSIONS)
    describe(`of a Safe ${version} whose owner has a key`, () => {
      /** The account that `ecdsaOwner("alice")` signs with. */
      const owner = privateKeyToAccount(keccak256(toBytes("owner alice")));
      let safe: SafeAccount;
      beforeEach(async () => {
        safe = await createSafe(env, { version, owner: ecdsaOwner("alice") });
        await installOnSafe(safe, latchkey, [env.usdc.domainSeparator]);
      });

      it("is good when the owner signed it, also after a journey as a file", async () => {
        const grant = await signGrant(owner, await propose(safe.address));
        expect(await verify(grant)).to.deep.equal({ valid: true });
        expect(await verify(parseGrant(serializeGrant(grant)))).to.deep.equal({ valid: true });
      });

      it("can be signed by a wallet that is asked over JSON-RPC", async () => {
        const [wallet] = await env.connection.viem.getWalletClients();
        if (!wallet) throw new Error("the chain has no accounts");
        const walletOwner = { ...ecdsaOwner("x"), address: wallet.account.address };
        const other = await createSafe(env, { version, owner: walletOwner, salt: "wallet" });
        const grant = await signGrant(wallet, await propose(other.address));
        const verdict = await verify(grant);
        // The signature is good: only the module is missing there.
        expect(whyNot(verdict)).to.equal("MODULE_NOT_ENABLED");
        await env.testChain.send({
          from: other.address,
          to: other.address,
          data: `0x610b5925${latchkey.module.slice(2).padStart(64, "0")}`,
        });
        expect(await verify(grant)).to.deep.equal({ valid: true });
      });

      it("is not valid if someone else signed it, or no one", async () => {
        const proposal = await propose(safe.address);
        expect(whyNot(await verify(await signGrant(account("mallory"), proposal)))).to.equal("NOT_GRANTED");
        const unsigned: Grant = { ...proposal, session: proposal.session, signature: "0x" };
        expect(whyNot(await verify(unsigned))).to.equal("NOT_GRANTED");
        // Nor before it starts: those who accept what is not valid yet must be able to rely on the signature.
        const later = {
          ...proposal,
          session: { ...proposal.session, validAfter: proposal.session.validAfter + 3600 },
        };
        expect(whyNot(await verify(await signGrant(account("mallory"), later)))).to.equal("NOT_GRANTED");
        expect(whyNot(await verify(await signGrant(owner, later)))).to.equal("NOT_YET_VALID");
      });

      it("is neither signed nor called good where the module would refuse the session for its shape", async () => {
        const proposal = await propose(safe.address);
        const { session } = proposal;
        const [budget] = session.budgets;
        if (!budget) throw new Error("no budget");
        const shapes: [string, Budget][] = [
          ["no recipients", { ...budget, recipients: [] }],
          ["slots of the native coin", { ...budget, token: zeroAddress }],
          ["perTransaction above perPeriod", { ...budget, perPeriod: 1n }],
        ];
        for (const [shape, malformed] of shapes) {
          const changed = { ...proposal, session: { ...session, budgets: [malformed] } };
          let asked = 0;
          const signer = {
            ...owner,
            signTypedData: async () => {
              asked++;
              return "0x" as const;
            },
          };
          const refusal = await signGrant(signer, changed).catch((error: unknown) => error);
          expect(isRefusal(refusal, "MALFORMED_SESSION"), shape).to.equal(true);
          expect(asked, shape).to.equal(0);
          // Signed by another program.
          const digest = grantDigest(changed.session, proposal);
          const grant: Grant = {
            ...changed,
            session: changed.session,
            signature: await signAsSafe(safe, digest),
          };
          expect(whyNot(await verify(grant)), shape).to.equal("MALFORMED_SESSION");
        }
      });

      it("is shown whole to a wallet that speaks as the Safe, and taken in the form that this gives it", async () => {
        const proposal = await propose(safe.address);
        const shown: TypedDataDefinition[] = [];
        /** As Safe's own wallet does: it has its owners sign the SafeMessage of what it is asked. */
        const safeWallet = (answer: (digest: Hex) => Promise<Hex>): LocalAccount =>
          toAccount({
            address: safe.address,
            signMessage: () => Promise.reject(new Error("not asked for")),
            signTransaction: () => Promise.reject(new Error("not asked for")),
            signTypedData: (definition) => {
              shown.push(definition as TypedDataDefinition);
              return answer(hashTypedData(definition));
            },
          });
        const mallory = ecdsaOwner("mallory");
        const both = (digest: Hex) =>
          Promise.all([signAsSafe(safe, digest), signAsSafe({ ...safe, owner: mallory }, digest)]).then(
            concat,
          );
        const grant = await signGrant(safeWallet(both), proposal);
        expect(shown).to.have.length(1);
        expect(shown[0]?.primaryType).to.equal("Session");
        expect(shown[0]?.message).to.deep.equal(proposal.session);
        expect(size(grant.signature)).to.equal(130);
        expect(await verify(grant)).to.deep.equal({ valid: true });
        expect(await verify(parseGrant(serializeGrant(grant)))).to.deep.equal({ valid: true });
        const wrong = await signGrant(
          safeWallet((digest) => signAsSafe({ ...safe, owner: mallory }, digest)),
          proposal,
        );
        expect(whyNot(await verify(wrong))).to.equal("NOT_GRANTED");
        const none = await signGrant(
          safeWallet(async () => "0x"),
          proposal,
        ).catch((error: unknown) => error);
        expect(isRefusal(none, "INVALID_SIGNER")).to.equal(true);
      });

      it("is not valid once any limit in it was changed", async () => {
        const grant = await signGrant(owner, await propose(safe.address));
        const [budget] = grant.session.budgets;
        if (!budget) throw new Error("no budget");
        const raised = { ...grant.session, budgets: [{ ...budget, perPeriod: 20_000_001n }] };
        expect(whyNot(await verify({ ...grant, session: raised }))).to.equal("NOT_GRANTED");
      });

      it("gives the reason once it is no longer valid", async () => {
        const { networkHelpers } = env.connection;
        const proposal = await propose(safe.address);
        const grant = await signGrant(owner, proposal);
        const beforeThat = await networkHelpers.takeSnapshot();
        const { chainId: _, ...rest } = grant;
        expect(whyNot(await verify({ ...rest, chainId: 1 }))).to.equal("WRONG_CHAIN");
        expect(whyNot(await verify({ ...grant, module: shop }))).to.equal("UNKNOWN_MODULE");

        await send(safe, encodeRevoke(grant));
        expect(whyNot(await verify(grant))).to.equal("REVOKED");
        await beforeThat.restore();
        await send(safe, encodeRevokeAll(grant));
        expect(whyNot(await verify(grant))).to.equal("WRONG_EPOCH");
        expect((await propose(safe.address)).session.epoch).not.to.equal(proposal.session.epoch);
        await beforeThat.restore();
        await networkHelpers.time.increaseTo(proposal.session.validUntil);
        expect(whyNot(await verify(grant))).to.equal("EXPIRED");
      });

      it("needs no signature once the account has enabled the session", async () => {
        const proposal = await propose(safe.address);
        await send(safe, encodeEnable(proposal));
        const grant: Grant = { ...proposal, session: proposal.session, signature: "0x" };
        expect(await verify(grant)).to.deep.equal({ valid: true });
      });

      it("of two owners needs both, in whatever order they sign", async () => {
        const second = account("bob");
        await env.testChain.send({
          from: safe.address,
          to: safe.address,
          data: `0x0d582f13${second.address.slice(2).padStart(64, "0")}${"2".padStart(64, "0")}`,
        });
        const proposal = await propose(safe.address);
        expect(whyNot(await verify(await signGrant(owner, proposal)))).to.equal("NOT_GRANTED");
        for (const owners of [
          [owner, second],
          [second, owner],
        ])
          expect(await verify(await signGrant(owners, proposal))).to.deep.equal({ valid: true });
      });
    });

  for (const version of SAFE_VERSIONS)
    it(`of a Safe ${version} takes one assertion of the passkey that owns it`, async () => {
      const passkey = createPasskey("alice");
      const { address } = await createPasskeySafe(env, {
        version,
        passkey,
        latchkey,
        domainSeparators: [env.usdc.domainSeparator],
      });
      const proposal = await propose(address);
      const before = passkey.assertions;
      const owner = { ...passkey, signer: env.safe.passkey.sharedSigner };
      const grant = await signGrant(owner, proposal);
      expect(passkey.assertions - before).to.equal(1);
      expect(await verify(grant)).to.deep.equal({ valid: true });
      const stranger = { ...createPasskey("mallory"), signer: env.safe.passkey.sharedSigner };
      expect(whyNot(await verify(await signGrant(stranger, proposal)))).to.equal("NOT_GRANTED");
    });

  it("of an address that accepts every signature is not valid", async () => {
    const yes = getAddress(toHex(0xe5, { size: 20 }));
    // Answers every call with the word 1: PUSH1 1, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN.
    await env.testChain.setCode(yes, "0x60015f5260205ff3");
    const grant = await signGrant(account("mallory"), await propose(yes));
    expect(whyNot(await verify(grant))).to.equal("NOT_GRANTED");
  });

  it("is refused at the proposal when the module is not there", async () => {
    const wanted = proposeSession(env.testChain.client, {
      account: shop,
      key: agent,
      module: shop,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: "anyone" } },
      until: "7d",
    });
    const error: unknown = await wanted.catch((caught: unknown) => caught);
    expect(isRefusal(error, "UNKNOWN_MODULE")).to.equal(true);
  });

  it("is proposed for the module of this version unless another is named", async () => {
    const module = await deployCanonically(
      env.testChain,
      "the SDK's own SafeSessionModule",
      safeSessionModuleBytecode,
      {},
    );
    const proposal = await proposeSession(env.testChain.client, {
      account: shop,
      key: agent,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: "anyone" } },
      until: "7d",
    });
    expect(proposal.module).to.equal(module);
    expect(proposal.session.budgets[0]?.recipients).to.deep.equal([ANYONE]);
  });
});

describe("a grant file", () => {
  const module = getAddress(toHex(0xabcdef, { size: 20 }));
  const distinct = arbitrarySession().filter(
    ({ account: one, key, budgets, actions }) =>
      one !== key &&
      new Set([one, module, ...budgets.map((budget) => budget.token)]).size === budgets.length + 2 &&
      actions.every(({ target }) => ![one, module, ...budgets.map(({ token }) => token)].includes(target)),
  );
  const grants = fc.tuple(distinct, fc.uint8Array({ maxLength: 300 })).map(
    ([session, signature]): Grant => ({
      version: 1,
      chainId: 8453,
      module,
      accountKind: "safe",
      session,
      signature: toHex(signature),
    }),
  );

  it("says what was written into it, for every session", () => {
    fc.assert(
      fc.property(grants, (grant) => {
        const read = parseGrant(serializeGrant(grant));
        expect(read).to.deep.equal(grant);
        expect(parseGrant(JSON.parse(JSON.stringify(read)))).to.deep.equal(grant);
        expect(parseGrant(grant)).to.deep.equal(grant);
        expect(hashSession(read.session)).to.equal(hashSession(grant.session));
      }),
    );
  });

  it("has its addresses with their checksums, also where the file has them in lower case", () => {
    fc.assert(
      fc.property(grants, (grant) => {
        const lower = serializeGrant(grant).replaceAll(/"0x[0-9a-fA-F]{40}"/g, (text) => text.toLowerCase());
        expect(parseGrant(lower)).to.deep.equal(grant);
      }),
    );
  });

  const [good] = fc.sample(
    grants.filter(({ session }) => session.budgets.length > 0 && session.budgets[0]?.perSecond === 0n),
    { numRuns: 1, seed: 1 },
  );
  const refused = (change: (grant: Grant) => unknown) => {
    if (!good) throw new Error("no grant");
    try {
      parseGrant(change(good));
    } catch (error) {
      if (isRefusal(error)) return error.code;
      throw error;
    }
    return undefined;
  };
  for (const [name, change] of Object.entries<(grant: Grant) => unknown>({
    "no JSON": () => "{",
    "something else": () => null,
    "of another version": (grant) => ({ ...grant, version: 2 }),
    "without a module": ({ module: _, ...grant }) => grant,
    "with a field that this version does not know": (grant) => ({ ...grant, privateKey: "0x11" }),
    "with an unknown field in its session": (grant) => ({
      ...grant,
      session: { ...grant.session, limit: 1 },
    }),
    "with an amount that is a number": (grant) => ({ ...grant, session: { ...grant.session, salt: 1 } }),
    "with a negative amount": (grant) => ({ ...grant, session: { ...grant.session, salt: "-1" } }),
    "with an amount in hex": (grant) => ({ ...grant, session: { ...grant.session, salt: "0x1" } }),
    "with an epoch of 65 bits": (grant) => ({
      ...grant,
      session: { ...grant.session, epoch: (1n << 64n).toString() },
    }),
    "with an end before its start": (grant) => ({ ...grant, session: { ...grant.session, validUntil: 1 } }),
    "without recipients": (grant) => ({
      ...grant,
      session: {
        ...grant.session,
        budgets: grant.session.budgets.map((one) => ({ ...one, recipients: [] })),
      },
    }),
    "with a limit of zero": (grant) => ({
      ...grant,
      session: {
        ...grant.session,
        budgets: grant.session.budgets.map((one) => ({ ...one, perTransaction: "0" })),
      },
    }),
    "whose key is the account": (grant) => ({
      ...grant,
      session: { ...grant.session, key: grant.session.account },
    }),
    "with half a byte in its signature": (grant) => ({ ...grant, signature: "0x123" }),
  }))
    it(`is refused when it is ${name}`, () => {
      expect(refused((grant) => grant)).to.equal(undefined);
      expect(refused(change)).to.equal("INVALID_GRANT");
    });
});
