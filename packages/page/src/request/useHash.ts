import { useSyncExternalStore } from "react";

function onHashChange(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

/** What stands behind the `#` of the page's address, the sign included; empty where nothing does. */
export const useHash = (): string => useSyncExternalStore(onHashChange, () => window.location.hash);
