import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { createWalletClient, custom, type Hash, type Hex, keccak256, numberToHex, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import {
  getBlock,
  getCode,
  getTransactionCount,
  mine,
  sendTransaction,
  setAutomine,
  setBalance,
} from "viem/actions";
import type { PendingCreation } from "../../scripts/deploy/Journal.ts";
import { planDeployment } from "../../scripts/deploy/planDeployment.ts";
import { CONTRACTS, deployAll, newChain, refusalOf, removeFolders } from "./deployChain.ts";

type Chain = Awaited<ReturnType<typeof newChain>>;

const journalName = "31337.pending.json";
const journalOf = async ({ folder }: Chain): Promise<PendingCreation[]> =>
  JSON.parse(await readFile(join(folder, journalName), "utf8"));
const nonceOf = ({ client }: Chain) => getTransactionCount(client, { address: client.account.address });

/** Every transaction that the node is sent from now on, by hash, as often as it is sent. */
function recordSent(chain: Chain): Hash[] {
  const sent: Hash[] = [];
  chain.tamperWith(({ method, params }, pass) => {
    if (method === "eth_sendRawTransaction") sent.push(keccak256((params as [Hex])[0]));
    return pass();
  });
  return sent;
}

/** As if the process were killed: no request gets through any more, from the n-th transaction on. */
function killAt(chain: Chain, transaction: number, when: "before" | "after") {
  let count = 0;
  let isDead = false;
  chain.tamperWith(async ({ method }, pass) => {
    if (isDead) throw new Error("killed");
    if (method !== "eth_sendRawTransaction" || ++count < transaction) return pass();
    isDead = true;
    if (when === "after") await pass();
    throw new Error("killed");
  });
}

/** Runs a deployment that is killed. */
async function runKilled(chain: Chain) {
  const outcome = await deployAll(chain, { timeout: 500 }).then(
    () => "finished",
    (error: Error) => error.message,
  );
  expect(outcome).to.contain("killed");
}

/** Everything is there, created by one transaction each, and recorded so. */
async function expectComplete(chain: Chain, nonce = CONTRACTS.length) {
  const { contracts } = await chain.record();
  expect(Object.keys(contracts)).to.deep.equal(CONTRACTS);
  for (const { address, transaction, block } of Object.values(contracts)) {
    expect(await getCode(chain.client, { address })).to.match(/^0x\w{1000}/);
    const { transactions } = await getBlock(chain.client, { blockNumber: BigInt(block ?? expect.fail()) });
    expect(transactions).to.contain(transaction);
  }
  expect(await nonceOf(chain)).to.equal(nonce);
  expect(await readdir(chain.folder)).to.deep.equal(["31337.json"]);
}

describe("a deployment that was interrupted", function () {
  this.timeout(30_000);
  after(removeFolders);

  for (const [count, name] of CONTRACTS.entries())
    describe(`at ${name}`, () => {
      it("resumes with the same transaction if interrupted before the node got it", async () => {
        const chain = await newChain();
        killAt(chain, count + 1, "before");
        await runKilled(chain);
        const sent = recordSent(chain);
        const [pending] = await journalOf(chain);
        expect(pending?.name).to.equal(name);
        expect(await nonceOf(chain)).to.equal(count);
        await deployAll(chain);
        expect(sent[0]).to.equal(pending?.transaction);
        expect(sent).to.have.length(CONTRACTS.length - count);
        await expectComplete(chain);
      });

      it("sends nothing twice if interrupted between sending and receipt", async () => {
        const chain = await newChain();
        killAt(chain, count + 1, "after");
        await runKilled(chain);
        const sent = recordSent(chain);
        const [pending] = await journalOf(chain);
        expect(await nonceOf(chain)).to.equal(count + 1);
        await deployAll(chain);
        expect(sent).not.to.contain(pending?.transaction);
        expect(sent).to.have.length(CONTRACTS.length - 1 - count);
        await expectComplete(chain);
        expect((await chain.record()).contracts[name]?.transaction).to.equal(pending?.transaction);
      });
    });

  it("wrote the transaction down before it was sent", async () => {
    const chain = await newChain();
    const known: boolean[] = [];
    chain.tamperWith(async ({ method, params }, pass) => {
      if (method === "eth_sendRawTransaction") {
        const entries = await journalOf(chain);
        known.push(entries.some(({ signed }) => signed === (params as [Hex])[0]));
      }
      return pass();
    });
    await deployAll(chain);
    expect(known).to.deep.equal(CONTRACTS.map(() => true));
  });

  it("waits for a transaction that is not mined yet, in every later run, and sends no other", async () => {
    const chain = await newChain();
    const sent = recordSent(chain);
    await setAutomine(chain.test, false);
    for (let run = 0; run < 3; run++) {
      const refusal = await refusalOf(deployAll(chain, { timeout: 200 }));
      expect(refusal.code).to.equal("NOT_MINED");
      expect(refusal.message).to.contain(sent[0]);
    }
    expect(new Set(sent).size).to.equal(1);
    await mine(chain.test, { blocks: 1 });
    await setAutomine(chain.test, true);
    const results = await deployAll(chain);
    expect(results[0]?.transaction).to.equal(sent[0]);
    expect(new Set(sent).size).to.equal(CONTRACTS.length);
    await expectComplete(chain);
  });

  it("is looked at by a dry run without anything being sent", async () => {
    const chain = await newChain();
    await setAutomine(chain.test, false);
    await refusalOf(deployAll(chain, { timeout: 200 }));
    const sent = recordSent(chain);
    const plan = await planDeployment(chain);
    expect(plan.steps.map(({ state }) => state)).to.deep.equal(["pending", "missing", "missing", "missing"]);
    expect(sent).to.deep.equal([]);
    expect(await journalOf(chain)).to.have.length(1);
  });

  it("starts afresh with a transaction whose nonce was used for another one", async () => {
    const chain = await newChain();
    killAt(chain, 1, "before");
    await runKilled(chain);
    const sent = recordSent(chain);
    const [pending] = await journalOf(chain);
    const { account } = chain.client;
    await sendTransaction(chain.client, { account, chain: null, to: account.address, value: 1n });
    sent.length = 0;
    await deployAll(chain);
    expect(sent).to.have.length(CONTRACTS.length).and.not.to.contain(pending?.transaction);
    await expectComplete(chain, CONTRACTS.length + 1);
  });

  it("does not send next to an unknown pending transaction", async () => {
    const chain = await newChain();
    await setAutomine(chain.test, false);
    await refusalOf(deployAll(chain, { timeout: 200 }));
    await rm(join(chain.folder, journalName));
    const sent = recordSent(chain);
    const refusal = await refusalOf(deployAll(chain));
    expect(refusal.code).to.equal("UNKNOWN_PENDING");
    expect(refusal.message).to.contain("nonce 0");
    expect(sent).to.deep.equal([]);
  });

  it("accepts a contract that someone else created first", async () => {
    const chain = await newChain();
    const other = privateKeyToAccount(generatePrivateKey());
    await setBalance(chain.test, { address: other.address, value: parseEther("10") });
    const rival = createWalletClient({
      account: other,
      transport: custom(chain.test.transport),
      pollingInterval: 10,
    });
    let isFirst = true;
    // The rival comes in between the estimate and the transaction.
    chain.tamperWith(async ({ method }, pass) => {
      if (method === "eth_sendRawTransaction" && isFirst) {
        isFirst = false;
        await deployAll({ client: rival });
      }
      return pass();
    });
    const results = await deployAll(chain);
    expect(results.map(({ isNew, transaction }) => ({ isNew, transaction }))).to.deep.equal(
      CONTRACTS.map(() => ({ isNew: false, transaction: null })),
    );
    expect(await readdir(chain.folder)).to.deep.equal(["31337.json"]);
  });

  for (const { what, gas, code } of [
    { what: "says so when a creation ran out of gas", gas: 1_500_000, code: "REVERTED" },
    { what: "says so when the node refuses a creation", gas: 150_000, code: "NODE" },
  ])
    it(`${what}, and creates it in the next run`, async () => {
      const chain = await newChain();
      chain.tamperWith(async ({ method }, pass) =>
        method === "eth_estimateGas" ? numberToHex(gas) : pass(),
      );
      expect((await refusalOf(deployAll(chain))).code).to.equal(code);
      expect(await readdir(chain.folder)).to.deep.equal([]);
      chain.tamperWith((_, pass) => pass());
      await deployAll(chain);
      await expectComplete(chain, code === "REVERTED" ? CONTRACTS.length + 1 : CONTRACTS.length);
    });

  it("rejects an invalid journal", async () => {
    const chain = await newChain();
    for (const content of ["{", "{}", JSON.stringify([{ signed: "0x12", transaction: keccak256("0x13") }])]) {
      await writeFile(join(chain.folder, journalName), content);
      expect((await refusalOf(deployAll(chain))).code).to.equal("BAD_RECORD");
    }
    expect(await nonceOf(chain)).to.equal(0);
  });
});
