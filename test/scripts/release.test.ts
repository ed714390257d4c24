import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { zeroHash } from "viem";
import { readCompiledContracts } from "../../scripts/deploy/CompiledContract.ts";
import { readRecord, writeRecord } from "../../scripts/deploy/Deployment.ts";
import { packageVersion } from "../../scripts/deploy/packageVersion.ts";
import { type VersionFile, versionFilePath } from "../../scripts/deploy/VersionFile.ts";
import { writeJson } from "../../scripts/deploy/writeJson.ts";
import { CONTRACTS, deployAll, newChain, newFolder, newServer, removeFolders } from "./deployChain.ts";
import { runCommand } from "./runCommand.ts";
import { openScratchRepository } from "./scratchRepository.ts";

type Repository = Awaited<ReturnType<typeof openScratchRepository>>;

describe("npm run release", function () {
  this.timeout(180_000);
  let version: string;
  let repository: Repository;
  let deployments: string;
  const expected = async (...args: string[]) =>
    runCommand("expected", args, { config: await newFolder(), folder: repository.folder });
  const release = () => expected("--release");
  const file = async (name: string): Promise<VersionFile> =>
    JSON.parse(await readFile(versionFilePath(deployments, version, name), "utf8"));
  const changes = () => repository.git("status", "--porcelain");

  beforeEach(async () => {
    [version, repository] = await Promise.all([packageVersion(), openScratchRepository()]);
    deployments = join(repository.folder, "deployments");
  });
  after(removeFolders);

  it("declares each contract of the version released, and changes nothing else", async () => {
    const contracts = await readCompiledContracts();
    const before = await Promise.all(CONTRACTS.map(file));
    const run = await release();
    expect(run.code, run.stderr).to.equal(0);
    expect(run.stdout).to.contain(
      `Version ${version} is released: commit deployments/ and tag it v${version}.`,
    );
    expect((await changes()).split("\n").map((line) => line.trim().slice(2))).to.have.members(
      CONTRACTS.map((name) => `deployments/v${version}/${name}.json`),
    );
    for (const [index, { name, abi }] of contracts.entries()) {
      const { released, ...rest } = await file(name);
      expect(released).to.equal(true);
      expect({ released: false, ...rest }).to.deep.equal(before[index]);
      expect(rest.abi).to.deep.equal(abi);
    }
  });

  it("is what deploying asks for from then on", async () => {
    await release();
    const server = await newServer("simulatedBase");
    try {
      const run = await runCommand("deploy", ["--rpc-url", server.url, "--dry-run"], {
        config: await newFolder(),
        env: { LATCHKEY_DEPLOYER_KEY: server.key },
        folder: repository.folder,
      });
      expect(run.code, run.stderr).to.equal(0);
      expect(run.stdout).not.to.contain("is not released");
    } finally {
      await server.close();
    }
  });

  it("refuses a version that is released already, and writes nothing", async () => {
    await release();
    await repository.git("commit", "--all", "--quiet", "--message", "Release");
    const again = await release();
    expect(again.code).to.equal(1);
    expect(again.stderr).to.contain(`Version ${version} is released, with the code of this build`);
    expect(await changes()).to.equal("");
    expect((await expected("--check")).code).to.equal(0);
  });

  it("refuses other code than what has been released under this version, and writes nothing", async () => {
    const path = versionFilePath(deployments, version, "SafeSessionHandler");
    await writeJson(path, { ...(await file("SafeSessionHandler")), released: true, initCodeHash: zeroHash });
    await repository.git("commit", "--all", "--quiet", "--message", "Other code");
    const run = await release();
    expect(run.code).to.equal(1);
    expect(run.stderr)
      .to.contain(`SafeSessionHandler was released in ${version} with the init code hash ${zeroHash}`)
      .and.to.contain("New code needs a new version");
    expect(await changes()).to.equal("");
  });

  for (const path of [
    "contracts/libraries/Slots.sol",
    "hardhat.config.ts",
    "package.json",
    "package-lock.json",
  ])
    it(`refuses while ${path} has a change that is in no commit, and writes nothing`, async () => {
      await appendFile(join(repository.folder, path), "\n");
      const run = await release();
      expect(run.code).to.equal(1);
      expect(run.stderr).to.contain("commit them first");
      expect((await changes()).trim()).to.equal(`M ${path}`);
    });

  it("finishes a release that was cut off after the first contract", async () => {
    const [first = ""] = CONTRACTS;
    await writeJson(versionFilePath(deployments, version, first), { ...(await file(first)), released: true });
    const run = await release();
    expect(run.code, run.stderr).to.equal(0);
    for (const name of CONTRACTS) expect((await file(name)).released, name).to.equal(true);
  });

  it("lists the chains that have this code, and none that got other code under the same version", async () => {
    const chain = await newChain();
    await deployAll(chain);
    const record = await chain.record();
    const [first = ""] = CONTRACTS;
    const other = structuredClone(record);
    Object.assign(other.contracts[first] ?? {}, { initCodeHash: zeroHash });
    await writeRecord(deployments, { ...record, chainId: 10 });
    await writeRecord(deployments, { ...other, chainId: 8453 });
    expect((await readRecord(deployments, 8453)).contracts[first]?.version).to.equal(version);
    const run = await release();
    expect(run.code, run.stderr).to.equal(0);
    expect((await file(first)).networkAddresses).to.deep.equal({ 10: "canonical" });
    for (const name of CONTRACTS.slice(1))
      expect((await file(name)).networkAddresses).to.deep.equal({ 10: "canonical", 8453: "canonical" });
  });
});
