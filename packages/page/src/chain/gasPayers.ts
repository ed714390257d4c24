import { type Address, type Hash, type Hex, numberToHex } from "viem";
import { PageFailure } from "../wording/PageFailure.ts";
import type { BrowserWallet } from "./browserWallets.ts";
import type { AskedChain } from "./PageChains.ts";

/** Sends what a passkey has signed and pays for gas. The sender does not change the effect. */
export type GasPayer = {
  name: string;
  /** @returns The transaction's hash, once sent. */
  send: (transaction: { to: Address; data: Hex }) => Promise<Hash>;
};

/**
 * A development node's own account. Only used on chains that the configuration marks as local.
 *
 * @returns Undefined if the node has none.
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
 * A wallet in this browser: it asks the user before it pays, and sets fees and nonce itself.
 *
 * `send` throws NO_GAS_PAYER if the wallet exposes no account, CHAIN_MISMATCH if it stays on another chain, and the
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
    // The signature is invalid on another chain and would only cost gas.
    if (actual !== id)
      throw new PageFailure("CHAIN_MISMATCH", { chain: name, expected: String(id), actual: String(actual) });
    return provider.request({ method: "eth_sendTransaction", params: [{ from, to, data }] });
  },
});
