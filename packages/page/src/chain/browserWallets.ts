import type { EIP1193Provider } from "viem";
import { plainText } from "../ui/plainText.ts";

/** A wallet that the reader has in this browser. */
export type BrowserWallet = {
  /** What it calls itself. */
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

/** Asks the wallets of this browser to come forward (EIP-6963), those that speak up later included. */
function listen(): void {
  if (listening) return;
  listening = true;
  window.addEventListener("eip6963:announceProvider", onAnnounce);
  window.dispatchEvent(new Event("eip6963:requestProvider"));
}

/** Calls the listener whenever another wallet comes forward. @returns What ends that. */
export function onBrowserWallet(listener: () => void): () => void {
  listeners.add(listener);
  listen();
  return () => listeners.delete(listener);
}

/** The wallets that have come forward so far; where none does, the one that older wallets leave on the window. */
export function browserWallets(): readonly BrowserWallet[] {
  if (wallets.length === 0) {
    const { ethereum } = window as { ethereum?: EIP1193Provider };
    if (typeof ethereum?.request === "function") wallets = [{ name: "Browser wallet", provider: ethereum }];
  }
  return wallets;
}
