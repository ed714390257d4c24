import { useSyncExternalStore } from "react";
import { type BrowserWallet, browserWallets, onBrowserWallet } from "./browserWallets.ts";

/** Wallets in this browser that can pay for gas. */
export const useBrowserWallets = (): readonly BrowserWallet[] =>
  useSyncExternalStore(onBrowserWallet, browserWallets);
