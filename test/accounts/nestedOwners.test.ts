import { asSafe } from "@latchkey/accounts/asSafe";
import {
  createSafe,
  installOnSafe,
  type Latchkey,
  type SafeAccount,
  signAsSafe,
  signatureRail,
} from "@latchkey/accounts/safeAccount";
import { predictSafe } from "@latchkey/accounts/safeKit";
import { ecdsaOwner } from "@latchkey/accounts/safeOwner";
import { RELAYER, SAFE_VERSIONS, type SafeVersion } from "@latchkey/devchain";
import {
  type Grant,
  grantDigest,
  proposeSession,
  type SafeCall,
  safeInstallation,
  verifyGrant,
} from "@latchkey/sdk";
import { encodeEnable, safeSignatures } from "@latchkey/sdk/encoding";
import { preimageSafeMessageHash } from "@safe-global/protocol-kit";
import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  pad,
  parseAbi,
  toBytes,
  zeroAddress,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { installLatchkey } from "../environment/latchkey.ts";
import { type Environment, LIVE, setUp } from "../environment/setUp.ts";

const execAbi = parseAbi([
  "function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures) payable returns (bool)",
]);

describe(`a Safe that another Safe owns (${LIVE.base ? "live fork" : "hermetic"})`, function () {
  this.timeout(LIVE.base ? 300_000 : 120_000);

  let environment: Environment;
  let latchkey: Latchkey;
  const agent = privateKeyToAccount(keccak256(toBytes("the agent of a nested Safe")));

  before(async () => {
    environment = await setUp("base");
    latchkey = await installLatchkey(environment.testChain);
  });
  after(() => environment.connection.close());

  /** The owning Safe makes the owned one perform calls: as the sender, an owner needs no signature. */
  async function throughOwner(owner: SafeAccount, owned: Address, calls: readonly SafeCall[]) {
    const signatures = concat([pad(owner.address), pad("0x"), "0x01"]);
    await asSafe(
      owner,
      calls.map(({ to, value, data }) => ({
        to: owned,
        value: 0n,
        data: encodeFunctionData({
          abi: execAbi,
          functionName: "execTransaction",
          args: [to, value, data, 0, 0n, 0n, 0n, zeroAddress, zeroAddress, signatures],
        }),
      })),
    );
  }

  /** A Safe with Latchkey that `owner` alone owns. */
  async function createOwned(owner: SafeAccount, version: SafeVersion): Promise<Address> {
    const { testChain, safe, usdc } = environment;
    const { address, to, data } = await predictSafe(testChain, safe, {
      version,
      config: { owners: [owner.address], threshold: 1 },
      saltNonce: 7n,
    });
    await testChain.send({ from: RELAYER, to: getAddress(to), data: data as Hex });
    const rail = signatureRail(safe, version, latchkey, [usdc.domainSeparator]);
    const calls = safeInstallation({ ...rail, safe: getAddress(address), module: latchkey.module });
    await throughOwner(owner, getAddress(address), calls);
    return getAddress(address);
  }

  const propose = (account: Address) =>
    proposeSession(environment.testChain.client, {
      account,
      key: agent,
      module: latchkey.module,
      budgets: { usdc: { perTransaction: "1", perDay: "20", recipients: "anyone" } },
      until: "7d",
    });

  /** A grant that the owning Safe signs, in the form in which the owned one asks it. */
  async function grantOf(owner: SafeAccount, owned: Address, version: SafeVersion): Promise<Grant> {
    const { session, ...proposal } = await propose(owned);
    const { chainId, module } = proposal;
    const digest = grantDigest(session, { chainId, module });
    // Up to 1.4.1 an owner that is a contract is shown the preimage; from 1.5.0 on the hash.
    const preimage = preimageSafeMessageHash(owned, digest, version, BigInt(chainId)) as Hex;
    const asked =
      version === "1.5.0" ? encodeAbiParameters([{ type: "bytes32" }], [keccak256(preimage)]) : preimage;
    const signature = safeSignatures([
      { signer: owner.address, signature: await signAsSafe(owner, asked), isContract: true },
    ]);
    return { ...proposal, session, signature };
  }

  const isValid = async (grant: Grant) => (await verifyGrant(environment.testChain.client, grant)).valid;

  /** Which owning Safes can sign for which owned ones. */
  const OWNERS: readonly {
    name: string;
    version: SafeVersion;
    /** Whether it has Latchkey's set-up itself, and so the handler that goes with it. */
    hasLatchkey: boolean;
    signsFor: readonly SafeVersion[];
  }[] = [
    { name: "1.3.0", version: "1.3.0", hasLatchkey: false, signsFor: SAFE_VERSIONS },
    {
      name: "1.3.0 with SafeSessionHandler",
      version: "1.3.0",
      hasLatchkey: true,
      signsFor: SAFE_VERSIONS,
    },
    { name: "1.4.1", version: "1.4.1", hasLatchkey: false, signsFor: SAFE_VERSIONS },
    {
      name: "1.4.1 with SafeSessionHandler",
      version: "1.4.1",
      hasLatchkey: true,
      signsFor: SAFE_VERSIONS,
    },
    // Safe's handlers of 1.5.0 no longer have the form in which Safes up to 1.4.1 ask.
    { name: "1.5.0", version: "1.5.0", hasLatchkey: false, signsFor: ["1.5.0"] },
    {
      name: "1.5.0 with ExtensibleFallbackHandler",
      version: "1.5.0",
      hasLatchkey: true,
      signsFor: ["1.5.0"],
    },
  ];

  for (const { name, version: ownerVersion, hasLatchkey, signsFor } of OWNERS) {
    for (const version of SAFE_VERSIONS) {
      const signs = signsFor.includes(version);
      it(`${version}, by a Safe ${name}, ${signs ? "is granted by its owner's signature" : "enables sessions instead: its owner cannot sign"}`, async () => {
        const owner = await createSafe(environment, {
          version: ownerVersion,
          owner: ecdsaOwner("nested"),
          salt: `${name} ${version}`,
        });
        if (hasLatchkey) await installOnSafe(owner, latchkey, [environment.usdc.domainSeparator]);
        const owned = await createOwned(owner, version);
        const grant = await grantOf(owner, owned, version);
        expect(await isValid(grant)).to.equal(signs);
        // Signed by the Safe's owner, and not by the Safe: the wrong level.
        const wrong = await signAsSafe(owner, grantDigest(grant.session, grant));
        expect(await isValid({ ...grant, signature: wrong })).to.equal(false);

        const enabling: Grant = { ...grant, signature: "0x" };
        expect(await isValid(enabling)).to.equal(false);
        await throughOwner(owner, owned, [encodeEnable(grant)]);
        expect(await isValid(enabling)).to.equal(true);
      });
    }
  }
});
