import { expect } from "chai";
import { config } from "hardhat";
import * as chains from "viem/chains";
import { LIVE_NETWORKS, liveNetworkOf, rpcUrlVariable } from "../../scripts/deploy/liveNetworks.ts";

const networks = Object.entries(LIVE_NETWORKS);
const viemChains = new Map<string, chains.Chain>(Object.entries(chains));

describe("the live networks", () => {
  it("are twelve chains, each with a test network", () => {
    const isTestnet = (name: string) => viemChains.get(name)?.testnet === true;
    expect(networks.filter(([name]) => !isTestnet(name))).to.have.length(12);
    expect(networks.filter(([name]) => isTestnet(name))).to.have.length(12);
  });

  for (const [name, chainId] of networks) {
    it(`have ${name} with the chain id that viem knows`, () => {
      expect(viemChains.get(name)?.id).to.equal(chainId);
      expect(liveNetworkOf(chainId)).to.equal(name);
    });

    it(`have ${name} in Hardhat's config, over HTTP, with this chain id and no key`, () => {
      const network = config.networks[name];
      if (network?.type !== "http") return expect.fail(`${name} is not an HTTP network`);
      expect(network.chainId).to.equal(chainId);
      expect(network.accounts).to.equal("remote");
    });
  }

  it("each have an RPC URL, in a variable named after the network", () => {
    expect(["mainnet", "baseSepolia", "bscTestnet"].map(rpcUrlVariable)).to.deep.equal([
      "MAINNET_RPC_URL",
      "BASE_SEPOLIA_RPC_URL",
      "BSC_TESTNET_RPC_URL",
    ]);
    expect(new Set(networks.map(([name]) => rpcUrlVariable(name))).size).to.equal(networks.length);
  });

  it("are verified with the very settings that the contracts are built with", () => {
    const { default: built, production } = config.solidity.profiles;
    expect(production?.compilers).to.deep.equal(built?.compilers);
    expect(production?.overrides).to.deep.equal(built?.overrides);
  });
});
