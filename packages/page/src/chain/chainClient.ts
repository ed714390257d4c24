import { type Chain, type Client, createClient, http, type Transport } from "viem";
import type { ChainSettings } from "./ChainSettings.ts";

/** The page's chain client, for `viem/actions` and the SDK. */
export type ChainClient = Client<Transport, Chain>;

const clients = new Map<string, ChainClient>();

/**
 * A chain's client, one per RPC URL. It caches nothing: what the page shows is never older than its request.
 *
 * @param rpc The user's RPC URL; default: the chain's own.
 */
export function chainClient(settings: ChainSettings, rpc: string = settings.rpc): ChainClient {
  const name = `${settings.id} ${rpc}`;
  const known = clients.get(name);
  if (known) return known;
  const client = createClient({
    chain: settings.chain,
    transport: http(rpc, { timeout: 10_000, retryCount: 1, retryDelay: 250 }),
    cacheTime: 0,
    // A contract must not choose which server the page contacts.
    ccipRead: false,
    pollingInterval: 1000,
  });
  clients.set(name, client);
  return client;
}
