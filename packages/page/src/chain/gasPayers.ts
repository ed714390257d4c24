import { type Address, type Hash, type Hex, numberToHex } from "viem";
import { PageFailure } from "../wording/PageFailure.ts";
import type { BrowserWallet } from "./browserWallets.ts";
import type { AskedChain } from "./PageChains.ts";

/** Who sends what a passkey has signed. It only pays: what is sent does the same whoever sends it. */
export type GasPayer = {
  name: string;
  /** @returns The transaction's hash, as soon as it is sent. */
  send: (transaction: { to: Address; data: Hex }) => Promise<Hash>;
};

/**
 * A development node's own account. Only a chain that the configuration calls local is asked for one.
 *
 * @returns Undefined where the node has none.
 */
export async function nodePayer({ client, settings }: AskedChain): Promise<GasPayer | undefined> {
  if (!settings.isLocal) return undefined;
  const accounts = await client.request({ method: "eth_accounts" }).catch(() => []);
  const [from] = accounts as readonly Address[];
  if (!from) return undefined;
  return {
    name: "the development node",
    send: ({ to, data }) => client.request({ method: "eth_sendTransaction", params: [{ from, to, data }] }),
  };
}

/**
 * An account of a wallet in this browser: the wallet asks the reader before it pays, and chooses fees and nonce itself.
 *
 * `send` throws NO_GAS_PAYER where the wallet names no account, CHAIN_MISMATCH where it stays on another chain, and the
 * wallet's own errors.
 */
export const walletPayer = ({ name, provider }: BrowserWallet, { settings }: AskedChain): GasPayer => ({
  name,
  send: async ({ to, data }) => {
    const { id, chain, rpc, explorer } = settings;
    const chainId = numberToHex(id);
    const chainOf = async () => Number(await provider.request({ method: "eth_chainId" }));
    const switchChain = () =>
      provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
    const [from] = await provider.request({ method: "eth_requestAccounts" });
    if (!from) throw new PageFailure("NO_GAS_PAYER");
    if ((await chainOf()) !== id)
      try {
        await switchChain();
      } catch {
        await provider.request({
          method: "wallet_addEthereumChain",
          params: [
            {
              chainId,
              chainName: chain.name,
              nativeCurrency: chain.nativeCurrency,
              rpcUrls: [rpc],
              ...(explorer ? { blockExplorerUrls: [explorer] } : {}),
            },
          ],
        });
        await switchChain();
      }
    const actual = await chainOf();
    // What the passkey signed is void elsewhere, and would only cost the payer gas.
    if (actual !== id)
      throw new PageFailure("CHAIN_MISMATCH", { chain: name, expected: String(id), actual: String(actual) });
    return provider.request({ method: "eth_sendTransaction", params: [{ from, to, data }] });
  },
});
