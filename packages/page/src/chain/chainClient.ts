import { type Chain, type Client, createClient, http, type Transport } from "viem";
import type { ChainSettings } from "./ChainSettings.ts";

/** How the page asks a chain: for the actions of `viem/actions` and every function of the SDK. */
export type ChainClient = Client<Transport, Chain>;

const clients = new Map<string, ChainClient>();

/**
 * The client of a chain, one for each place that it is asked at. It remembers nothing of what it was told: what the page
 * shows is never older than its question.
 *
 * @param rpc Where the reader wants the chain asked; default: the chain's own setting.
 */
export function chainClient(settings: ChainSettings, rpc: string = settings.rpc): ChainClient {
  const name = `${settings.id} ${rpc}`;
  const known = clients.get(name);
  if (known) return known;
  const client = createClient({
    chain: settings.chain,
    transport: http(rpc, { timeout: 10_000, retryCount: 1, retryDelay: 250 }),
    cacheTime: 0,
    // A contract must not choose whom the page speaks to.
    ccipRead: false,
    pollingInterval: 1000,
  });
  clients.set(name, client);
  return client;
}
