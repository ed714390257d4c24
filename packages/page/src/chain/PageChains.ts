import { createContext, useContext } from "react";
import { useSaved } from "../store/useSaved.ts";
import type { ChainSettings } from "./ChainSettings.ts";
import { type ChainClient, chainClient } from "./chainClient.ts";

/** The chains that the page knows. */
export const PageChains = createContext<readonly ChainSettings[]>([]);

/** A chain, and how it is asked. */
export type AskedChain = { settings: ChainSettings; rpc: string; client: ChainClient };

/** Every chain that the page knows, asked where the reader wants it asked. */
export function useChains(): AskedChain[] {
  const chains = useContext(PageChains);
  const { rpcs } = useSaved().settings;
  return chains.map((settings) => {
    const rpc = rpcs[String(settings.id)] ?? settings.rpc;
    return { settings, rpc, client: chainClient(settings, rpc) };
  });
}
