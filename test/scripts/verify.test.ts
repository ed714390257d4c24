import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { concat, keccak256, slice } from "viem";
import { setCode } from "viem/actions";
import { DEPLOYED_CONTRACTS, readCompiledContracts } from "../../scripts/deploy/CompiledContract.ts";
import { type ChainRecord, readRecord, writeRecord } from "../../scripts/deploy/Deployment.ts";
import { CONTRACTS, newFolder, newServer, removeFolders } from "./deployChain.ts";
import { ETHERSCAN_KEY, openVerifiers } from "./openVerifiers.ts";
import { runCommand } from "./runCommand.ts";

describe("npm run verify", function () {
  this.timeout(600_000);
  let server: Awaited<ReturnType<typeof newServer>>;
  let verifiers: Awaited<ReturnType<typeof openVerifiers>>;
  let out: string;
  let config: string;
  let record: ChainRecord;

  const verifyAll = (args: readonly string[], env: Record<string, string> = {}) =>
    runCommand("verify", ["--network", "base", "--out", out, "--json", ...args], {
      config,
      env: { BASE_RPC_URL: server.url, ...verifiers.env, ETHERSCAN_API_KEY: ETHERSCAN_KEY, ...env },
    });
  const verify = (...args: string[]) => verifyAll(["--contract", "SafeSessionHandler", ...args]);
  const handler = () => record.contracts.SafeSessionHandler ?? expect.fail("not deployed");

  before(async () => {
    [server, out, config] = await Promise.all([newServer("simulatedBase"), newFolder(), newFolder()]);
    verifiers = await openVerifiers(server.url);
    const { code, stderr } = await runCommand("deploy", ["--network", "base", "--out", out], {
      config,
      env: { BASE_RPC_URL: server.url, LATCHKEY_DEPLOYER_KEY: server.key },
    });
    expect(code, stderr).to.equal(0);
    record = await readRecord(out, 8453);
  });
  afterEach(() => verifiers.reset());
  after(async () => {
    verifiers.close();
    await server.close();
    await removeFolders();
  });

  it("finds the chain's code in every contract's sources, and so do Etherscan and Sourcify in what they get", async () => {
    verifiers.state.busy = 2;
    const run = await verifyAll([]);
    expect(run.code, run.stderr).to.equal(0);
    const { contracts } = JSON.parse(run.stdout);
    expect(contracts).to.deep.equal(
      CONTRACTS.map((name) => {
        const { address, codeHash } = record.contracts[name] ?? expect.fail(name);
        return { name, address, codeHash, faults: [], published: { etherscan: true, sourcify: true } };
      }),
    );
    expect(verifiers.submissions).to.have.length(2 * DEPLOYED_CONTRACTS.length);
    for (const {
      address,
      compilerVersion,
      contract,
      provider,
      standardJson,
      ...rest
    } of verifiers.submissions) {
      const [name, deployed] =
        Object.entries(record.contracts).find(([, one]) => one.address === address) ?? expect.fail(address);
      const source = DEPLOYED_CONTRACTS.find((one) => one.endsWith(`:${name}`));
      expect(contract).to.equal(`project/${source}`);
      expect(standardJson.language).to.equal("Solidity");
      expect(standardJson.settings).to.deep.include({
        evmVersion: deployed.compiler.evmVersion,
        viaIR: true,
        optimizer: { enabled: true, runs: deployed.compiler.optimizerRuns },
        metadata: { bytecodeHash: "none", appendCBOR: false },
      });
      const isEtherscan = provider === "etherscan";
      expect(compilerVersion).to.equal(`${isEtherscan ? "v" : ""}${deployed.compiler.version}`);
      expect(rest).to.deep.equal(
        isEtherscan ? { constructorArguments: "" } : { transaction: deployed.transaction },
      );
    }
  });

  it("sends nothing to a service that already has the sources", async () => {
    const first = await verify();
    expect(first.code, first.stderr).to.equal(0);
    expect(verifiers.submissions).to.have.length(2);
    const second = await verify();
    expect(second.code, second.stderr).to.equal(0);
    expect(JSON.parse(second.stdout).contracts[0].published).to.deep.equal({
      etherscan: true,
      sourcify: true,
    });
    expect(verifiers.submissions).to.have.length(2);
  });

  it("asks again while an explorer does not know a new contract yet", async () => {
    verifiers.state.late = 1;
    const run = await verify("--provider", "etherscan");
    expect(run.code, run.stderr).to.equal(0);
    expect(verifiers.requests.filter((request) => request === "POST /api")).to.have.length(2);
    expect(verifiers.submissions).to.have.length(1);
  });

  it("reports a service that is down, and publishes to the other", async () => {
    verifiers.state.sourcifyDown = true;
    const run = await verify();
    expect(run.code).to.equal(1);
    const [{ faults, published }] = JSON.parse(run.stdout).contracts;
    expect(published).to.deep.equal({ etherscan: true, sourcify: false });
    expect(faults).to.deep.equal(["sourcify: Sourcify responded with status 502"]);
  });

  it("reports why an explorer rejects, without revealing its key", async () => {
    const key = "not the key of this account";
    const run = await verifyAll(["--contract", "SafeSessionHandler", "--provider", "etherscan"], {
      ETHERSCAN_API_KEY: key,
    });
    expect(run.code).to.equal(1);
    expect(JSON.parse(run.stdout).contracts[0].faults[0]).to.contain("Invalid API Key");
    expect(run.stdout + run.stderr).not.to.contain(key);
  });

  it("only compares with the chain when offline", async () => {
    const run = await verify("--offline");
    expect(run.code, run.stderr).to.equal(0);
    const { address, codeHash } = handler();
    expect(JSON.parse(run.stdout)).to.deep.equal({
      chainId: 8453,
      factory: "safe",
      contracts: [{ name: "SafeSessionHandler", address, codeHash, faults: [], published: {} }],
    });
    expect(verifiers.requests).to.deep.equal([]);
  });

  it("fails, and goes on with the others, where an explorer's key is missing", async () => {
    const run = await runCommand(
      "verify",
      ["--network", "base", "--contract", "SafeSessionHandler", "--out", out, "--json"],
      { config, env: { BASE_RPC_URL: server.url, ...verifiers.env } },
    );
    expect(run.code).to.equal(1);
    const [{ faults, published }] = JSON.parse(run.stdout).contracts;
    expect(published).to.deep.equal({ etherscan: false, sourcify: true });
    expect(faults).to.have.length(1);
    expect(faults[0]).to.contain("ETHERSCAN_API_KEY");
  });

  it("writes the standard JSON input for an explorer's form", async () => {
    const folder = await newFolder();
    const run = await verify("--standard-json", folder);
    expect(run.code, run.stderr).to.equal(0);
    expect(run.stderr).to.contain(
      "project/contracts/accounts/safe/SafeSessionHandler.sol:SafeSessionHandler",
    );
    const input = JSON.parse(await readFile(join(folder, "SafeSessionHandler.json"), "utf8"));
    expect(input.language).to.equal("Solidity");
    expect(input.sources).to.include.keys("project/contracts/accounts/safe/SafeSessionHandler.sol");
  });

  it("refuses an RPC URL of another chain", async () => {
    const run = await runCommand(
      "verify",
      ["--network", "optimism", "--rpc-url", server.url, "--offline", "--out", out, "--json"],
      { config },
    );
    expect(run.code).to.equal(1);
    expect(JSON.parse(run.stdout).error.code).to.equal("WRONG_CHAIN");
  });

  it("finds one other byte on the chain, and a record of other code, and publishes neither", async () => {
    const { address } = handler();
    const { runtimeCode } =
      (await readCompiledContracts()).find(({ name }) => name === "SafeSessionHandler") ?? expect.fail();
    await setCode(server.test, { address, bytecode: concat([slice(runtimeCode, 0, -1), "0xee"]) });
    const otherCode = await verify("--provider", "sourcify");
    expect(otherCode.code).to.equal(1);
    expect(JSON.parse(otherCode.stdout).contracts[0].faults[0]).to.contain("does not match its sources");

    await setCode(server.test, { address, bytecode: runtimeCode });
    const copy = structuredClone(record);
    copy.contracts.SafeSessionHandler = { ...handler(), codeHash: keccak256("0x") };
    await writeRecord(out, copy);
    const otherRecord = await verify("--provider", "sourcify");
    expect(otherRecord.code).to.equal(1);
    expect(JSON.parse(otherRecord.stdout).contracts[0].faults).to.deep.equal([
      "its recorded code hash is another",
    ]);
    expect(verifiers.requests).to.deep.equal([]);
  });
});
