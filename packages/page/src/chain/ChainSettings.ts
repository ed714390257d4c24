import { safeAddresses, usdcAddress } from "@latchkey/sdk";
import { type Address, type Chain, defineChain } from "viem";
import type { PageConfig } from "./PageConfig.ts";

/** A chain as the page knows it. */
export type ChainSettings = {
  id: number;
  name: string;
  /** viem's own description, for clients. */
  chain: Chain;
  /** What the page asks unless the reader has set another. */
  rpc: string;
  /** Whether `config.json` named it: a development chain, whose node may pay and whose clock may rest. */
  isLocal: boolean;
  usdc: Address | undefined;
  explorer: string | undefined;
  /** Safe's shared signer for passkeys. */
  sharedSigner: Address;
};

type NamedChain = PageConfig["chains"][number];

/**
 * The public chains. Their nodes are free of charge and of keys, for who has set none: links never choose where a chain is
 * asked. viem's own descriptions would bring along how their transactions are serialized, which the page never does.
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

/** All chains that a page with this configuration works on. A chain of the configuration replaces one of the same id. */
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
