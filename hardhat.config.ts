import { createRequire } from "node:module";
import hardhatKeystore from "@nomicfoundation/hardhat-keystore";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatVerify from "@nomicfoundation/hardhat-verify";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import hardhatViemAssertions from "@nomicfoundation/hardhat-viem-assertions";
import { configVariable, defineConfig } from "hardhat/config";
import { LIVE_NETWORKS, rpcUrlVariable } from "./scripts/deploy/liveNetworks.ts";

/** The compiler is the npm package, so that a build needs nothing but the package registry. */
const path = createRequire(import.meta.url).resolve("solc/soljson.js");

const forking = (url: string | undefined, block: string | undefined) =>
  url ? { forking: { url, ...(block ? { blockNumber: Number(block) } : {}) } } : {};

/** @param runs How often the optimizer thinks that an opcode will be executed. */
const compiler = (runs: number) => ({
  version: "0.8.35",
  path,
  settings: {
    viaIR: true,
    optimizer: { enabled: true, runs },
    // cancun: the first with transient storage, which the lock of a door lives in.
    evmVersion: "cancun",
    // No hash of sources and comments in the code: the same code from every checkout.
    metadata: { bytecodeHash: "none", appendCBOR: false },
  },
});

const solidity = {
  compilers: [compiler(10_000)],
  // Validator and executor in one: with 10,000 runs it is larger than a contract may be. With 30 it leaves room for more,
  // at a price of less than 100 gas a payment.
  overrides: { "contracts/accounts/erc7579/ERC7579SessionModule.sol": compiler(30) },
};

/**
 * The RPC URL is read, from the keystore or the environment, only when a command uses the network. The deployer's key is
 * no part of it: whoever only verifies would have to have it.
 */
const liveNetworks = Object.fromEntries(
  Object.entries(LIVE_NETWORKS).map(([name, chainId]) => [
    name,
    {
      type: "http" as const,
      chainId,
      url: configVariable(rpcUrlVariable(name)),
    },
  ]),
);

export default defineConfig({
  plugins: [
    hardhatViem,
    hardhatViemAssertions,
    hardhatMocha,
    hardhatNetworkHelpers,
    hardhatKeystore,
    hardhatVerify,
  ],
  // What is left out of a config for `production`, which sources are verified with, is Hardhat's own: another optimizer.
  solidity: { profiles: { default: solidity, production: solidity } },
  verify: {
    etherscan: { apiKey: configVariable("ETHERSCAN_API_KEY") },
    sourcify: process.env.SOURCIFY_API_URL ? { apiUrl: process.env.SOURCIFY_API_URL } : {},
  },
  networks: {
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka" },
    ethereum: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: 1,
      hardfork: "osaka",
      ...forking(process.env.MAINNET_RPC_URL, process.env.MAINNET_FORK_BLOCK),
    },
    // Ethereum once more, for accounts whose npm builds are larger than a contract on a live chain may be.
    erc7579: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: 1,
      hardfork: "osaka",
      allowUnlimitedContractSize: true,
    },
    simulatedBase: {
      type: "edr-simulated",
      chainType: "op",
      chainId: 8453,
      ...forking(process.env.BASE_RPC_URL, process.env.BASE_FORK_BLOCK),
    },
    ...liveNetworks,
  },
  test: {
    solidity: {
      // Code that a test deploys and does not compile: of Safe, USDC and Permit2, and of the contracts.
      fsPermissions: {
        readFile: ["./packages/devchain/dist/genuineCode.json"],
        readDirectory: ["./artifacts/contracts"],
      },
      // Rails.t.sol: sequences of calls, and how many calls each has.
      invariant: process.env.LATCHKEY_DEEP ? { runs: 500, depth: 500 } : { runs: 12, depth: 100 },
    },
  },
  paths: {
    sources: ["./contracts", "./test/mocks", "./packages/devchain/contracts"],
    tests: { solidity: "./test/solidity", mocha: "./test" },
  },
});
