import { openTestChain, type TestChain } from "@latchkey/devchain";
import { expect } from "chai";
import { network } from "hardhat";
import { type Address, type Client, createPublicClient, custom, type Hex, toHex } from "viem";
import { authorizationStates } from "#sdk/agent/x402/authorizationStates.ts";
import { setMulticall3 } from "../../environment/multicall3.ts";

const token: Address = "0x70ce000000000000000000000000000000000001";
const account: Address = "0xacc0000000000000000000000000000000000001";

/** Runtime code of a contract that answers any question by the lowest bit of its second argument. */
const ODD_NONCES_ARE_USED: Hex = "0x6024356001165f5260205ff3";

const nonces = (count: number) => Array.from({ length: count }, (_, index) => toHex(index, { size: 32 }));
const odd = (count: number) => Array.from({ length: count }, (_, index) => index % 2 === 1);

describe("asking a token which nonces are used", () => {
  let testChain: TestChain;
  let requests: string[];
  let client: Client;

  beforeEach(async () => {
    testChain = await openTestChain((await network.create("ethereum")).provider);
    await testChain.setCode(token, ODD_NONCES_ARE_USED);
    requests = [];
    client = createPublicClient({
      transport: custom({
        request: (request: { method: string; params?: readonly unknown[] }) => {
          requests.push(request.method);
          return testChain.provider.request(request);
        },
      }),
    });
  });

  const ask = (count: number) => authorizationStates(client, { token, account, nonces: nonces(count) });

  it("asks nothing about nothing, and about one nonce directly", async () => {
    expect(await ask(0)).to.deep.equal([]);
    expect(await ask(1)).to.deep.equal([false]);
    expect(requests).to.deep.equal(["eth_call"]);
  });

  it("asks about a hundred in one request, and looks for Multicall3 once", async () => {
    expect(await ask(5)).to.deep.equal(odd(5));
    expect(await ask(100)).to.deep.equal(odd(100));
    expect(requests).to.deep.equal(["eth_getCode", "eth_call", "eth_call"]);
    expect(await ask(640)).to.deep.equal(odd(640));
    expect(requests).to.have.length(3 + 7);
  });

  it("does the same by Multicall3 where the chain has it", async () => {
    await setMulticall3(testChain);
    expect(await ask(640)).to.deep.equal(odd(640));
    expect(requests).to.deep.equal(["eth_getCode", "eth_call"]);
  });

  it("fails where the token does not answer, rather than call a nonce free", async () => {
    await testChain.setCode(token, "0x5f5ffd");
    expect(await ask(3).catch(() => "failed")).to.equal("failed");
    await testChain.setCode(token, "0x");
    expect(await ask(3).catch(() => "failed")).to.equal("failed");
    expect(await ask(1).catch(() => "failed")).to.equal("failed");
  });
});
