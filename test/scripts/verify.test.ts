import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { concat, keccak256, slice } from "viem";
import { setCode } from "viem/actions";
import { readCompiledContracts } from "../../scripts/deploy/CompiledContract.ts";
import { type ChainRecord, readRecord, writeRecord } from "../../scripts/deploy/Deployment.ts";
import { openHardhat, recompile } from "../../scripts/deploy/recompile.ts";
import { newFolder, newServer, removeFolders } from "./deployChain.ts";
import { runCommand } from "./runCommand.ts";

/** What a verifier is sent. */
type Submission = {
  url: string;
  body: {
    stdJsonInput: { settings: unknown };
    contractIdentifier: string;
    compilerVersion: string;
    creationTransactionHash?: string;
  };
};

/** Stands in for Sourcify, which cannot be reached from a test: knows nothing, and takes everything. */
async function openSourcify() {
  const submissions: Submission[] = [];
  const read = async (request: IncomingMessage) => Buffer.concat(await request.toArray()).toString();
  const server = createServer(async (request, response) => {
    const answer = (status: number, content: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
    const url = request.url ?? "";
    if (request.method === "POST") {
      submissions.push({ url, body: JSON.parse(await read(request)) });
      return answer(202, { verificationId: "1" });
    }
    const match = { match: null, creationMatch: null, runtimeMatch: null, chainId: "8453", address: "0x" };
    if (url.startsWith("/v2/contract/")) return answer(404, match);
    return answer(200, {
      isJobCompleted: true,
      verificationId: "1",
      jobStartTime: "",
      contract: { ...match, match: "exact_match" },
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { submissions, url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe("npm run verify", function () {
  this.timeout(180_000);
  let server: Awaited<ReturnType<typeof newServer>>;
  let sourcify: Awaited<ReturnType<typeof openSourcify>>;
  let out: string;
  let config: string;
  let record: ChainRecord;

  const verify = (...args: string[]) =>
    runCommand(
      "verify",
      ["--network", "base", "--contract", "SafeSessionHandler", "--out", out, "--json", ...args],
      { config, env: { BASE_RPC_URL: server.url, SOURCIFY_API_URL: sourcify.url } },
    );
  const handler = () => record.contracts.SafeSessionHandler ?? expect.fail("not deployed");

  before(async () => {
    [server, sourcify, out, config] = await Promise.all([
      newServer("simulatedBase"),
      openSourcify(),
      newFolder(),
      newFolder(),
    ]);
    const { code, stderr } = await runCommand("deploy", ["--network", "base", "--out", out], {
      config,
      env: { BASE_RPC_URL: server.url, LATCHKEY_DEPLOYER_KEY: server.key },
    });
    expect(code, stderr).to.equal(0);
    record = await readRecord(out, 8453);
  });
  after(async () => {
    sourcify.close();
    await server.close();
    await removeFolders();
  });

  it("compiles every contract by itself to the code that the whole build has", async () => {
    const hre = await openHardhat();
    for (const { contract, initCode, runtimeCode } of await readCompiledContracts()) {
      const alone = await recompile(hre, contract);
      expect(alone.initCode === initCode, contract).to.equal(true);
      expect(alone.runtimeCode === runtimeCode, contract).to.equal(true);
    }
  });

  it("compares with the chain and asks nobody else when it is offline", async () => {
    const run = await verify("--offline");
    expect(run.code, run.stderr).to.equal(0);
    const { address, codeHash } = handler();
    expect(JSON.parse(run.stdout)).to.deep.equal({
      chainId: 8453,
      factory: "safe",
      contracts: [{ name: "SafeSessionHandler", address, codeHash, faults: [], published: {} }],
    });
    expect(sourcify.submissions).to.deep.equal([]);
  });

  it("sends Sourcify the sources, the settings of the build and the transaction", async () => {
    const run = await verify("--provider", "sourcify");
    expect(run.code, run.stderr).to.equal(0);
    expect(JSON.parse(run.stdout).contracts[0].published).to.deep.equal({ sourcify: true });
    const [submission, ...more] = sourcify.submissions.splice(0);
    expect(more).to.deep.equal([]);
    const { address, transaction, compiler } = handler();
    expect(submission?.url).to.equal(`/v2/verify/8453/${address}`);
    expect(submission?.body).to.include({
      contractIdentifier: "project/contracts/accounts/SafeSessionHandler.sol:SafeSessionHandler",
      compilerVersion: `v${compiler.version}`,
      creationTransactionHash: transaction,
    });
    expect(submission?.body.stdJsonInput.settings).to.deep.include({
      evmVersion: "cancun",
      viaIR: true,
      optimizer: { enabled: true, runs: 10_000 },
      metadata: { bytecodeHash: "none", appendCBOR: false },
    });
  });

  it("fails, and goes on with the others, where an explorer's key is missing", async () => {
    const run = await verify("--provider", "etherscan", "sourcify");
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
    expect(run.stderr).to.contain("project/contracts/accounts/SafeSessionHandler.sol:SafeSessionHandler");
    const input = JSON.parse(await readFile(join(folder, "SafeSessionHandler.json"), "utf8"));
    expect(input.language).to.equal("Solidity");
    expect(input.sources).to.include.keys("project/contracts/accounts/SafeSessionHandler.sol");
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
    sourcify.submissions.length = 0;
    await setCode(server.test, { address, bytecode: concat([slice(runtimeCode, 0, -1), "0xee"]) });
    const otherCode = await verify("--provider", "sourcify");
    expect(otherCode.code).to.equal(1);
    expect(JSON.parse(otherCode.stdout).contracts[0].faults[0]).to.contain(
      "is not what its sources compile to",
    );

    await setCode(server.test, { address, bytecode: runtimeCode });
    const copy = structuredClone(record);
    copy.contracts.SafeSessionHandler = { ...handler(), codeHash: keccak256("0x") };
    await writeRecord(out, copy);
    const otherRecord = await verify("--provider", "sourcify");
    expect(otherRecord.code).to.equal(1);
    expect(JSON.parse(otherRecord.stdout).contracts[0].faults).to.deep.equal([
      "its recorded code hash is another",
    ]);
    expect(sourcify.submissions).to.deep.equal([]);
  });
});
