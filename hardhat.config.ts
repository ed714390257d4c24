import { createRequire } from "node:module";
import hardhatMocha from "@nomicfoundation/hardhat-mocha";
import hardhatNetworkHelpers from "@nomicfoundation/hardhat-network-helpers";
import hardhatViem from "@nomicfoundation/hardhat-viem";
import hardhatViemAssertions from "@nomicfoundation/hardhat-viem-assertions";
import { defineConfig } from "hardhat/config";

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
    // Calldata that ends before the arguments' heads reverts with a reason, instead of with nothing.
    debug: { revertStrings: "debug" },
    // No hash of sources and comments in the code: the same code from every checkout.
    metadata: { bytecodeHash: "none", appendCBOR: false },
  },
});

export default defineConfig({
  plugins: [hardhatViem, hardhatViemAssertions, hardhatMocha, hardhatNetworkHelpers],
  solidity: {
    compilers: [compiler(10_000)],
    // Validator and executor in one: with more runs it is larger than a contract may be.
    overrides: { "contracts/accounts/ERC7579SessionModule.sol": compiler(800) },
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
    base: {
      type: "edr-simulated",
      chainType: "op",
      chainId: 8453,
      ...forking(process.env.BASE_RPC_URL, process.env.BASE_FORK_BLOCK),
    },
  },
  paths: {
    sources: ["./contracts", "./test/mocks"],
    tests: { solidity: "./test/solidity", mocha: "./test" },
  },
});
