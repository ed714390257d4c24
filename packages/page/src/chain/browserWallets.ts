import type { EIP1193Provider } from "viem";
import { plainText } from "../ui/plainText.ts";

/** A wallet installed in this browser. */
export type BrowserWallet = {
  /** Its self-reported name. */
  name: string;
  provider: EIP1193Provider;
};

let wallets: readonly BrowserWallet[] = [];
const listeners = new Set<() => void>();
let listening = false;

function onAnnounce(event: Event): void {
  const { detail } = event as CustomEvent<
    { info?: { name?: unknown }; provider?: EIP1193Provider } | undefined
  >;
  const { provider } = detail ?? {};
  if (!provider || wallets.some((one) => one.provider === provider)) return;
  const name = typeof detail?.info?.name === "string" ? plainText(detail.info.name, 32).text : "";
  wallets = [...wallets, { name: name || "Browser wallet", provider }];
  for (const listener of listeners) listener();
}

/** Discovers this browser's wallets (EIP-6963), including those announced later. */
function listen(): void {
  if (listening) return;
  listening = true;
  window.addEventListener("eip6963:announceProvider", onAnnounce);
  window.dispatchEvent(new Event("eip6963:requestProvider"));
}

/** Calls the listener whenever a wallet is announced. @returns An unsubscribe function. */
export function onBrowserWallet(listener: () => void): () => void {
  listeners.add(listener);
  listen();
  return () => listeners.delete(listener);
}

/** The wallets announced so far; if none, the legacy `window.ethereum`. */
export function browserWallets(): readonly BrowserWallet[] {
  if (wallets.length === 0) {
    const { ethereum } = window as { ethereum?: EIP1193Provider };
    if (typeof ethereum?.request === "function") wallets = [{ name: "Browser wallet", provider: ethereum }];
  }
  return wallets;
}
