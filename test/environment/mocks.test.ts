import { deployMock, type Mock } from "@latchkey/accounts/deployMock";
import { openTestChain, RELAYER } from "@latchkey/devchain";
import { expect } from "chai";
import { network } from "hardhat";
import { getAddress, parseEther } from "viem";
import { refusal } from "./refusal.ts";

const RECIPIENT = getAddress(`0x${"a1".repeat(20)}`);

describe("the mocks of the tests", () => {
  const me = RELAYER;
  let deploy: (name: string) => Promise<Mock>;

  before(async () => {
    const { provider } = await network.create("default");
    const testChain = await openTestChain(provider);
    deploy = (name) => deployMock(testChain, name);
  });

  it("a token like USDT moves money and returns nothing, or reverts", async () => {
    const token = await deploy("NoReturnToken");
    await token.write("mint", [me, 10n]);
    const transfer = (value: bigint) => token.answer("transfer", [RECIPIENT, value]);
    expect(await transfer(3n)).to.equal("0x");
    await token.write("transfer", [RECIPIENT, 3n]);
    expect(await token.read("balanceOf", [RECIPIENT])).to.equal(3n);
    expect(await refusal(token.write("transfer", [RECIPIENT, 8n]))).to.include("NotEnough");
    await token.write("approve", [RECIPIENT, 1n]);
    expect(await refusal(token.write("approve", [RECIPIENT, 2n]))).to.include("AllowanceNotZero");
  });

  it("a token that returns false moves nothing; its result is configurable", async () => {
    const token = await deploy("FalseToken");
    await token.write("mint", [me, 10n]);
    const transfer = (value: bigint) => token.answer("transfer", [RECIPIENT, value]);
    expect(BigInt(await transfer(10n))).to.equal(1n);
    expect(BigInt(await transfer(11n))).to.equal(0n);
    await token.write("transfer", [RECIPIENT, 11n]);
    expect(await token.read("balanceOf", [me])).to.equal(10n);
    await token.write("refuseApprovals", [true]);
    await token.write("approve", [RECIPIENT, 1n]);
    expect(await token.read("allowance", [me, RECIPIENT])).to.equal(0n);
    await token.write("answerWith", ["0xabcd"]);
    expect(await transfer(1n)).to.equal("0xabcd");
  });

  it("a token with hooks calls both parties, and one that reverts stops it", async () => {
    const token = await deploy("HookToken");
    const counter = await deploy("Counter");
    const caller = await deploy("Caller");
    await token.write("mint", [me, 10n]);
    const increment = counter.encode("increment");
    for (const party of [me, RECIPIENT]) {
      await token.write("setHook", [party, caller.address]);
      await caller.write("plan", [counter.address, 0n, increment]);
      await token.write("transfer", [RECIPIENT, 1n]);
    }
    expect(await counter.read("count")).to.equal(2n);
    expect(await counter.read("lastCaller")).to.equal(getAddress(caller.address));

    const refuse = counter.encode("refuse", [7n]);
    await caller.write("plan", [counter.address, 0n, refuse]);
    await refusal(token.write("transfer", [RECIPIENT, 1n]));
    expect(await token.read("balanceOf", [RECIPIENT])).to.equal(2n);
    await caller.write("setForgiving", [true]);
    // A refused transfer has undone the plan's end, so it is still to be made.
    await token.write("transfer", [RECIPIENT, 1n]);
    expect([await caller.read("succeeded"), await caller.read("failed")]).to.deep.equal([2n, 1n]);
  });

  it("the puller takes what was approved, and no more; the router uses a pre-existing approval", async () => {
    const token = await deploy("StandardToken");
    const puller = await deploy("Puller");
    const router = await deploy("Router");
    await token.write("mint", [me, 100n]);
    expect(await refusal(puller.write("pull", [token.address, RECIPIENT, 1n]))).to.include("NotEnough");
    await token.write("approve", [puller.address, 5n]);
    await puller.write("pull", [token.address, RECIPIENT, 2n]);
    await puller.write("pullAll", [token.address, RECIPIENT]);
    expect(await token.read("allowance", [me, puller.address])).to.equal(0n);
    expect(await token.read("balanceOf", [RECIPIENT])).to.equal(5n);

    await token.write("approve", [router.address, 50n]);
    await router.write("prepare", [token.address, RECIPIENT, 20n]);
    await router.write("route");
    expect(await token.read("balanceOf", [me])).to.equal(75n);
    await router.write("borrowAndReturn", [token.address, 10n]);
    expect(await token.read("balanceOf", [me])).to.equal(75n);
  });

  it("the counter records its calldata and value", async () => {
    const counter = await deploy("Counter");
    await counter.write("add", [4n], { value: parseEther("1") });
    await counter.write("increment");
    expect(await counter.read("count")).to.equal(5n);
    expect(await counter.read("received")).to.equal(parseEther("1"));
    expect(await counter.read("lastCaller")).to.equal(getAddress(me));
    expect(await refusal(counter.read("refuse", [3n]))).to.include("Refused");
  });
});
