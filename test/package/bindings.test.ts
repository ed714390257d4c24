import { deployCanonically, openTestChain, type TestChain } from "@latchkey/devchain";
import { addressOf, InvalidInput, type LatchkeyContract, Refusal } from "@latchkey/sdk";
import * as abis from "@latchkey/sdk/abis";
import { deployedAddresses, deterministicAddresses } from "@latchkey/sdk/addresses";
import * as bytecode from "@latchkey/sdk/bytecode";
import { deployLatchkey } from "@latchkey/sdk/testing";
import { expect } from "chai";
import { network } from "hardhat";
import { createTestClient, custom, type Hex, publicActions } from "viem";
import { findAddress } from "#sdk/addresses/findAddress.ts";

const contracts = Object.keys(deterministicAddresses) as LatchkeyContract[];
const code: Record<string, Hex> = { ...bytecode };
const creationCode = (contract: LatchkeyContract) => code[`${contract}Bytecode`] ?? "0x";
const runtimeCode = (contract: LatchkeyContract) => code[`${contract}RuntimeBytecode`] ?? "0x";

/** A chain of its own, with nothing on it. */
const newChain = async () => openTestChain((await network.create("default")).provider);

/** A client of the same chain that may only do what may be done on a chain with money on it. */
const withoutCheats = ({ provider }: TestChain) =>
  createTestClient({
    mode: "hardhat",
    transport: custom(
      {
        request: async ({ method, params }: { method: string; params?: readonly unknown[] }) => {
          if (method.startsWith("hardhat_")) throw new Error(`the method ${method} does not exist`);
          return provider.request({ method, ...(params ? { params } : {}) });
        },
      },
      { retryCount: 0 },
    ),
  }).extend(publicActions);

/** The refusal that a function throws. */
function refusalOf(ask: () => unknown): Refusal {
  try {
    ask();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

describe("the bindings of the contracts", () => {
  it("have an ABI, creation code, runtime code and an address of each contract that is deployed", () => {
    expect(contracts).to.deep.equal([
      "erc7579SessionModule",
      "safeSessionHandler",
      "safeSessionModule",
      "sessionLens",
    ]);
    expect(Object.keys(bytecode).sort()).to.deep.equal(
      contracts.flatMap((contract) => [`${contract}Bytecode`, `${contract}RuntimeBytecode`]).sort(),
    );
    expect(Object.keys(abis).sort()).to.deep.equal(
      [...contracts, "sessionErrors", "sessionModule"].map((name) => `${name}Abi`).sort(),
    );
  });

  it("have the address from Safe's singleton factory, and the resulting runtime code", async () => {
    const chain = await newChain();
    for (const contract of contracts) {
      const address = await deployCanonically(chain, contract, creationCode(contract), {});
      expect(address, contract).to.equal(deterministicAddresses[contract]);
      expect(await chain.client.getCode({ address }), contract).to.equal(runtimeCode(contract));
    }
  });
});

describe("addressOf", () => {
  const [base, celo] = [
    "0x00000000000000000000000000000000000000b1",
    "0x00000000000000000000000000000000000000c1",
  ] as const;
  const deployed = {
    8453: { safeSessionModule: base, safeSessionHandler: base },
    42220: { safeSessionModule: celo },
  };

  it("returns where a contract is deployed, for each chain", () => {
    expect(findAddress(deployed, "safeSessionModule", 8453)).to.equal(base);
    expect(findAddress(deployed, "safeSessionModule", 42220)).to.equal(celo);
  });
  it("rejects an unknown chain, lists those with the contract, and says what to do", () => {
    for (const [contract, chainId, known] of [
      ["safeSessionModule", 1, [8453, 42220]],
      ["safeSessionHandler", 42220, [8453]],
      ["erc7579SessionModule", 8453, []],
    ] as const) {
      const refusal = refusalOf(() => findAddress(deployed, contract, chainId));
      expect(refusal).to.be.instanceOf(InvalidInput);
      expect(refusal.code).to.equal("UNKNOWN_CHAIN");
      const expected = deterministicAddresses[contract];
      expect(refusal.details).to.deep.equal({ contract, chainId, known, expected });
      expect(refusal.message).to.include(expected);
      for (const chain of known) expect(refusal.message).to.include(String(chain));
    }
  });
  it("uses the recorded deployments", () => {
    const known = Object.entries<object>(deployedAddresses)
      .filter(([, addresses]) => "safeSessionModule" in addresses)
      .map(([chainId]) => Number(chainId));
    expect(refusalOf(() => addressOf("safeSessionModule", 31337)).details.known).to.deep.equal(known);
  });
  it("rejects unknown contract names and invalid chains", () => {
    for (const name of ["toString", "SafeSessionModule", "__proto__"])
      expect(refusalOf(() => addressOf(name as LatchkeyContract, 1)).code, name).to.equal("INVALID_ADDRESS");
    for (const chainId of [Number.NaN, -1, 0.5, "constructor", undefined])
      expect(refusalOf(() => addressOf("safeSessionModule", chainId as number)).code).to.equal(
        "UNKNOWN_CHAIN",
      );
  });
});

describe("deployLatchkey", () => {
  it("puts the same code on a chain as the factory would", async () => {
    const { client } = await newChain();
    expect(await deployLatchkey(client)).to.deep.equal(deterministicAddresses);
    for (const contract of contracts)
      expect(await client.getCode({ address: deterministicAddresses[contract] })).to.equal(
        runtimeCode(contract),
      );
    expect(await client.getBlockNumber()).to.equal(0n);
  });
  it("does not overwrite existing contracts", async () => {
    const chain = await newChain();
    for (const contract of contracts) await deployCanonically(chain, contract, creationCode(contract), {});
    expect(await deployLatchkey(withoutCheats(chain))).to.deep.equal(deterministicAddresses);
  });
  it("restores code that was replaced", async () => {
    const { client } = await newChain();
    await client.setCode({ address: deterministicAddresses.safeSessionModule, bytecode: "0xfe" });
    await deployLatchkey(client);
    expect(await client.getCode({ address: deterministicAddresses.safeSessionModule })).to.equal(
      bytecode.safeSessionModuleRuntimeBytecode,
    );
  });
  it("is rejected by a chain that does not allow setting code", async () => {
    const live = withoutCheats(await newChain());
    const reason = await deployLatchkey(live).then(
      () => "it worked",
      (error: Error) => error.message,
    );
    expect(reason).to.include("hardhat_setCode");
    expect(await live.getCode({ address: deterministicAddresses.safeSessionModule })).to.equal(undefined);
  });
});
