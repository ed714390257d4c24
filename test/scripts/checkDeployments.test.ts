import { expect } from "chai";
import { type Hash, keccak256, toHex, zeroHash } from "viem";
import { setCode } from "viem/actions";
import { readCompiledContracts } from "../../scripts/deploy/CompiledContract.ts";
import type { ChainRecord, Deployment } from "../../scripts/deploy/Deployment.ts";
import { readRecord, writeRecord } from "../../scripts/deploy/Deployment.ts";
import { FACTORIES, FACTORY_CODE } from "../../scripts/deploy/factories.ts";
import { packageVersion } from "../../scripts/deploy/packageVersion.ts";
import { makeVersionFile, versionFilePath } from "../../scripts/deploy/VersionFile.ts";
import { writeJson } from "../../scripts/deploy/writeJson.ts";
import { newFolder, newServer, removeFolders } from "./deployChain.ts";
import { runCommand } from "./runCommand.ts";

describe("npm run check-deployments", function () {
  this.timeout(60_000);
  let server: Awaited<ReturnType<typeof newServer>>;
  let out: string;
  let config: string;
  let record: ChainRecord;

  const check = (...args: string[]) =>
    runCommand("check-deployments", [...args, "--out", out], { config, env: { BASE_RPC_URL: server.url } });

  /** Records the chain otherwise than it is. */
  const falsify = async (name: string, change: Partial<Deployment>) => {
    const copy = structuredClone(record);
    Object.assign(copy.contracts[name] ?? expect.fail(), change);
    await writeRecord(out, copy);
  };

  before(async () => {
    [server, out, config] = await Promise.all([newServer("simulatedBase"), newFolder(), newFolder()]);
    const version = await packageVersion();
    for (const contract of await readCompiledContracts())
      await writeJson(
        versionFilePath(out, version, contract.name),
        await makeVersionFile(out, version, contract, true),
      );
    const { code, stderr } = await runCommand("deploy", ["--network", "base", "--out", out], {
      config,
      env: { BASE_RPC_URL: server.url, LATCHKEY_DEPLOYER_KEY: server.key },
    });
    expect(code, stderr).to.equal(0);
    record = await readRecord(out, 8453);
  });
  afterEach(() => writeRecord(out, record));
  after(async () => {
    await server.close();
    await removeFolders();
  });

  it("finds nothing if everything is as recorded, with and without the chain", async () => {
    const [online, offline, one] = [
      await check(),
      await check("--offline"),
      await check("--rpc-url", server.url),
    ];
    expect(online).to.deep.equal({ code: 0, stdout: "8453: as on the chain\n", stderr: "" });
    expect(offline).to.deep.equal({ code: 0, stdout: "8453: consistent\n", stderr: "" });
    expect(one.code).to.equal(0);
  });

  it("says that nothing is deployed if nothing is recorded", async () => {
    const run = await runCommand("check-deployments", ["--out", await newFolder()], { config });
    expect(run).to.deep.equal({ code: 0, stdout: "There are no deployments.\n", stderr: "" });
  });

  it("fails on an unreachable chain, unless told not to", async () => {
    const run = await runCommand("check-deployments", ["--out", out], { config });
    expect(run.code).to.equal(1);
    expect(run.stdout).to.match(/not compared with the chain: .*BASE_RPC_URL/);
  });

  const other: Hash = keccak256(toHex("other"));
  for (const { what, change, says, offline } of [
    {
      what: "an address that does not follow",
      change: { address: FACTORIES.safe.address },
      says: "give 0x",
      offline: true,
    },
    { what: "another salt", change: { salt: other }, says: "give 0x", offline: true },
    { what: "another init code hash", change: { initCodeHash: other }, says: "give 0x", offline: true },
    { what: "another code hash", change: { codeHash: other }, says: "has other code", offline: true },
    {
      what: "a version that is not published",
      change: { version: "9.9.9" },
      says: "there is no deployments/v9.9.9",
      offline: true,
    },
    {
      what: "a transaction without its block",
      change: { block: null },
      says: "known together",
      offline: true,
    },
    {
      what: "an invalid record",
      change: { compiler: undefined },
      says: "required property 'compiler'",
      offline: true,
    },
    {
      what: "a transaction that is not there",
      change: { transaction: zeroHash },
      says: "there is no transaction",
      offline: false,
    },
    { what: "another block", change: { block: 999 }, says: "not 999", offline: false },
  ])
    it(`finds ${what}${offline ? ", also without the chain" : ""}`, async () => {
      await falsify("SafeSessionModule", change as Partial<Deployment>);
      const online = await check();
      expect(online.code).to.equal(1);
      expect(online.stdout).to.contain(says);
      expect((await check("--offline")).code).to.equal(offline ? 1 : 0);
    });

  it("finds different and missing code on the chain", async () => {
    const { address } = record.contracts.SafeSessionHandler ?? expect.fail();
    for (const [bytecode, says] of [
      [FACTORY_CODE, `has the hash ${keccak256(FACTORY_CODE)}`],
      ["0x", `there is no code at ${address}`],
    ] as const) {
      await setCode(server.test, { address, bytecode });
      const run = await check("--json");
      expect(run.code).to.equal(1);
      const [{ chainId, network, faults }] = JSON.parse(run.stdout).chains;
      expect({ chainId, network }).to.deep.equal({ chainId: 8453, network: "base" });
      expect(faults).to.have.length(1);
      expect(faults[0].contract).to.equal("SafeSessionHandler");
      expect(faults[0].fault).to.contain(says);
    }
  });
});
