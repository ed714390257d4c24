import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Hex, keccak256 } from "viem";
import { deploymentAddress } from "../../scripts/deploy/factories.ts";
import { addressBindings } from "../../scripts/generate/addressBindings.ts";
import { attestationValues } from "../../scripts/generate/attestationValues.ts";
import { bindingName, type CompiledContract } from "../../scripts/generate/CompiledContract.ts";
import { clearSigning } from "../../scripts/generate/clearSigning.ts";
import { recordedDeployments } from "../../scripts/generate/recordedDeployments.ts";
import { viemBindings } from "../../scripts/generate/viemBindings.ts";

const bound = (contractName: string, bytecode: Hex): CompiledContract => ({
  contractName,
  sourceName: `contracts/${contractName}.sol`,
  abi: [{ type: "function" }],
  bytecode,
  deployedBytecode: bytecode === "0x" ? "0x" : "0x00",
});
const safe = bound("SafeSessionModule", "0x6001");
const erc7579 = bound("ERC7579SessionModule", "0x6002");
const contracts = [erc7579, bound("ISessionErrors", "0x"), safe];
const address = "0x993DE38F3B3EA3e78eD1747b5F375253c3612B68";

describe("npm run generate", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-deployments-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Writes a chain's record. */
  const record = (
    chainId: number,
    deployed: Record<string, { address: string; code: Hex }>,
    says = chainId,
  ) =>
    writeFile(
      join(folder, `${chainId}.json`),
      JSON.stringify({
        chainId: says,
        contracts: Object.fromEntries(
          Object.entries(deployed).map(([name, one]) => [
            name,
            { address: one.address, initCodeHash: keccak256(one.code) },
          ]),
        ),
      }),
    );

  it("gives interfaces and contracts the names that their exports begin with", () => {
    expect(["ISessionModule", "SafeSessionHandler", "ERC7579SessionModule"].map(bindingName)).to.deep.equal([
      "sessionModule",
      "safeSessionHandler",
      "erc7579SessionModule",
    ]);
  });

  it("makes code of what can be deployed only, and an ABI of all", () => {
    const paths = [...viemBindings(contracts, "at").keys()];
    expect(paths.filter((path) => path.startsWith("at/abis/"))).to.have.length(4);
    expect(paths.filter((path) => path.startsWith("at/bytecode/"))).to.deep.equal([
      "at/bytecode/erc7579SessionModuleBytecode.ts",
      "at/bytecode/erc7579SessionModuleRuntimeBytecode.ts",
      "at/bytecode/safeSessionModuleBytecode.ts",
      "at/bytecode/safeSessionModuleRuntimeBytecode.ts",
      "at/bytecode/index.ts",
    ]);
  });

  it("lists what the records say of the compiled code, chain by chain", async () => {
    await record(8453, { SafeSessionModule: { address: address.toLowerCase(), code: "0x6001" } });
    await record(10, {
      SafeSessionModule: { address, code: "0x6001" },
      ERC7579SessionModule: { address, code: "0x6002" },
    });
    const { addresses, outdated } = await recordedDeployments(folder, contracts);
    expect(outdated).to.deep.equal([]);
    expect([...addresses].map(([chainId, found]) => [chainId, Object.fromEntries(found)])).to.deep.equal([
      [10, { erc7579SessionModule: address, safeSessionModule: address }],
      [8453, { safeSessionModule: address }],
    ]);
    const source = addressBindings(contracts, addresses, "at").get("at/addresses/deployedAddresses.ts");
    expect(source).to.include(`  8453: {\n    safeSessionModule: "${address}",\n  },\n`);
  });

  it("leaves out what was deployed from other code, and says so", async () => {
    await record(10, {
      SafeSessionModule: { address, code: "0x60ff" },
      ERC7579SessionModule: { address, code: "0x6002" },
    });
    await record(1, { SafeSessionModule: { address, code: "0x60ff" } });
    const { addresses, outdated } = await recordedDeployments(folder, contracts);
    expect([...addresses].map(([chainId, found]) => [chainId, [...found.keys()]])).to.deep.equal([
      [10, ["erc7579SessionModule"]],
    ]);
    expect(outdated).to.have.length(2);
    for (const line of outdated) expect(line).to.include("SafeSessionModule on chain 1");
  });

  it("ignores development chains, and other files", async () => {
    await record(31337, { SafeSessionModule: { address, code: "0x6001" } });
    await writeFile(join(folder, "schema.json"), "{}");
    expect((await recordedDeployments(folder, contracts)).addresses.size).to.equal(0);
  });

  it("refuses a record of another chain than its name says", async () => {
    await record(10, {}, 8453);
    const reason = await recordedDeployments(folder, contracts).then(
      () => "it was taken",
      (error: Error) => error.message,
    );
    expect(reason).to.include("10.json is not a record of chain 10");
  });

  it("derives a contract's address from its creation code", () => {
    const source = addressBindings(contracts, new Map(), "at").get("at/addresses/deterministicAddresses.ts");
    expect(source).to.include(`safeSessionModule: "${deploymentAddress("0x6001")}"`);
    expect(source).to.include(`erc7579SessionModule: "${deploymentAddress("0x6002")}"`);
  });

  it("renews the attestation's hashes and address, and nothing else in it", async () => {
    const before = await readFile(new URL("../../deployments/attestation.json", import.meta.url), "utf8");
    const after = attestationValues(before, erc7579);
    const expected = JSON.parse(before);
    expected.module.codeHash = keccak256("0x00");
    expected.module.initCodeHash = keccak256("0x6002");
    expected.moduleAttributes.moduleAddress = deploymentAddress("0x6002");
    expect(JSON.parse(after)).to.deep.equal(expected);
    expect(after.split("\n")).to.have.length(before.split("\n").length);
    expect(() => attestationValues(before.replaceAll('"initCodeHash"', '"hash"'), erc7579)).to.throw(
      '"initCodeHash" 0 times',
    );
  });

  it("rejects a state-changing function without a description for wallets", () => {
    const sweep = { type: "function", name: "sweep", inputs: [], outputs: [], stateMutability: "nonpayable" };
    expect(() => clearSigning([{ ...safe, abi: [sweep] }], "at")).to.throw("SafeSessionModule.sweep");
  });

  it("rejects labels for a function that no contract has", () => {
    const view = { type: "function", name: "epochOf", inputs: [], outputs: [], stateMutability: "view" };
    expect(() => clearSigning([{ ...safe, abi: [view] }], "at")).to.throw("words for enable, which");
  });
});
