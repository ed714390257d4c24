import { createContext, useContext } from "react";
import { useSaved } from "../store/useSaved.ts";
import type { ChainSettings } from "./ChainSettings.ts";
import { type ChainClient, chainClient } from "./chainClient.ts";

/** The supported chains. */
export const PageChains = createContext<readonly ChainSettings[]>([]);

/** A chain and its RPC URL. */
export type AskedChain = { settings: ChainSettings; rpc: string; client: ChainClient };

/** Every supported chain, with the user's RPC URL. */
export function useChains(): AskedChain[] {
  const chains = useContext(PageChains);
  const { rpcs } = useSaved().settings;
  return chains.map((settings) => {
    const rpc = rpcs[String(settings.id)] ?? settings.rpc;
    return { settings, rpc, client: chainClient(settings, rpc) };
  });
}
