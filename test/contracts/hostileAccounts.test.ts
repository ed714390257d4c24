import { expect } from "chai";
import {
  type Address,
  concat,
  encodeAbiParameters,
  encodeDeployData,
  type Hex,
  pad,
  size,
  toFunctionSelector,
  toHex,
} from "viem";
import {
  ANYONE,
  approveData,
  budget,
  CANNED,
  chain,
  enable,
  execute,
  idOf,
  MODULE,
  mallory,
  nativeBudget,
  ownArtifact,
  pay,
  payNative,
  refused,
  revertOf,
  session,
  spentOf,
  stateOf,
  stranger,
  teach,
  USD,
  useChain,
} from "./fixture.ts";

const selectorOf = (signature: string): Hex => toFunctionSelector(signature);

/** Deploys a hostile contract; where it is. */
async function deploy(name: string, args: readonly unknown[]): Promise<Address> {
  const { abi, bytecode } = ownArtifact(`test/mocks/hostile/${name}.sol`, name);
  await chain.request("hardhat_impersonateAccount", [stranger.address]);
  await chain.request("hardhat_setBalance", [stranger.address, toHex(10n ** 20n)]);
  await chain.request("evm_setNextBlockTimestamp", [toHex((await chain.now()) + 1)]);
  const data = encodeDeployData({ abi, bytecode, args: [...args] });
  const hash = await chain.request<Hex>("eth_sendTransaction", [
    { from: stranger.address, data, gas: toHex(3_000_000) },
  ]);
  const receipt = await chain.request<{ contractAddress: Address }>("eth_getTransactionReceipt", [hash]);
  return receipt.contractAddress;
}

describe("a thief with the key", function () {
  this.timeout(60_000);
  useChain();

  it("cannot exceed the budget by triggering an honest contract that the account has approved", async () => {
    const price = 100n * USD;
    const till = await deploy("Till", [chain.usdc.address, mallory, price]);
    const safe = chain.safes["1.4.1"];
    // The owner's own approval, from before. Only the Safe itself can make the till use it.
    await chain.send({ from: safe, to: chain.usdc.address, data: approveData(till, 1000n * USD) });
    const of = session({ budgets: [budget(), nativeBudget({ recipients: [ANYONE] })] });
    await chain.send(enable(of));
    const before = await chain.usdc.balanceOf(safe);
    await chain.send(execute(of, [payNative(till, 0n)])).catch(() => {});
    await chain.send(execute(of, [payNative(till, 1n), payNative(till, 1n)])).catch(() => {});
    const gone = before - (await chain.usdc.balanceOf(safe));
    expect(gone <= USD, `${gone} base units of USDC left the account`).to.equal(true);
    expect(gone, "USDC that was charged").to.equal(await spentOf(of));
  });

  it("cannot choose the gas so that the check with empty signatures runs out of gas and looks like a rejection", async () => {
    // Something that accepts any signatures, none too, but takes its time.
    const account = await deploy("Spendthrift", [4_000_000n]);
    const of = session({ account, budgets: [nativeBudget({ recipients: [mallory] })] });
    await chain.setBalance(account, 10n ** 18n);
    const id = await idOf(of);
    const data = execute(of, [payNative(mallory, 0n)], "0x1234").data;
    for (const gas of [7_900_000, 8_000_000, 8_050_000, 8_100_000, 8_150_000, 9_000_000]) {
      await chain.request("hardhat_impersonateAccount", [of.key]);
      await chain.request("hardhat_setBalance", [of.key, toHex(10n ** 20n)]);
      await chain
        .request("eth_sendTransaction", [{ from: of.key, to: MODULE, data, gas: toHex(gas) }])
        .catch(() => {});
      expect(await stateOf(id, account), `with ${gas} gas`).to.equal("UNKNOWN");
    }
  });
});

describe("a contract that only resembles a Safe", () => {
  useChain();

  const answerOf = (bytes: Hex): Hex => encodeAbiParameters([{ type: "bytes" }], [bytes]);
  const GET_STORAGE = selectorOf("getStorageAt(uint256,uint256)");
  const account = () => session({ account: CANNED });
  const words = (...values: bigint[]): Hex => concat(values.map((value) => pad(toHex(value))));

  for (const [title, answer] of [
    ["an offset that leads nowhere", words(2n ** 200n, 32n, 0n)],
    ["a length that is not there", words(32n, 33n, 0n)],
    ["no word of storage", words(32n, 0n, 0n)],
    ["a handler that is not an address", words(32n, 32n, 2n ** 255n)],
  ] as const)
    it(`gets a typed error if it returns ${title} as its handler`, async () => {
      expect(size(answer)).to.equal(96);
      await teach(GET_STORAGE, answer);
      await refused(chain.send(enable(account())), "UnsupportedAccount", CANNED);
    });

  it("is called with a Safe's interface", async () => {
    await teach(GET_STORAGE, answerOf(pad("0x")));
    await chain.send(enable(account()));
    expect(await stateOf(await idOf(account()), CANNED)).to.equal("ENABLED");
  });

  it("gets a typed error if it rejects an execution without a reason", async () => {
    await teach(GET_STORAGE, answerOf(pad("0x")));
    const of = account();
    await chain.send(enable(of));
    await teach(selectorOf("execTransactionFromModuleReturnData(address,uint256,bytes,uint8)"), "0x", {
      fails: true,
    });
    const [to] = of.budgets[0]?.recipients ?? [];
    expect(await revertOf(chain.send(execute(of, [pay(to as Address, 1n)])))).to.not.equal("0x");
  });
});
