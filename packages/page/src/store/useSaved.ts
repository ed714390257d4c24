import { useSyncExternalStore } from "react";
import type { Saved } from "./Saved.ts";
import { onSavedChange, readSaved } from "./store.ts";

/** What is kept in the reader's browser, always as it is now. */
export const useSaved = (): Saved => useSyncExternalStore(onSavedChange, readSaved);
