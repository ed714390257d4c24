import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { keccak256, toHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { getTransactionCount, mine, setAutomine } from "viem/actions";
import { readCompiledContracts } from "../../scripts/deploy/CompiledContract.ts";
import { makeVersionFile, versionFilePath } from "../../scripts/deploy/VersionFile.ts";
import { writeJson } from "../../scripts/deploy/writeJson.ts";
import { type ChainOptions, CONTRACTS, newFolder, newServer, removeFolders } from "./deployChain.ts";
import { type Run, runCommand, setInKeystore } from "./runCommand.ts";

/** A chain behind HTTP with the id of Base, and the command to deploy on it. */
async function open(options?: ChainOptions) {
  const server = await newServer("simulatedBase", options);
  const [out, config] = await Promise.all([newFolder(), newFolder()]);
  servers.push(server.close);
  const env = { BASE_RPC_URL: server.url, LATCHKEY_DEPLOYER_KEY: server.key };
  const run = (...args: string[]) => runCommand("deploy", [...args, "--out", out], { env, config });
  const nonce = () => getTransactionCount(server.test, { address: privateKeyToAccount(server.key).address });
  return { ...server, out, config, run, nonce };
}
const servers: (() => Promise<unknown>)[] = [];

const lastLine = ({ stdout }: Run) => JSON.parse(stdout.trimEnd().split("\n").at(-1) as string);

describe("npm run deploy", function () {
  this.timeout(180_000);
  after(async () => {
    await Promise.all(servers.map((close) => close()));
    await removeFolders();
  });

  it("prints the cost, then a line per contract, and the second time that they are already deployed", async () => {
    const chain = await open();
    const first = await chain.run("--network", "base");
    expect(first.code, first.stderr).to.equal(0);
    const waits = first.stderr.trimEnd().split("\n");
    expect(waits.map((line) => line.replace(/0x\w{64}/, "…"))).to.deep.equal(
      CONTRACTS.map((name, nonce) => `${name}: waiting for transaction … (nonce ${nonce})`),
    );
    const lines = first.stdout.trimEnd().split("\n");
    const cost = lines.findIndex((line) => /cost: up to 0\.\d+ \(\d+ gas at [\d.]+ gwei\)/.test(line));
    const progress = CONTRACTS.map((name) =>
      lines.findIndex((line) =>
        new RegExp(`^${name} 0x\\w{40} deployed in 0x\\w{64}, block \\d+$`).test(line),
      ),
    );
    expect([cost, ...progress]).to.deep.equal([cost, ...CONTRACTS.map((_, index) => cost + 1 + index)]);
    expect(await readdir(chain.out)).to.deep.equal(["8453.json"]);

    const nonce = await chain.nonce();
    const second = await chain.run("--network", "base");
    expect(second.code, second.stderr).to.equal(0);
    expect(second.stdout.match(/already exists$/gm)).to.have.length(CONTRACTS.length);
    expect(second.stdout).to.contain("nothing to deploy, no cost");
    expect(second.stderr).to.equal("");
    expect(await chain.nonce()).to.equal(nonce);
  });

  it("sends nothing in a dry run, and prints what would be done and its cost", async () => {
    const chain = await open();
    const run = await chain.run("--network", "base", "--dry-run");
    expect(run.code, run.stderr).to.equal(0);
    expect(run.stdout)
      .to.match(/cost: up to 0\.\d+/)
      .and.to.contain("nothing was sent");
    expect(run.stdout.match(/to deploy, up to \d+ gas$/gm)).to.have.length(CONTRACTS.length);
    const json = lastLine(await chain.run("--network", "base", "--dry-run", "--json"));
    expect(json.dryRun).to.equal(true);
    expect(BigInt(json.cost) > 0n).to.equal(true);
    expect(json.contracts.map(({ state }: { state: string }) => state)).to.deep.equal(
      CONTRACTS.map(() => "missing"),
    );
    expect(await chain.nonce()).to.equal(0);
    expect(await readdir(chain.out)).to.deep.equal([]);
  });

  it("prints one line of JSON, and everything else on the error output", async () => {
    const chain = await open();
    const run = await chain.run("--network", "base", "--json", "--yes");
    expect(run.code, run.stderr).to.equal(0);
    expect(run.stdout.trimEnd().split("\n")).to.have.length(1);
    expect(run.stderr.match(/ deployed in /g)).to.have.length(CONTRACTS.length);
    const json = JSON.parse(run.stdout);
    expect(json).to.include({ chainId: 8453, factory: "safe", dryRun: false });
    const record = JSON.parse(await readFile(join(chain.out, "8453.json"), "utf8"));
    for (const { name, isNew, ...deployment } of json.contracts) {
      expect(isNew).to.equal(true);
      expect(deployment).to.deep.equal(record.contracts[name]);
    }
    expect(json.contracts.map(({ name }: { name: string }) => name)).to.deep.equal(CONTRACTS);
  });

  it("deploys on any chain by its RPC URL", async () => {
    const chain = await open();
    const run = await chain.run("--rpc-url", chain.url);
    expect(run.code, run.stderr).to.equal(0);
    expect(await chain.nonce()).to.equal(CONTRACTS.length);
  });

  it("refuses an RPC URL that is of another chain than the network's", async () => {
    const chain = await open();
    for (const run of [
      await chain.run("--network", "optimism", "--rpc-url", chain.url),
      await runCommand("deploy", ["--network", "optimism", "--out", chain.out], {
        config: chain.config,
        env: { OPTIMISM_RPC_URL: chain.url, LATCHKEY_DEPLOYER_KEY: chain.key },
      }),
    ]) {
      expect(run.code).to.equal(1);
      expect(run.stderr).to.contain("The RPC URL is for chain 8453, but chain 10 was requested");
    }
    expect(await chain.nonce()).to.equal(0);
  });

  it("ends with 1, a sentence and a code where the factory is missing", async () => {
    const chain = await open({ factories: {} });
    const run = await chain.run("--network", "base", "--json");
    expect(run.code).to.equal(1);
    expect(run.stderr).to.match(/^Chain 8453 has no Safe singleton factory/m);
    expect(lastLine(run).error.code).to.equal("NO_FACTORY");
  });

  it("ends with 3 while a transaction is not mined, and finishes when it is run again", async () => {
    const chain = await open();
    await setAutomine(chain.test, false);
    const first = await chain.run("--network", "base", "--timeout", "1");
    expect(first.code, first.stderr).to.equal(3);
    expect(first.stderr).to.contain("Run this again");
    expect((await readdir(chain.out)).sort()).to.deep.equal(["8453.pending.json"]);
    await mine(chain.test, { blocks: 1 });
    await setAutomine(chain.test, true);
    const second = await chain.run("--network", "base");
    expect(second.code, second.stderr).to.equal(0);
    expect(second.stderr).to.match(/^SafeSessionModule: waiting for transaction 0x\w{64} \(nonce 0\)\n/);
    expect(await chain.nonce()).to.equal(CONTRACTS.length);
    expect(await readdir(chain.out)).to.deep.equal(["8453.json"]);
  });

  it("resumes after being killed, and sends no transaction twice", async () => {
    const chain = await open();
    await setAutomine(chain.test, false);
    const killed = await runCommand("deploy", ["--network", "base", "--out", chain.out], {
      config: chain.config,
      env: { BASE_RPC_URL: chain.url, LATCHKEY_DEPLOYER_KEY: chain.key },
      killAfter: /SafeSessionModule: waiting/,
    });
    expect(killed.code).to.equal(null);
    expect(await readdir(chain.out)).to.deep.equal(["8453.pending.json"]);
    await setAutomine(chain.test, true);
    const second = await chain.run("--network", "base");
    expect(second.code, second.stderr).to.equal(0);
    expect(await chain.nonce()).to.equal(CONTRACTS.length);
    expect(await readdir(chain.out)).to.deep.equal(["8453.json"]);
  });

  it("refuses a build that is not what was released under this version", async () => {
    const chain = await open();
    const [releases, [contract], version] = await Promise.all([
      newFolder(),
      readCompiledContracts(),
      readFile(new URL("../../package.json", import.meta.url), "utf8").then(
        (text) => JSON.parse(text).version,
      ),
    ]);
    if (!contract) return expect.fail("nothing is compiled");
    const file = await makeVersionFile(releases, version, contract, true);
    const path = versionFilePath(releases, version, contract.name);
    await writeJson(path, { ...file, initCodeHash: keccak256(toHex("other")) });
    const refused = await chain.run("--network", "base", "--releases", releases, "--json");
    expect(refused.code).to.equal(1);
    expect(lastLine(refused).error.code).to.equal("NOT_RELEASED_CODE");
    expect(refused.stderr).to.contain(file.initCodeHash).and.to.contain(`check out the tag v${version}`);
    expect(await chain.nonce()).to.equal(0);

    await writeJson(path, file);
    const accepted = await chain.run("--network", "base", "--releases", releases);
    expect(accepted.code, accepted.stderr).to.equal(0);
  });

  it("lists the chain in the version's files once deployed", async () => {
    const chain = await open();
    const contracts = await readCompiledContracts();
    const version = "0.1.0";
    for (const contract of contracts)
      await writeJson(
        versionFilePath(chain.out, version, contract.name),
        await makeVersionFile(chain.out, version, contract, false),
      );
    await chain.run("--network", "base");
    for (const { name } of contracts) {
      const { networkAddresses, released } = JSON.parse(
        await readFile(versionFilePath(chain.out, version, name), "utf8"),
      );
      expect({ networkAddresses, released }).to.deep.equal({
        networkAddresses: { 8453: "canonical" },
        released: false,
      });
    }
  });

  it("never prints the key or the RPC URL, which may hold an API key", async () => {
    const chain = await open();
    const dead = "http://127.0.0.1:1/secret-path";
    const runs = [
      await chain.run("--network", "base", "--json"),
      await chain.run("--rpc-url", dead, "--json"),
      await runCommand("deploy", ["--network", "base", "--out", chain.out], {
        config: chain.config,
        env: { BASE_RPC_URL: dead, LATCHKEY_DEPLOYER_KEY: `${chain.key}00` },
      }),
    ];
    expect(runs.map(({ code }) => code)).to.deep.equal([0, 3, 2]);
    for (const { stdout, stderr } of runs)
      expect(stdout + stderr)
        .not.to.contain(chain.key.slice(2))
        .and.not.to.contain("secret-path");
  });

  it("ends with 3 and says why where a node does not answer", async () => {
    const refusing = createServer((_, response) => response.writeHead(401).end("no such key"));
    await new Promise<void>((done) => refusing.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/secret-path`;
    const config = await newFolder();
    const run = () =>
      runCommand("deploy", ["--rpc-url", url], {
        config,
        env: { LATCHKEY_DEPLOYER_KEY: generatePrivateKey() },
      });
    const refused = await run();
    await new Promise((done) => refusing.close(done));
    const closed = await run();
    for (const [{ code, stderr }, why] of [
      [refused, "HTTP status 401"],
      [closed, "ECONNREFUSED"],
    ] as const) {
      expect(code).to.equal(3);
      expect(stderr).to.contain(`The node did not respond (${why}). Check the RPC URL, or run this again.`);
      expect(stderr).not.to.contain("secret-path");
    }
  });

  describe("ends with 2 and says what to do", () => {
    const key = { LATCHKEY_DEPLOYER_KEY: generatePrivateKey() };
    const url = { BASE_RPC_URL: "http://127.0.0.1:1" };
    for (const { what, args, env, says } of [
      { what: "without a chain", args: [], env: key, says: /--network NAME or --rpc-url URL/ },
      {
        what: "with a network that is not configured",
        args: ["--network", "simulatedBase"],
        env: key,
        says: /no network simulatedBase\. Use --network with one of mainnet, sepolia, base, /,
      },
      {
        what: "without the network's RPC URL",
        args: ["--network", "base"],
        env: key,
        says: /npx hardhat keystore set BASE_RPC_URL`, or set BASE_RPC_URL in the environment/,
      },
      {
        what: "without a key",
        args: ["--network", "base"],
        env: url,
        says: /npx hardhat keystore set LATCHKEY_DEPLOYER_KEY`, or set LATCHKEY_DEPLOYER_KEY in the environment/,
      },
      {
        what: "with a key that is too short",
        args: ["--network", "base"],
        env: { ...url, LATCHKEY_DEPLOYER_KEY: "0x1234" },
        says: /must be 0x and 64 hex characters/,
      },
      {
        what: "with a key outside the curve",
        args: ["--network", "base"],
        env: { ...url, LATCHKEY_DEPLOYER_KEY: `0x${"f".repeat(64)}` },
        says: /is not a valid secp256k1 private key/,
      },
      {
        what: "with an unknown option",
        args: ["--force"],
        env: key,
        says: /^error: unknown option '--force' \(see --help\)$/m,
      },
      {
        what: "with an unknown factory",
        args: ["--factory", "createx"],
        env: key,
        says: /Allowed choices are safe, arachnid/,
      },
      {
        what: "with an invalid timeout",
        args: ["--timeout", "soon"],
        env: key,
        says: /number of seconds/,
      },
    ])
      it(what, async () => {
        const run = await runCommand("deploy", args, { env, config: await newFolder() });
        expect(run.code, run.stderr).to.equal(2);
        expect(run.stderr).to.match(says);
      });
  });

  it("takes RPC URL and key from Hardhat's keystore", async () => {
    const chain = await open();
    const config = await newFolder();
    await setInKeystore("BASE_RPC_URL", chain.url, config);
    await setInKeystore("LATCHKEY_DEPLOYER_KEY", chain.key, config);
    const run = await runCommand("deploy", ["--network", "base", "--out", chain.out], { config });
    expect(run.code, run.stderr).to.equal(0);
    expect(await chain.nonce()).to.equal(CONTRACTS.length);
  });
});
