import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { network } from "hardhat";
import {
  concat,
  createWalletClient,
  custom,
  getContractAddress,
  type Hex,
  keccak256,
  numberToHex,
  parseEther,
  size,
  slice,
  stringToHex,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { call, getBalance, getCode, getTransactionCount, setBalance, setCode } from "viem/actions";
import { safeSessionModuleAddress } from "../../packages/sdk/src/safeSessionModuleAddress.ts";
import {
  DeployError,
  type DeployRefusal,
  deploy,
  deploymentAddress,
  deploymentSalt,
  readCompiledContracts,
  safeSingletonFactory,
  safeSingletonFactoryCode,
} from "../../scripts/deploy.ts";

/** A new chain, and on it a deployer with some ether of its own. */
async function setUp({
  factory = safeSingletonFactoryCode,
  ether = "10",
}: {
  factory?: Hex;
  ether?: string;
} = {}) {
  const { viem, provider } = await network.create("default");
  const test = await viem.getTestClient();
  const account = privateKeyToAccount(generatePrivateKey());
  const client = createWalletClient({
    account,
    chain: test.chain,
    transport: custom(provider),
    pollingInterval: 10,
  });
  await setCode(test, { address: safeSingletonFactory, bytecode: factory });
  await setBalance(test, { address: account.address, value: parseEther(ether) });
  const folder = await mkdtemp(join(tmpdir(), "latchkey-deploy-"));
  folders.push(folder);
  const record = async () => JSON.parse(await readFile(join(folder, "31337.json"), "utf8"));
  return { client, test, folder, record };
}
const folders: string[] = [];

/** The refusal that a deployment ends with. */
async function refusalOf(deployment: Promise<unknown>): Promise<{ code: DeployRefusal; message: string }> {
  try {
    await deployment;
  } catch (error) {
    if (error instanceof DeployError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("scripts/deploy", () => {
  after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  describe("the Safe singleton factory", () => {
    it("is 69 bytes that create by CREATE2 and answer with the address", async () => {
      const { client } = await setUp();
      expect(size(safeSingletonFactoryCode)).to.equal(69);
      const [contract] = await readCompiledContracts();
      const initCode = contract?.initCode ?? "0x";
      const salt = keccak256(stringToHex("any"));
      const { data } = await call(client, { to: safeSingletonFactory, data: concat([salt, initCode]) });
      const address = getContractAddress({
        opcode: "CREATE2",
        from: safeSingletonFactory,
        salt,
        bytecode: initCode,
      });
      expect(data).to.equal(address.toLowerCase());
    });
  });

  describe("on a fresh chain", () => {
    it("puts every contract at its CREATE2 address, with the code that the compiler made", async () => {
      const { client } = await setUp();
      const contracts = await readCompiledContracts();
      const results = await deploy({ client });
      expect(results.map(({ name }) => name)).to.deep.equal(["SafeSessionModule", "SafeSessionHandler"]);
      for (const [index, { address, codeHash, initCodeHash, isNew }] of results.entries()) {
        const { initCode, runtimeCode, immutables } = contracts[index] ?? expect.fail();
        const code = (await getCode(client, { address })) ?? "0x";
        expect(isNew).to.equal(true);
        expect(address).to.equal(
          getContractAddress({
            opcode: "CREATE2",
            from: safeSingletonFactory,
            salt: deploymentSalt,
            bytecode: initCode,
          }),
        );
        expect(size(code)).to.equal(size(runtimeCode));
        if (immutables.length === 0) expect(code).to.equal(runtimeCode);
        expect(codeHash).to.equal(keccak256(code));
        expect(initCodeHash).to.equal(keccak256(initCode));
      }
    });

    it("gives the same addresses on another chain, from another deployer", async () => {
      const [first, second] = await Promise.all([setUp(), setUp()]);
      const addresses = async (client: typeof first.client) =>
        (await deploy({ client })).map(({ address }) => address);
      expect(first.client.account.address).not.to.equal(second.client.account.address);
      expect(await addresses(first.client)).to.deep.equal(await addresses(second.client));
    });

    it("puts the module where the SDK looks for it", async () => {
      const { client } = await setUp();
      const [module] = await deploy({ client });
      expect(module?.address).to.equal(await safeSessionModuleAddress());
    });

    it("records address, hashes, salt, factory, transaction, block, compiler and contract", async () => {
      const { client, folder, record } = await setUp();
      const results = await deploy({ client, folder });
      const { chainId, contracts } = await record();
      expect(chainId).to.equal(31337);
      expect(Object.keys(contracts)).to.deep.equal(results.map(({ name }) => name));
      for (const { name, isNew: _, ...deployment } of results) {
        expect(contracts[name]).to.deep.equal(deployment);
        expect(deployment.contract).to.equal(`contracts/accounts/${name}.sol:${name}`);
        expect(deployment.transaction).to.match(/^0x[0-9a-f]{64}$/);
        expect(deployment.block).to.be.greaterThan(0);
        expect(deployment.compiler).to.deep.include({
          evmVersion: "cancun",
          viaIR: true,
          optimizerRuns: 10_000,
        });
        expect(deployment.compiler.version).to.match(/^0\.8\.35\+commit\./);
      }
    });
  });

  describe("a second time", () => {
    it("sends nothing, even without a balance, and keeps what is on record", async () => {
      const { client, test, folder, record } = await setUp();
      await deploy({ client, folder });
      const before = await record();
      const nonce = await getTransactionCount(client, { address: client.account.address });
      await setBalance(test, { address: client.account.address, value: 0n });
      const results = await deploy({ client, folder });
      expect(results.map(({ isNew }) => isNew)).to.deep.equal([false, false]);
      expect(await getTransactionCount(client, { address: client.account.address })).to.equal(nonce);
      expect(await record()).to.deep.equal(before);
    });

    it("records null for the transaction of a contract that somebody else deployed", async () => {
      const { client, folder, record } = await setUp();
      await deploy({ client });
      await deploy({ client, folder });
      for (const deployment of Object.values<{ transaction: null; block: null }>(
        (await record()).contracts,
      )) {
        expect(deployment.transaction).to.equal(null);
        expect(deployment.block).to.equal(null);
      }
    });

    it("deploys only what is missing", async () => {
      const { client, folder, record } = await setUp();
      const contracts = await readCompiledContracts();
      await deploy({ client, contracts: contracts.slice(0, 1), folder });
      const first = (await record()).contracts.SafeSessionModule;
      const results = await deploy({ client, contracts, folder });
      expect(results.map(({ isNew }) => isNew)).to.deep.equal([false, true]);
      expect((await record()).contracts.SafeSessionModule).to.deep.equal(first);
    });
  });

  describe("refuses, and sends nothing,", () => {
    /** Refused, with this code and a message that has this in it, and without a transaction or a record. */
    async function expectRefused(
      { client, folder }: Awaited<ReturnType<typeof setUp>>,
      code: DeployRefusal,
      message: RegExp,
    ) {
      const refusal = await refusalOf(deploy({ client, folder }));
      expect(refusal.code).to.equal(code);
      expect(refusal.message).to.match(message);
      expect(await getTransactionCount(client, { address: client.account.address })).to.equal(0);
      expect(await readdir(folder)).to.deep.equal([]);
    }

    it("where the factory is missing", async () => {
      await expectRefused(
        await setUp({ factory: "0x" }),
        "NO_FACTORY",
        /Chain 31337 has no Safe singleton factory/,
      );
    });

    it("where something else is in the factory's place", async () => {
      const factory = concat([slice(safeSingletonFactoryCode, 0, 68), "0xf4"]);
      await expectRefused(await setUp({ factory }), "WRONG_FACTORY", /is not the Safe singleton factory/);
    });

    it("from an account without any ether", async () => {
      const chain = await setUp({ ether: "0" });
      expect(await getBalance(chain.client, { address: chain.client.account.address })).to.equal(0n);
      await expectRefused(chain, "NO_BALANCE", /has 0 of chain 31337's coin and needs some/);
    });

    it("from an account that could pay for a part of it only", async () => {
      await expectRefused(
        await setUp({ ether: "0.000001" }),
        "NO_BALANCE",
        /up to 0\.\d+ for SafeSessionModule and/,
      );
    });

    it("where other code is at any of the addresses", async () => {
      const chain = await setUp();
      const [, last] = await readCompiledContracts();
      const { initCode, runtimeCode } = last ?? expect.fail();
      const tail = Number(slice(runtimeCode, -1)) ^ 1;
      await setCode(chain.test, {
        address: deploymentAddress(initCode),
        bytecode: concat([slice(runtimeCode, 0, -1), numberToHex(tail, { size: 1 })]),
      });
      await expectRefused(chain, "WRONG_CODE", /Other code than SafeSessionHandler's is at/);
    });
  });

  it("lets the constructor fill in immutables, and no other byte", async () => {
    const { client } = await setUp();
    const [contract] = await readCompiledContracts();
    // Creation code that leaves the three bytes 60 aa 00.
    const initCode = "0x6260aa0060e81b5f5260035ff3";
    const compiled = { ...(contract ?? expect.fail()), initCode, runtimeCode: "0x600000" } as const;
    const [result] = await deploy({
      client,
      contracts: [{ ...compiled, immutables: [{ start: 1, length: 1 }] }],
    });
    expect(result?.codeHash).to.equal(keccak256("0x60aa00"));
    for (const immutables of [[], [{ start: 0, length: 1 }], [{ start: 2, length: 1 }]])
      expect((await refusalOf(deploy({ client, contracts: [{ ...compiled, immutables }] }))).code).to.equal(
        "WRONG_CODE",
      );
  });

  it("refuses to write over a record of another chain", async () => {
    const { client, folder } = await setUp();
    await writeFile(join(folder, "31337.json"), JSON.stringify({ chainId: 1, contracts: {} }));
    expect((await refusalOf(deploy({ client, folder }))).code).to.equal("BAD_RECORD");
  });

  describe("the command", () => {
    const script = join(import.meta.dirname, "../../scripts/deploy.ts");

    /** Runs the command as npm does. */
    async function command(args: readonly string[], key: Hex | undefined) {
      const { LATCHKEY_DEPLOYER_KEY: _, LATCHKEY_RPC_URL: __, NODE_OPTIONS: ___, ...env } = process.env;
      const options = { env: key ? { ...env, LATCHKEY_DEPLOYER_KEY: key } : env };
      try {
        return { code: 0, ...(await promisify(execFile)(process.execPath, [script, ...args], options)) };
      } catch (error) {
        return error as { code: number; stdout: string; stderr: string };
      }
    }

    it("prints a line a contract, says so when they are there already, and prints JSON", async function () {
      this.timeout(60_000);
      const server = await network.createServer("default", "127.0.0.1", 0);
      const { address, port } = await server.listen();
      const folder = await mkdtemp(join(tmpdir(), "latchkey-deploy-"));
      folders.push(folder);
      const url = `http://${address}:${port}`;
      const request = (method: string, params: unknown[]) =>
        fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
        });
      try {
        const key = generatePrivateKey();
        const args = ["--rpc-url", url, "--out", folder];
        await request("hardhat_setBalance", [
          privateKeyToAccount(key).address,
          numberToHex(parseEther("10")),
        ]);

        const refused = await command(args, key);
        expect(refused.code).to.equal(1);
        expect(refused.stderr).to.match(/^Chain 31337 has no Safe singleton factory/);

        await request("hardhat_setCode", [safeSingletonFactory, safeSingletonFactoryCode]);
        const first = await command(args, key);
        expect(first.stderr).to.equal("");
        expect(first.stdout).to.match(
          /^SafeSessionModule 0x\w{40} deployed in 0x\w{64}, block \d+\nSafeSessionHandler 0x\w{40} deployed in 0x\w{64}, block \d+\n$/,
        );
        expect(await readdir(folder)).to.deep.equal(["31337.json"]);

        const second = await command(args, key);
        expect(second.code).to.equal(0);
        expect(second.stdout.match(/was there already/g)).to.have.length(2);

        const json = JSON.parse((await command([...args, "--json"], key)).stdout);
        expect(json.chainId).to.equal(31337);
        expect(json.contracts.map(({ name }: { name: string }) => name)).to.deep.equal([
          "SafeSessionModule",
          "SafeSessionHandler",
        ]);
        for (const { stdout, stderr } of [refused, first, second])
          expect(stdout + stderr).not.to.contain(key.slice(2));
      } finally {
        await server.close();
      }
    });

    it("ends with 2 and its usage when the key, the URL or an option is wrong", async () => {
      const url = ["--rpc-url", "http://127.0.0.1:1"];
      for (const run of [
        await command(url, undefined),
        await command(url, "0x1234"),
        await command([], generatePrivateKey()),
        await command([...url, "--force"], generatePrivateKey()),
      ]) {
        expect(run.code).to.equal(2);
        expect(run.stderr).to.contain("Usage: ");
      }
    });

    it("ends with 1 and does not repeat the URL, which may hold an API key, when nobody answers", async () => {
      const run = await command(["--rpc-url", "http://127.0.0.1:1/secret-path"], generatePrivateKey());
      expect(run.code).to.equal(1);
      expect(run.stderr).not.to.equal("");
      expect(run.stdout + run.stderr).not.to.contain("secret-path");
    });
  });
});
