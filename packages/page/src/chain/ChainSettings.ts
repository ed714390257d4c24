import { safeAddresses, usdcAddress } from "@latchkey/sdk";
import { type Address, type Chain, defineChain } from "viem";
import type { PageConfig } from "./PageConfig.ts";

/** A chain supported by the page. */
export type ChainSettings = {
  id: number;
  name: string;
  /** viem's chain, for clients. */
  chain: Chain;
  /** The RPC URL, unless the user has set another. */
  rpc: string;
  /** Whether `config.json` defines it: a development chain, whose node may pay for gas and whose clock may stand still. */
  isLocal: boolean;
  usdc: Address | undefined;
  explorer: string | undefined;
  /** Safe's shared signer for passkeys. */
  sharedSigner: Address;
};

type NamedChain = PageConfig["chains"][number];

/**
 * The public chains. Their default nodes are free and need no API key: links can never choose an RPC URL. viem's own
 * chain definitions would pull in transaction serializers, which the page does not use.
 */
const publicChains: readonly NamedChain[] = [
  { id: 8453, name: "Base", rpc: "https://mainnet.base.org", explorer: "https://basescan.org" },
  { id: 1, name: "Ethereum", rpc: "https://ethereum-rpc.publicnode.com", explorer: "https://etherscan.io" },
  {
    id: 84532,
    name: "Base Sepolia",
    rpc: "https://sepolia.base.org",
    explorer: "https://sepolia.basescan.org",
  },
  {
    id: 11155111,
    name: "Sepolia",
    rpc: "https://ethereum-sepolia-rpc.publicnode.com",
    explorer: "https://sepolia.etherscan.io",
  },
];

/** All chains supported with this configuration. A configured chain replaces a default one with the same id. */
export function listChains({ chains }: PageConfig): ChainSettings[] {
  const known = publicChains.filter(({ id }) => !chains.some((one) => one.id === id));
  return [...chains.map((one) => settingsOf(one, true)), ...known.map((one) => settingsOf(one, false))];
}

function settingsOf(named: NamedChain, isLocal: boolean): ChainSettings {
  const { id, name, rpc, usdc, explorer, sharedSigner } = named;
  return {
    id,
    name,
    chain: defineChain({
      id,
      name,
      nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
      rpcUrls: { default: { http: [rpc] } },
      testnet: isLocal || id === 84532 || id === 11155111,
    }),
    rpc,
    isLocal,
    usdc: usdc ?? usdcAddress(id),
    explorer,
    sharedSigner: sharedSigner ?? safeAddresses.sharedSigner,
  };
}
