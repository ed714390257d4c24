import { useSyncExternalStore } from "react";
import type { Saved } from "./Saved.ts";
import { onSavedChange, readSaved } from "./store.ts";

/** The current saved data. */
export const useSaved = (): Saved => useSyncExternalStore(onSavedChange, readSaved);
