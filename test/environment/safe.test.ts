import { asSafe } from "@latchkey/accounts/asSafe";
import {
  createPasskeySafe,
  createSafe,
  installOnSafe,
  type Latchkey,
  modulesOf,
  removeFromSafe,
  type SafeAccount,
  signAsSafe,
  signatureRail,
} from "@latchkey/accounts/safeAccount";
import { executeByKit, predictSafe } from "@latchkey/accounts/safeKit";
import { ecdsaOwner, passkeyOwner, type SafeOwner } from "@latchkey/accounts/safeOwner";
import {
  createPasskey,
  fallbackHandlerOf,
  installSafe,
  type Passkey,
  RELAYER,
  SAFE_VERSIONS,
  USDC,
  type UsdcChain,
} from "@latchkey/devchain";
import {
  passkeyVerifiers,
  type SafeCall,
  safeAddresses,
  safeCreation,
  safeInitializer,
  safeInstallation,
  safeRemoval,
} from "@latchkey/sdk";
import { hashSafeMessage, safeAbi } from "@latchkey/sdk/encoding";
import { calculateSafeMessageHash, preimageSafeMessageHash } from "@safe-global/protocol-kit";
import { expect } from "chai";
import { type Address, getAddress, type Hex, keccak256, parseAbi, toBytes, zeroAddress } from "viem";
import { installLatchkey } from "./latchkey.ts";
import { refusal } from "./refusal.ts";
import { type Environment, LIVE, setUp } from "./setUp.ts";

const moduleAbi = parseAbi(["function epochOf(address account) view returns (uint64)"]);
const erc1271Abi = parseAbi([
  "function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)",
]);
const checkSignaturesAbi = parseAbi([
  "function checkSignatures(bytes32 dataHash, bytes data, bytes signatures) view",
]);
const DIGEST = keccak256(toBytes("a digest"));

for (const chain of Object.keys(USDC) as UsdcChain[]) {
  describe(`the Safes of the tests, on ${chain} (${LIVE[chain] ? "live fork" : "hermetic"})`, function () {
    this.timeout(120_000);

    let environment: Environment;
    let latchkey: Latchkey;
    let domains: Hex[];
    let restore: () => Promise<void>;

    before(async () => {
      environment = await setUp(chain);
      latchkey = await installLatchkey(environment.testChain);
      domains = [environment.usdc.domainSeparator, keccak256(toBytes("another token"))];
      const snapshot = await environment.connection.networkHelpers.takeSnapshot();
      restore = () => snapshot.restore();
    });
    afterEach(() => restore());

    /** What the chain says of Latchkey on a Safe. */
    async function installed({ testChain, safe, version, address }: SafeAccount) {
      const { client } = testChain;
      const asked =
        version === "1.5.0"
          ? await Promise.all(
              domains.map((domain) =>
                client.readContract({
                  address: safe["1.5.0"].extensibleFallbackHandler as Address,
                  abi: safeAbi,
                  functionName: "domainVerifiers",
                  args: [address, domain],
                }),
              ),
            )
          : [
              await client.readContract({
                address: latchkey.handler,
                abi: safeAbi,
                functionName: "sessionModuleOf",
                args: [address],
              }),
            ];
      return {
        modules: [...(await modulesOf({ testChain, address }))],
        handler: getAddress(await fallbackHandlerOf(testChain, address)),
        asked,
      };
    }

    /** What it has to say where everything is in place. */
    const everything = ({ safe, version }: SafeAccount) => ({
      modules: [latchkey.module],
      handler: version === "1.5.0" ? safe["1.5.0"].extensibleFallbackHandler : latchkey.handler,
      asked: version === "1.5.0" ? domains.map(() => latchkey.module) : [latchkey.module],
    });

    const isValidSignature = ({ testChain, address }: SafeAccount, hash: Hex, signature: Hex) =>
      testChain.client.readContract({
        address,
        abi: erc1271Abi,
        functionName: "isValidSignature",
        args: [hash, signature],
      });

    for (const version of SAFE_VERSIONS) {
      describe(`new, ${version}`, () => {
        let passkey: Passkey;
        const create = () => {
          passkey = createPasskey(`new ${version}`);
          return createPasskeySafe(environment, { version, passkey, latchkey, domainSeparators: domains });
        };

        it("has module, handler and signature rail after its creation transaction, without a prompt", async () => {
          const { client } = environment.testChain;
          const before = await client.getBlockNumber();
          const account = await create();
          expect(await client.getBlockNumber()).to.equal(before + 1n);
          expect(await installed(account)).to.deep.equal(everything(account));
          expect(passkey.assertions).to.equal(0);
        });

        it("obeys its passkey, prompted once for a batch", async () => {
          const account = await create();
          const { testChain, address } = account;
          await testChain.setBalance(address, 10n);
          const payees = [getAddress(`0x${"a1".repeat(20)}`), getAddress(`0x${"a2".repeat(20)}`)];
          await asSafe(
            account,
            payees.map((to, i) => ({ to, value: BigInt(i + 1), data: "0x" })),
          );
          expect(await testChain.client.getBalance({ address: payees[0] as Address })).to.equal(1n);
          expect(await testChain.client.getBalance({ address: payees[1] as Address })).to.equal(2n);
          expect(passkey.assertions).to.equal(1);
        });

        it("obeys its passkey through protocol-kit, which supports the shared signer", async () => {
          const account = await create();
          const { testChain, address } = account;
          await testChain.setBalance(address, 10n);
          const to = getAddress(`0x${"a3".repeat(20)}`);
          await executeByKit(account, [{ to, value: 3n, data: "0x" }]);
          expect(await testChain.client.getBalance({ address: to })).to.equal(3n);
          expect(passkey.assertions).to.equal(1);
        });

        it("obeys no other passkey", async () => {
          const account = await create();
          const other = createPasskey("somebody else");
          const forged = { ...account, owner: { ...account.owner, sign: other.sign } };
          const forgery = asSafe(forged, [{ to: RELAYER, value: 0n, data: "0x" }]);
          expect(await refusal(forgery)).to.include("GS024");
        });

        it("has the same initializer from the SDK as from protocol-kit", async () => {
          const config = safeCreation({
            ...signatureRail(environment.safe, version, latchkey, domains),
            module: latchkey.module,
            passkey: createPasskey("anyone").publicKey,
            sharedSigner: environment.safe.passkey.sharedSigner,
          });
          const { data } = await predictSafe(environment.testChain, environment.safe, {
            version,
            config,
            saltNonce: 1n,
          });
          expect(data).to.include(safeInitializer(config).slice(2));
        });
      });

      describe(`existing, ${version}`, () => {
        const owners: [string, () => Promise<SafeOwner>][] = [
          ["a key", async () => ecdsaOwner(`existing ${version}`)],
          [
            "a passkey",
            () => passkeyOwner(environment.testChain, environment.safe, createPasskey(`existing ${version}`)),
          ],
        ];
        for (const [kind, make] of owners) {
          const installations: [string, (account: SafeAccount) => Promise<unknown>][] = [
            ["", (account) => installOnSafe(account, latchkey, domains)],
            [
              " by protocol-kit",
              (account) =>
                executeByKit(
                  account,
                  safeInstallation({
                    ...signatureRail(account.safe, version, latchkey, domains),
                    safe: account.address,
                    module: latchkey.module,
                  }),
                ),
            ],
          ];
          for (const [how, install] of installations) {
            it(`installs everything in one batch${how}, with one signature of ${kind}`, async () => {
              const account = await createSafe(environment, { version, owner: await make() });
              const nothing = await installed(account);
              expect(nothing.modules).to.deep.equal([]);
              expect(nothing.handler).to.equal(environment.safe[version].compatibilityFallbackHandler);
              let asked = 0;
              const { sign } = account.owner;
              const counting = (hash: Hex) => {
                asked += 1;
                return sign(hash);
              };
              const counted = { ...account.owner, sign: counting };
              await install({ ...account, owner: how ? account.owner : counted });
              if (!how) expect(asked).to.equal(1);
              expect(await installed(account)).to.deep.equal(everything(account));
            });
          }

          it(`still accepts what ${kind} signed, and rejects what it did not`, async () => {
            const account = await createSafe(environment, { version, owner: await make() });
            await installOnSafe(account, latchkey, domains);
            const signature = await signAsSafe(account, DIGEST);
            expect(await isValidSignature(account, DIGEST, signature)).to.equal("0x1626ba7e");
            await refusal(isValidSignature(account, keccak256(DIGEST), signature));
          });

          it(`accepts the signature of ${kind} in checkSignatures, and no empty one`, async () => {
            const account = await createSafe(environment, { version, owner: await make() });
            const { testChain, address } = account;
            // Up to 1.4.1 a contract among the owners is asked with the preimage, and hashes that itself.
            const preimage = preimageSafeMessageHash(
              address,
              DIGEST,
              version,
              BigInt(testChain.chainId),
            ) as Hex;
            const check = (signatures: Hex) =>
              testChain.client.readContract({
                address,
                abi: checkSignaturesAbi,
                functionName: "checkSignatures",
                args: [keccak256(preimage), preimage, signatures],
              });
            await check(await signAsSafe(account, DIGEST));
            expect(await refusal(check("0x"))).to.include("GS020");
          });

          it(`removes everything in one batch, on one signature of ${kind}, and changes its epoch`, async () => {
            const account = await createSafe(environment, { version, owner: await make() });
            await installOnSafe(account, latchkey, domains);
            const epoch = () =>
              environment.testChain.client.readContract({
                address: latchkey.module,
                abi: moduleAbi,
                functionName: "epochOf",
                args: [account.address],
              });
            expect(await epoch()).to.equal(0n);
            await removeFromSafe(account, latchkey, domains);
            const left = await installed(account);
            expect(left.modules).to.deep.equal([]);
            expect(new Set(left.asked)).to.deep.equal(new Set([zeroAddress]));
            expect(await epoch()).not.to.equal(0n);
          });
        }

        it("removes the module from the middle of its list, and keeps the others", async () => {
          const account = await createSafe(environment, { version, owner: ecdsaOwner("three modules") });
          const [first, last] = [getAddress(`0x${"b1".repeat(20)}`), getAddress(`0x${"b2".repeat(20)}`)];
          const enable = (module: Address): SafeCall =>
            safeInstallation({
              ...signatureRail(account.safe, version, latchkey, domains),
              safe: account.address,
              module,
            })[0] as SafeCall;
          await asSafe(account, [enable(first)]);
          await installOnSafe(account, latchkey, domains);
          await asSafe(account, [enable(last)]);
          await removeFromSafe(account, latchkey, domains);
          expect(await modulesOf(account)).to.deep.equal([last, first]);
        });

        it("gets another handler on its removal, if one is named, after the module is out of the old one", async () => {
          const account = await createSafe(environment, { version, owner: ecdsaOwner("next handler") });
          await installOnSafe(account, latchkey, domains);
          const nextHandler = environment.safe[version].compatibilityFallbackHandler;
          await asSafe(
            account,
            safeRemoval({
              ...signatureRail(account.safe, version, latchkey, domains),
              safe: account.address,
              module: latchkey.module,
              modules: await modulesOf(account),
              fallbackHandler: await fallbackHandlerOf(environment.testChain, account.address),
              nextHandler,
            }),
          );
          const left = await installed(account);
          expect(left.handler).to.equal(nextHandler);
          expect(new Set(left.asked)).to.deep.equal(new Set([zeroAddress]));
        });

        it("installs nothing if one call of the batch fails", async () => {
          const account = await createSafe(environment, { version, owner: ecdsaOwner("half") });
          const calls = safeInstallation({
            ...signatureRail(account.safe, version, latchkey, domains),
            safe: account.address,
            module: latchkey.module,
          });
          const before = await installed(account);
          const twice = asSafe(account, [...calls, calls[0] as SafeCall]);
          // From 1.5.0 on a Safe passes on why a call failed: the module was enabled already.
          expect(await refusal(twice)).to.include(version === "1.5.0" ? "GS102" : "GS013");
          expect(await installed(account)).to.deep.equal(before);
        });

        it("has the SafeMessage hash that protocol-kit computes", async () => {
          const account = await createSafe(environment, { version, owner: ecdsaOwner("message") });
          const { address, testChain } = account;
          expect(hashSafeMessage({ safe: address, chainId: testChain.chainId, digest: DIGEST })).to.equal(
            calculateSafeMessageHash(address, DIGEST, version, BigInt(testChain.chainId)),
          );
        });
      });
    }

    it("are not built from contracts whose code is not Safe's", async () => {
      const { testChain, safe } = environment;
      await testChain.setCode(safe["1.5.0"].multiSend, "0x00");
      expect(await refusal(installSafe(testChain))).to.include(
        "MultiSend 1.5.0: the code is not the canonical one",
      );
    });

    it("do not install when the handler is called directly: it only accepts the Safe's calls", async () => {
      const account = await createSafe(environment, { version: "1.4.1", owner: ecdsaOwner("direct") });
      const calls = safeInstallation({
        version: "1.4.1",
        handler: latchkey.handler,
        safe: account.address,
        module: latchkey.module,
      });
      const direct = calls.map((call, i) => (i === 2 ? { ...call, to: latchkey.handler } : call));
      expect(await refusal(asSafe(account, direct))).to.include("GS013");
    });
  });
}

describe("the SDK's set-up of a Safe", () => {
  const safe = getAddress(`0x${"5a".repeat(20)}`);
  const module = getAddress(`0x${"0d".repeat(20)}`);
  const handler = getAddress(`0x${"4a".repeat(20)}`);

  it("never makes the module the handler", () => {
    expect(() => safeInstallation({ version: "1.4.1", handler: module, safe, module })).to.throw(
      /never be a Safe's fallback handler/,
    );
    expect(() => safeCreation({ version: "1.4.1", handler: module, module, owners: [safe] })).to.throw(
      /never be a Safe's fallback handler/,
    );
  });

  it("requires a token for a Safe 1.5.0, which has a verifier per token", () => {
    expect(() => safeInstallation({ version: "1.5.0", domainSeparators: [], safe, module })).to.throw(
      /at least one token/,
    );
  });

  it("requires an owner, and a threshold that the owners can meet", () => {
    const rail = { version: "1.4.1", handler, module } as const;
    expect(() => safeCreation(rail)).to.throw(/needs an owner/);
    for (const threshold of [0, 2, 1.5]) {
      expect(() => safeCreation({ ...rail, owners: [safe], threshold })).to.throw(/threshold/);
    }
  });

  it("uses the precompile before the contract, packed like Safe's passkeys", () => {
    expect(passkeyVerifiers()).to.equal(0x0100c2b78104907f722dabac4c69f826a522b2754de4n);
    expect(passkeyVerifiers(zeroAddress, handler)).to.equal(BigInt(handler));
  });

  it("does not remove a module that is not enabled", () => {
    expect(() =>
      safeRemoval({ version: "1.4.1", handler, safe, module, modules: [handler], fallbackHandler: handler }),
    ).to.throw(/is not in the Safe/);
  });

  it("only calls the Safe to install, and also the module to remove", () => {
    const installation = safeInstallation({ version: "1.4.1", handler, safe, module });
    expect(installation.map(({ to }) => to)).to.deep.equal([safe, safe, safe]);
    const rail = { version: "1.4.1", handler, safe, module, modules: [module] } as const;
    const removal = safeRemoval({ ...rail, fallbackHandler: handler });
    expect(removal.map(({ to }) => to)).to.deep.equal([module, safe, safe]);
  });

  it("does not call a handler that would not support it", () => {
    const rail = { version: "1.4.1", handler, safe, module, modules: [module] } as const;
    for (const fallbackHandler of [zeroAddress, safeAddresses.compatibilityFallbackHandler])
      expect(safeRemoval({ ...rail, fallbackHandler })).to.deep.equal(
        safeRemoval({ ...rail, fallbackHandler: handler }).slice(0, 2),
      );
  });
});
