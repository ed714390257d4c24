import "../environment/seed.ts";
import { grantDigest, hashSession, type Slot, sessionTypedData } from "@latchkey/sdk";
import { sessionModuleAbi } from "@latchkey/sdk/abis";
import { nodeNonce, slotNonce, slotReader } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { getContract, type Hex, hashTypedData, keccak256, toHex } from "viem";
import { sessionBytes } from "../contracts/sessionBytes.ts";
import { arbitrarySession, arbitraryUint } from "./arbitrarySession.ts";
import { refusalOf } from "./safeFixture.ts";

const runs = process.env.LATCHKEY_DEEP ? 2000 : 60;

/** Every slot that some budget can have. */
const arbitrarySlot = fc
  .record({ lot: arbitraryUint(32), size: fc.nat(7) })
  .chain((of) => arbitraryUint(14).map((index) => ({ ...of, index: index % 4n ** BigInt(of.size) })));

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
          module.read.hashSession([sessionBytes(session)]),
          module.read.grantDigest([sessionBytes(session)]),
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
        arbitrarySlot,
        async (session, budgetIndex, period, { lot, size, index }) => {
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

describe("the nonce of a node", () => {
  it("is the contract's", async () => {
    const { viem } = await network.create("default");
    const { address } = await viem.deployContract("SafeSessionModule");
    const module = getContract({ address, abi: sessionModuleAbi, client: await viem.getPublicClient() });
    const of = { id: keccak256("0x01"), budgetIndex: 1, period: 2n };
    for (const lot of [0n, 1n, 2n ** 32n - 1n])
      for (let size = 0; size < 8; size++)
        for (const index of [0n, 2n ** BigInt(size) - 1n])
          expect(nodeNonce({ ...of, lot, size, index })).to.equal(
            await module.read.nodeNonce([of.id, 1n, 2n, lot, BigInt(size), index]),
          );
  });

  it("is refused for a node that no budget can have", async () => {
    const node = { lot: 3n, size: 4, index: 5n };
    const refusal = (none: Partial<Slot>) =>
      refusalOf(
        (async () => nodeNonce({ id: keccak256("0x01"), budgetIndex: 1, period: 2n, ...node, ...none }))(),
      );
    for (const none of [{ lot: 2n ** 32n }, { size: 8 }, { size: 0, index: 1n }, { index: 16n }])
      expect(await refusal(none)).to.deep.include({ code: "NO_SUCH_SLOT", details: { ...node, ...none } });
    for (const none of [{ lot: -1n }, { size: 0.5 }, { index: -1n }])
      expect((await refusal(none)).code).to.equal("INVALID_INPUT");
  });
});

describe("the nonce of a slot", () => {
  const of = { id: keccak256("0x01"), budgetIndex: 1, period: 2n };
  const slot = { lot: 3n, size: 4, index: 5n };

  it("is read back, in any case of its letters", () => {
    fc.assert(
      fc.property(fc.nat(7), arbitraryUint(256), arbitrarySlot, (budgetIndex, period, one) => {
        const place = { ...of, budgetIndex, period };
        const nonce = slotNonce({ ...place, ...one });
        const readSlot = slotReader(place);
        expect(readSlot(nonce)).to.deep.equal(one);
        expect(readSlot(`0x${nonce.slice(2).toUpperCase()}`)).to.deep.equal(one);
      }),
    );
  });

  it("is read by its own session, budget and period alone", () => {
    const nonce = slotNonce({ ...of, ...slot });
    for (const other of [{ id: keccak256("0x02") }, { budgetIndex: 0 }, { period: 3n }])
      expect(slotReader({ ...of, ...other })(nonce)).to.equal(undefined);
  });

  it("is not read with another bit in its 17 bytes or its last 8, nor with a slot that there cannot be", () => {
    const readSlot = slotReader(of);
    const nonce = BigInt(slotNonce({ ...of, ...slot }));
    const bytes = (number: bigint): Hex => toHex(number, { size: 32 });
    for (const bit of [...Array(64).keys(), ...Array.from({ length: 136 }, (_, n) => 120 + n)])
      expect(readSlot(bytes(nonce ^ (1n << BigInt(bit)))), `bit ${bit}`).to.equal(undefined);
    for (const none of [
      { size: 8, index: 0n },
      { size: 255, index: 0n },
      { size: 0, index: 1n },
      { size: 1, index: 4n },
      { size: 7, index: 4n ** 7n },
      { size: 7, index: 65_535n },
    ]) {
      const fields = (BigInt(none.size) << 80n) | (none.index << 64n);
      const prefix = (nonce >> 120n) << 120n;
      expect(readSlot(bytes(prefix | fields)), fields.toString(16)).to.equal(undefined);
    }
  });

  it("is refused for a slot that no budget can have", async () => {
    const refusal = (none: Partial<Slot>) =>
      refusalOf((async () => slotNonce({ ...of, ...slot, ...none }))());
    for (const none of [
      { lot: 2n ** 32n },
      { size: 8 },
      { size: 2 ** 40 },
      { size: 0, index: 1n },
      { index: 4n ** 4n },
      { index: 2n ** 255n },
    ])
      expect(await refusal(none)).to.deep.include({ code: "NO_SUCH_SLOT", details: { ...slot, ...none } });
    for (const none of [{ lot: -1n }, { size: 0.5 }, { index: -1n }])
      expect((await refusal(none)).code).to.equal("INVALID_INPUT");
  });
});
