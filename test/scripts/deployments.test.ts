import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "chai";
import { getContractAddress, keccak256, zeroHash } from "viem";
import { ROOT, readCompiledContracts } from "../../scripts/deploy/CompiledContract.ts";
import { offlineFaults, schemaFaults } from "../../scripts/deploy/checkRecord.ts";
import { type ChainRecord, readRecord } from "../../scripts/deploy/Deployment.ts";
import { DEVELOPMENT_CHAINS, liveNetworkOf } from "../../scripts/deploy/liveNetworks.ts";
import { packageVersion } from "../../scripts/deploy/packageVersion.ts";
import { makeVersionFile, recordedChains, versionFilePath } from "../../scripts/deploy/VersionFile.ts";
import { writeJson } from "../../scripts/deploy/writeJson.ts";
import { deployAll, newChain, newFolder, removeFolders } from "./deployChain.ts";
import { runCommand } from "./runCommand.ts";

const folder = join(ROOT, "deployments");
const json = async (path: string) => JSON.parse(await readFile(path, "utf8"));

describe("deployments/", function () {
  this.timeout(60_000);
  after(removeFolders);

  it("publishes the addresses that the build gets from each factory", async () => {
    const expected = await json(join(folder, "expected.json"));
    const contracts = await readCompiledContracts();
    expect(expected.version).to.equal(await packageVersion());
    expect(Object.keys(expected.contracts)).to.deep.equal(contracts.map(({ name }) => name));
    for (const { name, initCode, runtimeCode } of contracts) {
      const at = (from: `0x${string}`) =>
        getContractAddress({ opcode: "CREATE2", from, salt: zeroHash, bytecode: initCode });
      expect(expected.contracts[name], `${name}: run \`npm run expected\``).to.deep.equal({
        addresses: {
          safe: at("0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7"),
          arachnid: at("0x4e59b44847b379578588920cA78FbF26c0B4956C"),
        },
        initCodeHash: keccak256(initCode),
        codeHash: keccak256(runtimeCode),
      });
    }
  });

  it("has a file a contract of this version, as the build and the records of the chains say", async () => {
    const version = await packageVersion();
    for (const contract of await readCompiledContracts()) {
      const file = await json(versionFilePath(folder, version, contract.name));
      const made = await makeVersionFile(folder, version, contract, file.released);
      expect(file, "run `npm run expected`").to.deep.equal(made);
      const first = Object.keys(file).slice(0, 5);
      expect(first).to.deep.equal(["released", "contractName", "version", "deployments", "networkAddresses"]);
    }
  });

  it("lists live chains only, and each consistently", async () => {
    for (const chainId of await recordedChains(folder)) {
      if (DEVELOPMENT_CHAINS.includes(chainId)) continue;
      expect(liveNetworkOf(chainId), `chain ${chainId}`).not.to.equal(undefined);
      expect(await offlineFaults(folder, chainId, await readRecord(folder, chainId))).to.deep.equal([]);
    }
    const version = await packageVersion();
    const listed = await Promise.all(
      (await readdir(join(folder, `v${version}`))).map((name) => json(join(folder, `v${version}`, name))),
    );
    const recorded = (await recordedChains(folder)).map(String);
    for (const { networkAddresses } of listed)
      expect(recorded).to.include.members(Object.keys(networkAddresses));
  });

  describe("schema.json", () => {
    it("is a JSON Schema", async () => {
      const schema = await json(join(folder, "schema.json"));
      expect(new Ajv2020().validateSchema(schema)).to.equal(true);
    });

    it("accepts what a deployment records, and nothing with any field missing, added or malformed", async () => {
      const chain = await newChain();
      await deployAll(chain);
      const record = await chain.record();
      expect(await schemaFaults(record)).to.deep.equal([]);
      const change = (edit: (copy: ChainRecord & Record<string, unknown>) => void) => {
        const copy = structuredClone(record) as ChainRecord & Record<string, unknown>;
        edit(copy);
        return schemaFaults(copy);
      };
      const first = (copy: ChainRecord) =>
        (copy.contracts.SafeSessionModule ?? expect.fail()) as unknown as Record<string, unknown>;
      for (const field of Object.keys(first(record))) {
        const missing = await change((copy) => {
          delete first(copy)[field];
        });
        expect(missing, `without ${field}`).not.to.deep.equal([]);
        const malformed = await change((copy) => {
          first(copy)[field] = "0x12";
        });
        expect(malformed, `with a malformed ${field}`).not.to.deep.equal([]);
      }
      for (const edit of [
        (copy: Record<string, unknown>) => delete copy.chainId,
        (copy: Record<string, unknown>) => delete copy.$schema,
        (copy: Record<string, unknown>) => Object.assign(copy, { contracts: {} }),
        (copy: Record<string, unknown>) => Object.assign(copy, { more: 1 }),
      ])
        expect(await change(edit)).not.to.deep.equal([]);
    });
  });

  it("is written by a command that finds drift, and refuses to change what is released", async () => {
    const [out, config] = await Promise.all([newFolder(), newFolder()]);
    const run = (...args: string[]) => runCommand("expected", [...args, "--out", out], { config });
    expect((await run("--check")).code).to.equal(1);
    expect((await run()).code).to.equal(0);
    expect((await run("--check")).code).to.equal(0);

    const version = await packageVersion();
    const path = versionFilePath(out, version, "SafeSessionModule");
    const file = await json(path);
    await writeJson(path, { ...file, initCodeHash: zeroHash });
    const drift = await run("--check");
    expect(drift.code).to.equal(1);
    expect(drift.stderr).to.contain("SafeSessionModule.json: differs from the build");
    await writeJson(path, { ...file, released: true, initCodeHash: zeroHash });
    const refused = await run();
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.contain(`was released in ${version} with the init code hash ${zeroHash}`);
    expect((await json(path)).initCodeHash).to.equal(zeroHash);
  });
});
