import { transferWithAuthorizationTypes } from "@latchkey/devchain";
import { expect } from "chai";
import {
  type Address,
  concat,
  createPublicClient,
  custom,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  HttpRequestError,
  keccak256,
  multicall3Abi,
  parseAbi,
  parseAbiParameters,
  parseSignature,
  toBytes,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { call } from "viem/actions";
import { authorizationFate, type SignedAuthorization } from "#sdk/agent/x402/authorizationFate.ts";
import { type Environment, setUp } from "../../environment/setUp.ts";

const payer = privateKeyToAccount(keccak256(toBytes("a payer whose nonce is taken")));
const shop: Address = "0x5409000000000000000000000000000000000002";
const MULTICALL3: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";
const tokenAbi = parseAbi([
  "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
  "function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
  "function cancelAuthorization(address,bytes32,bytes)",
]);
const types = {
  ...transferWithAuthorizationTypes,
  CancelAuthorization: [
    { name: "authorizer", type: "address" },
    { name: "nonce", type: "bytes32" },
  ],
} as const;
const words = parseAbiParameters("address, address, uint256, uint256, uint256, bytes32");

describe("what became of an authorization", () => {
  let environment: Environment;
  let token: Address;
  let ours: SignedAuthorization;
  let theirs: SignedAuthorization;

  before(async () => {
    environment = await setUp("ethereum");
    token = environment.usdc.address;
    await environment.usdc.mint(payer.address, 1_000_000n);
    // viem carries the creation code but does not export it. What that returns is the runtime code.
    const contracts = new URL("./constants/contracts.js", import.meta.resolve("viem"));
    const { multicall3Bytecode } = (await import(contracts.href)) as { multicall3Bytecode: Hex };
    const { data } = await call(environment.testChain.client, { data: multicall3Bytecode });
    await environment.testChain.setCode(MULTICALL3, data as Hex);
  });
  let count = 0;
  beforeEach(() => {
    ours = {
      from: payer.address,
      to: shop,
      value: "1000",
      validAfter: "1",
      validBefore: "4000000000",
      nonce: keccak256(toBytes(`nonce ${count++}`)),
    };
    theirs = { ...ours, validBefore: "4000000001" };
  });
  after(() => environment.connection.close());

  const fate = async () =>
    (await authorizationFate(environment.testChain.client, { token, authorization: ours })).fate;
  const domain = () => ({ name: "USD Coin", version: "2", chainId: 1, verifyingContract: token });
  const argsOf = (one: SignedAuthorization) =>
    [
      one.from,
      one.to,
      BigInt(one.value),
      BigInt(one.validAfter),
      BigInt(one.validBefore),
      one.nonce,
    ] as const;
  const sign = ({ from, to, nonce, ...one }: SignedAuthorization) =>
    payer.signTypedData({
      domain: domain(),
      types,
      primaryType: "TransferWithAuthorization",
      message: {
        from,
        to,
        nonce,
        value: BigInt(one.value),
        validAfter: BigInt(one.validAfter),
        validBefore: BigInt(one.validBefore),
      },
    });
  const settlement = async (one: SignedAuthorization): Promise<Hex> =>
    encodeFunctionData({
      abi: tokenAbi,
      functionName: "transferWithAuthorization",
      args: [...argsOf(one), await sign(one)],
    });
  const send = (to: Address, data: Hex) => environment.testChain.send({ from: shop, to, data });
  const batch = (calls: readonly { target: Address; callData: Hex }[]) =>
    encodeFunctionData({
      abi: multicall3Abi,
      functionName: "aggregate3",
      args: [calls.map((each) => ({ ...each, allowFailure: true }))],
    });

  it("is unused at first, and settled once it has moved the money", async () => {
    expect(await fate()).to.equal("unused");
    await send(token, await settlement(ours));
    expect(await fate()).to.equal("settled");
  });

  it("is settled also by the older form of signature, and by another contract", async () => {
    const { r, s, v } = parseSignature(await sign(ours));
    const data = encodeFunctionData({
      abi: tokenAbi,
      functionName: "transferWithAuthorization",
      args: [...argsOf(ours), Number(v), r, s],
    });
    await send(token, data);
    expect(await fate()).to.equal("settled");
    ours = { ...ours, nonce: keccak256(ours.nonce) };
    await send(MULTICALL3, batch([{ target: token, callData: await settlement(ours) }]));
    expect(await fate()).to.equal("settled");
  });

  it("is void where another authorization took its nonce", async () => {
    await send(token, await settlement(theirs));
    expect(await fate()).to.equal("void");
  });

  it("is void where its nonce was cancelled", async () => {
    const signature = await payer.signTypedData({
      domain: domain(),
      types,
      primaryType: "CancelAuthorization",
      message: { authorizer: payer.address, nonce: ours.nonce },
    });
    const args = [payer.address, ours.nonce, signature] as const;
    await send(token, encodeFunctionData({ abi: tokenAbi, functionName: "cancelAuthorization", args }));
    expect(await fate()).to.equal("void");
  });

  it("is never void by the word of a contract in between, which may have settled it and show another", async () => {
    const decoy = encodeAbiParameters(words, argsOf(theirs));
    const plain = batch([{ target: token, callData: await settlement(theirs) }]);
    await send(MULTICALL3, concat([plain, decoy]));
    expect(await fate()).to.equal("used");
  });

  it("is void where the token paid nothing to its payee in the transaction, regardless of its caller", async () => {
    theirs = { ...ours, to: MULTICALL3 };
    await send(MULTICALL3, batch([{ target: token, callData: await settlement(theirs) }]));
    expect(await fate()).to.equal("void");
  });

  it("is not void where its payee was paid in the same transaction, by whatever amount", async () => {
    theirs = { ...ours, value: "999" };
    await send(MULTICALL3, batch([{ target: token, callData: await settlement(theirs) }]));
    expect(await fate()).to.equal("used");
    ours = { ...ours, nonce: keccak256(ours.nonce) };
    theirs = { ...ours, to: MULTICALL3 };
    const another = { ...ours, nonce: keccak256(toBytes("another purchase")) };
    const calls = await Promise.all(
      [theirs, another].map(async (one) => ({ target: token, callData: await settlement(one) })),
    );
    await send(MULTICALL3, batch(calls));
    expect(await fate()).to.equal("used");
  });

  it("is used where the chain shows no more, as its node keeps no logs or no transactions", async () => {
    await send(token, await settlement(theirs));
    for (const missing of ["eth_getLogs", "eth_getTransactionByHash"]) {
      const client = createPublicClient({
        transport: custom(
          {
            request: async (asked: { method: string; params?: unknown }) => {
              if (asked.method === missing) throw new HttpRequestError({ url: "", details: "pruned" });
              return environment.testChain.provider.request(asked as never);
            },
          },
          { retryCount: 0 },
        ),
      });
      expect((await authorizationFate(client, { token, authorization: ours })).fate, missing).to.equal(
        "used",
      );
    }
  });

  it("is asked of the block whose time is told: a node that is behind must not call it unused", async () => {
    const { testChain } = environment;
    const before = await testChain.client.getBlockNumber();
    await send(token, await settlement(ours));
    const client = createPublicClient({
      transport: custom(
        {
          request: async ({ method, params }: { method: string; params?: readonly unknown[] }) => {
            const [transaction, block] = params ?? [];
            const behind = method === "eth_call" && block === "latest";
            return testChain.provider.request({
              method,
              params: behind ? [transaction, `0x${before.toString(16)}`] : params,
            } as never);
          },
        },
        { retryCount: 0 },
      ),
    });
    const answer = await authorizationFate(client, { token, authorization: ours });
    expect(answer.fate).to.equal("settled");
    expect(answer.chainTime).to.equal(Number((await testChain.client.getBlock()).timestamp));
  });
});
