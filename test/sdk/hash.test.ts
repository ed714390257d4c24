import "../environment/seed.ts";
import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { getContract, hashTypedData } from "viem";
import {
  grantDigest,
  hashSession,
  sessionModuleAbi,
  sessionTypedData,
  slotNonce,
} from "../../packages/sdk/src/index.ts";
import { arbitrarySession, arbitraryUint } from "./arbitrarySession.ts";

const runs = process.env.LATCHKEY_DEEP ? 2000 : 60;

describe("the SDK's hashes", function () {
  this.timeout(process.env.LATCHKEY_DEEP ? 0 : 40_000);

  async function deploy() {
    const { viem } = await network.create("default");
    const { address } = await viem.deployContract("SafeSessionModule");
    const client = await viem.getPublicClient();
    const contract = getContract({ address, abi: sessionModuleAbi, client });
    return { module: contract, chainId: await client.getChainId() };
  }
  let deployed: Awaited<ReturnType<typeof deploy>>;
  before(async () => {
    deployed = await deploy();
  });

  it("are the contract's for sessions of every shape", async () => {
    const { module, chainId } = deployed;
    await fc.assert(
      fc.asyncProperty(arbitrarySession(), async (session) => {
        const [id, digest] = await Promise.all([
          module.read.hashSession([session]),
          module.read.grantDigest([session]),
        ]);
        expect(hashSession(session)).to.equal(id);
        const domain = { chainId, module: module.address };
        expect(grantDigest(session, domain)).to.equal(digest);
        // What a wallet is shown is what the chain checks.
        expect(hashTypedData(sessionTypedData(session, domain))).to.equal(digest);
      }),
      { numRuns: runs },
    );
  });

  it("are the contract's for the nonces of slots", async () => {
    const { module } = deployed;
    await fc.assert(
      fc.asyncProperty(
        arbitrarySession(),
        fc.nat(7),
        arbitraryUint(256),
        arbitraryUint(256),
        fc.nat(7),
        arbitraryUint(14),
        async (session, budgetIndex, period, lot, size, index) => {
          const id = hashSession(session);
          const nonce = slotNonce({ id, budgetIndex, period, lot, size, index });
          expect(nonce).to.equal(
            await module.read.slotNonce([id, BigInt(budgetIndex), period, lot, BigInt(size), index]),
          );
          expect(BigInt(nonce) & 0xffffffffffffffffn).to.equal(0n);
        },
      ),
      { numRuns: runs },
    );
  });
});
