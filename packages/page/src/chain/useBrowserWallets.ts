import { useSyncExternalStore } from "react";
import { type BrowserWallet, browserWallets, onBrowserWallet } from "./browserWallets.ts";

/** The wallets of this browser that can pay gas. */
export const useBrowserWallets = (): readonly BrowserWallet[] =>
  useSyncExternalStore(onBrowserWallet, browserWallets);
