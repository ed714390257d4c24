import { installWeth, openTestChain, RELAYER, WETH, wethAbi } from "@latchkey/devchain";
import { expect } from "chai";
import { network } from "hardhat";
import { encodeFunctionData, keccak256 } from "viem";

describe("WETH of the tests", function () {
  this.timeout(60_000);

  it("is Ethereum's to the last byte, and wraps ether", async () => {
    const { provider } = await network.create("ethereum");
    const testChain = await openTestChain(provider);
    const weth = await installWeth(testChain);
    const code = await testChain.client.getCode({ address: weth });
    expect(keccak256(code ?? "0x")).to.equal(
      "0xd0a06b12ac47863b5c7be4185c2deaad1c61557033f56c7d4ea74429cbb25e23",
    );

    const read = <name extends "name" | "symbol" | "decimals">(functionName: name) =>
      testChain.client.readContract({ address: WETH, abi: wethAbi, functionName });
    expect([await read("name"), await read("symbol"), await read("decimals")]).to.deep.equal([
      "Wrapped Ether",
      "WETH",
      18,
    ]);

    const deposit = encodeFunctionData({ abi: wethAbi, functionName: "deposit" });
    await testChain.send({ from: RELAYER, to: weth, data: deposit, value: 7n });
    const balance = await testChain.client.readContract({
      address: weth,
      abi: wethAbi,
      functionName: "balanceOf",
      args: [RELAYER],
    });
    expect(balance).to.equal(7n);
    expect(await testChain.client.getBalance({ address: weth })).to.equal(7n);
  });
});
