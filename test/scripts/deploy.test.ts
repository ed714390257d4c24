import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import {
  concat,
  getContractAddress,
  type Hex,
  keccak256,
  numberToHex,
  parseEther,
  size,
  slice,
  stringToHex,
  zeroHash,
} from "viem";
import {
  call,
  getBalance,
  getBlockNumber,
  getCode,
  getTransaction,
  getTransactionCount,
  setBalance,
  setCode,
} from "viem/actions";
import { erc7579SessionModuleAddress } from "#sdk/addresses/erc7579SessionModuleAddress.ts";
import { safeSessionModuleAddress } from "#sdk/addresses/safeSessionModuleAddress.ts";
import { readCompiledContracts } from "../../scripts/deploy/CompiledContract.ts";
import type { DeployErrorCode } from "../../scripts/deploy/DeployError.ts";
import { FEE_ORACLES } from "../../scripts/deploy/dataFee.ts";
import { deploymentAddress, FACTORIES, FACTORY_CODE } from "../../scripts/deploy/factories.ts";
import { planDeployment } from "../../scripts/deploy/planDeployment.ts";
import { CONTRACTS, compiled, deployAll, newChain, refusalOf, removeFolders } from "./deployChain.ts";

/** Code that answers every call with one word. */
const answering = (word: bigint): Hex => concat(["0x7f", numberToHex(word, { size: 32 }), "0x5f5260205ff3"]);

describe("deploying", function () {
  this.timeout(30_000);
  after(removeFolders);

  it("uses a factory of 69 bytes that creates by CREATE2 and answers with the address", async () => {
    const { client } = await newChain();
    expect(size(FACTORY_CODE)).to.equal(69);
    const { initCode } = await compiled("SafeSessionHandler");
    const salt = keccak256(stringToHex("any"));
    const from = FACTORIES.safe.address;
    const { data } = await call(client, { to: from, data: concat([salt, initCode]) });
    expect(data).to.equal(
      getContractAddress({ opcode: "CREATE2", from, salt, bytecode: initCode }).toLowerCase(),
    );
  });

  describe("on a fresh chain", () => {
    it("deploys every contract at its CREATE2 address, with the compiled code", async () => {
      const chain = await newChain();
      const results = await deployAll(chain);
      expect(results.map(({ name }) => name)).to.deep.equal(CONTRACTS);
      for (const { name, address, codeHash, initCodeHash, isNew } of results) {
        const { initCode, runtimeCode } = await compiled(name);
        expect(isNew).to.equal(true);
        expect(address).to.equal(
          getContractAddress({
            opcode: "CREATE2",
            from: "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7",
            salt: zeroHash,
            bytecode: initCode,
          }),
        );
        expect(await getCode(chain.client, { address })).to.equal(runtimeCode);
        expect(codeHash).to.equal(keccak256(runtimeCode));
        expect(initCodeHash).to.equal(keccak256(initCode));
      }
    });

    it("sends one transaction a contract, to the factory, without value", async () => {
      const chain = await newChain();
      const before = await getBlockNumber(chain.client);
      await deployAll(chain);
      expect(await getTransactionCount(chain.client, { address: chain.client.account.address })).to.equal(
        CONTRACTS.length,
      );
      expect((await getBlockNumber(chain.client)) - before).to.equal(BigInt(CONTRACTS.length));
      expect(await getBalance(chain.client, { address: FACTORIES.safe.address })).to.equal(0n);
    });

    it("gives the same addresses on another chain, from another deployer", async () => {
      const [first, second] = await Promise.all([newChain(), newChain()]);
      const addresses = async (chain: typeof first) => (await deployAll(chain)).map(({ address }) => address);
      expect(first.client.account.address).not.to.equal(second.client.account.address);
      expect(await addresses(first)).to.deep.equal(await addresses(second));
    });

    it("deploys the modules at the SDK's addresses", async () => {
      const [safe, , erc7579] = await deployAll(await newChain());
      expect(safe?.address).to.equal(safeSessionModuleAddress());
      expect(erc7579?.address).to.equal(erc7579SessionModuleAddress());
    });

    it("costs no more than the plan said, and no less than half of it", async () => {
      const chain = await newChain();
      const { address } = chain.client.account;
      const plan = await planDeployment(chain);
      const before = await getBalance(chain.client, { address });
      expect(plan.balance).to.equal(before);
      await deployAll(chain);
      const paid = before - (await getBalance(chain.client, { address }));
      expect(paid <= plan.cost, `${paid} of ${plan.cost}`).to.equal(true);
      expect(paid * 2n > plan.cost, `${paid} of ${plan.cost}`).to.equal(true);
    });

    it("counts what a rollup charges for the data, for each contract", async () => {
      const chain = await newChain();
      const before = await planDeployment(chain);
      for (const [index, address] of FEE_ORACLES.entries())
        await setCode(chain.test, { address, bytecode: answering(parseEther("1") + BigInt(index)) });
      const plan = await planDeployment(chain);
      expect(plan.cost - plan.gas * plan.fees.price).to.equal(
        BigInt(CONTRACTS.length) * (2n * parseEther("1") + 1n),
      );
      expect(before.cost).to.equal(before.gas * before.fees.price);
    });

    it("deploys on a chain without EIP-1559", async () => {
      const chain = await newChain();
      chain.tamperWith(async ({ method }, pass) => {
        const answer = await pass();
        if (method !== "eth_getBlockByNumber") return answer;
        const { baseFeePerGas: _, ...block } = answer as Record<string, unknown>;
        return block;
      });
      const plan = await planDeployment(chain);
      expect(plan.fees.priorityFee).to.equal(undefined);
      for (const { transaction } of await deployAll(chain)) {
        const hash = transaction ?? expect.fail("nothing was sent");
        expect((await getTransaction(chain.client, { hash })).type).to.equal("legacy");
      }
    });
  });

  describe("a second time", () => {
    it("sends nothing, even without a balance, and keeps what is on record", async () => {
      const chain = await newChain();
      await deployAll(chain);
      const before = await chain.record();
      const { address } = chain.client.account;
      const nonce = await getTransactionCount(chain.client, { address });
      await setBalance(chain.test, { address, value: 0n });
      const results = await deployAll(chain);
      expect(results.map(({ isNew }) => isNew)).to.deep.equal(CONTRACTS.map(() => false));
      expect(await getTransactionCount(chain.client, { address })).to.equal(nonce);
      expect(await chain.record()).to.deep.equal(before);
    });

    it("records null for transaction and block of a contract deployed by someone else", async () => {
      const chain = await newChain();
      await deployAll({ client: chain.client });
      await deployAll(chain);
      const { contracts } = await chain.record();
      expect(Object.keys(contracts)).to.deep.equal(CONTRACTS);
      for (const { transaction, block } of Object.values(contracts))
        expect({ transaction, block }).to.deep.equal({ transaction: null, block: null });
    });

    it("deploys only what is missing", async () => {
      const chain = await newChain();
      const contracts = await readCompiledContracts();
      await deployAll(chain, { contracts: contracts.slice(0, 1) });
      const first = (await chain.record()).contracts.SafeSessionModule;
      const results = await deployAll(chain);
      expect(results.map(({ isNew }) => isNew)).to.deep.equal([false, true, true, true]);
      expect((await chain.record()).contracts.SafeSessionModule).to.deep.equal(first);
      expect(await getTransactionCount(chain.client, { address: chain.client.account.address })).to.equal(
        CONTRACTS.length,
      );
    });
  });

  describe("on a chain that has only the Arachnid proxy", () => {
    const factories = { arachnid: FACTORY_CODE };

    it("fails, and suggests the option", async () => {
      const refusal = await refusalOf(deployAll(await newChain({ factories })));
      expect(refusal.code).to.equal("NO_FACTORY");
      expect(refusal.message).to.contain("--factory arachnid");
    });

    it("does not suggest it if the proxy is missing too", async () => {
      const refusal = await refusalOf(deployAll(await newChain({ factories: {} })));
      expect(refusal.message).not.to.contain("arachnid");
    });

    it("deploys to the second set of addresses when it is asked to", async () => {
      const chain = await newChain({ factories });
      const results = await deployAll(chain, { factory: "arachnid" });
      for (const { name, address, factory } of results) {
        const { initCode, runtimeCode } = await compiled(name);
        expect(factory).to.equal("0x4e59b44847b379578588920cA78FbF26c0B4956C");
        expect(address).to.equal(deploymentAddress(initCode, "arachnid"));
        expect(address).not.to.equal(deploymentAddress(initCode));
        expect(await getCode(chain.client, { address })).to.equal(runtimeCode);
      }
    });

    it("refuses a second set later, when the chain has got the other factory", async () => {
      const chain = await newChain({ factories });
      await deployAll(chain, { factory: "arachnid" });
      await setCode(chain.test, { address: FACTORIES.safe.address, bytecode: FACTORY_CODE });
      expect((await refusalOf(deployAll(chain))).code).to.equal("BAD_RECORD");
    });
  });

  describe("refuses, and sends nothing,", () => {
    /** Refused, with this code and a message that has this in it, and without a transaction or a record. */
    async function expectRefused(
      { client, folder }: Awaited<ReturnType<typeof newChain>>,
      code: DeployErrorCode,
      message: RegExp,
      options: Parameters<typeof deployAll>[1] = {},
    ) {
      const refusal = await refusalOf(deployAll({ client, folder }, options));
      expect(refusal.code).to.equal(code);
      expect(refusal.message).to.match(message);
      expect(await getTransactionCount(client, { address: client.account.address })).to.equal(0);
      expect(await readdir(folder)).to.deep.equal([]);
    }

    it("where both factories are missing", async () => {
      await expectRefused(
        await newChain({ factories: {} }),
        "NO_FACTORY",
        /Chain 31337 has no Safe singleton factory/,
      );
    });

    it("where something else is in the factory's place", async () => {
      const safe = concat([slice(FACTORY_CODE, 0, 68), "0xf4"]);
      await expectRefused(
        await newChain({ factories: { safe } }),
        "WRONG_FACTORY",
        /is not the Safe singleton factory/,
      );
    });

    it("where something else is in the proxy's place", async () => {
      const arachnid = concat([slice(FACTORY_CODE, 0, 68), "0xf4"]);
      await expectRefused(
        await newChain({ factories: { arachnid } }),
        "WRONG_FACTORY",
        /is not the Arachnid proxy/,
        { factory: "arachnid" },
      );
    });

    it("by the proxy, where the Safe singleton factory is", async () => {
      await expectRefused(
        await newChain({ factories: { safe: FACTORY_CODE, arachnid: FACTORY_CODE } }),
        "NEEDLESS_FACTORY",
        /Omit --factory/,
        { factory: "arachnid" },
      );
    });

    it("on a chain with another id than the one that was asked for", async () => {
      await expectRefused(await newChain(), "WRONG_CHAIN", /for chain 31337, but chain 8453 was requested/, {
        chainId: 8453,
      });
    });

    it("on a chain that does not know cancun", async () => {
      await expectRefused(
        await newChain({ hardfork: "shanghai" }),
        "OLD_EVM",
        /does not support EVM version cancun/,
      );
    });

    it("from an account without any coin", async () => {
      const chain = await newChain({ ether: "0" });
      expect(await getBalance(chain.client, { address: chain.client.account.address })).to.equal(0n);
      await expectRefused(chain, "NO_BALANCE", /has 0 native coin on chain 31337 and needs up to 0\.\d+/);
    });

    it("from an account that is one wei short for all four, and not from one that has just enough", async () => {
      const chain = await newChain();
      const { address } = chain.client.account;
      const { cost } = await planDeployment(chain);
      await setBalance(chain.test, { address, value: cost - 1n });
      await expectRefused(
        chain,
        "NO_BALANCE",
        /for SafeSessionModule, SafeSessionHandler, ERC7579SessionModule, SessionLens\. Fund it/,
      );
      await setBalance(chain.test, { address, value: cost });
      expect((await deployAll(chain)).every(({ isNew }) => isNew)).to.equal(true);
    });

    for (const name of CONTRACTS)
      it(`where other code is at the address of ${name}`, async () => {
        const chain = await newChain();
        const { initCode, runtimeCode } = await compiled(name);
        const tail = Number(slice(runtimeCode, -1)) ^ 1;
        await setCode(chain.test, {
          address: deploymentAddress(initCode),
          bytecode: concat([slice(runtimeCode, 0, -1), numberToHex(tail, { size: 1 })]),
        });
        await expectRefused(chain, "WRONG_CODE", new RegExp(`The code at 0x[0-9a-fA-F]+ is not ${name}'s`));
      });
  });

  it("refuses to write over a record of another chain", async () => {
    const chain = await newChain();
    await writeFile(join(chain.folder, "31337.json"), JSON.stringify({ chainId: 1, contracts: {} }));
    expect((await refusalOf(deployAll(chain))).code).to.equal("BAD_RECORD");
  });
});
