/**
 * The live chains that the commands know by name, each with its chain id. The names are those of viem's chains, so
 * that no one has to guess the name of a chain's test network.
 */
export const LIVE_NETWORKS = {
  mainnet: 1,
  sepolia: 11_155_111,
  base: 8453,
  baseSepolia: 84_532,
  optimism: 10,
  optimismSepolia: 11_155_420,
  arbitrum: 42_161,
  arbitrumSepolia: 421_614,
  polygon: 137,
  polygonAmoy: 80_002,
  gnosis: 100,
  gnosisChiado: 10_200,
  bsc: 56,
  bscTestnet: 97,
  avalanche: 43_114,
  avalancheFuji: 43_113,
  celo: 42_220,
  celoSepolia: 11_142_220,
  linea: 59_144,
  lineaSepolia: 59_141,
  scroll: 534_352,
  scrollSepolia: 534_351,
  worldchain: 480,
  worldchainSepolia: 4801,
} as const;

/** The name of a live chain, as `--network` takes it. */
export type LiveNetwork = keyof typeof LIVE_NETWORKS;

/** The chain ids of local development chains. What is deployed there is gone tomorrow. */
export const DEVELOPMENT_CHAINS: readonly number[] = [1337, 31_337];

/** The variable that holds the deployer's private key, in Hardhat's keystore or the environment. */
export const DEPLOYER_KEY = "LATCHKEY_DEPLOYER_KEY";

/** The variable that holds a network's RPC URL: `BASE_SEPOLIA_RPC_URL` for `baseSepolia`. */
export const rpcUrlVariable = (network: string): string =>
  `${network.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase()}_RPC_URL`;

/** The name of a chain; undefined if it is not one of {@link LIVE_NETWORKS}. */
export const liveNetworkOf = (chainId: number): LiveNetwork | undefined =>
  (Object.keys(LIVE_NETWORKS) as LiveNetwork[]).find((name) => LIVE_NETWORKS[name] === chainId);
