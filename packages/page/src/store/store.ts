import { PageFailure } from "../wording/PageFailure.ts";
import { MOST_SAVED, nothingSaved, type Saved, saved } from "./Saved.ts";
import { toJson } from "./toJson.ts";

/** The key in the browser's storage. */
export const STORAGE_KEY = "latchkey";

let current: Saved | undefined;
/** The text `current` was read from or written as. */
let currentText: string | null | undefined;
const listeners = new Set<() => void>();

/** The saved data. Text that this page cannot parse counts as empty but is not discarded: see {@link updateSaved}. */
export function readSaved(): Saved {
  if (!current) {
    currentText = localStorage.getItem(STORAGE_KEY);
    current = parseSaved(currentText) ?? nothingSaved;
  }
  return current;
}

/**
 * Updates the saved data. Other tabs may have written meanwhile, so it is read again first.
 *
 * @throws {PageFailure} STORE_REFUSED: the browser does not allow storage, as in some private windows.
 */
export function updateSaved(change: (saved: Saved) => Saved): void {
  const text = localStorage.getItem(STORAGE_KEY);
  // Unchanged parts keep their identity, so that watchers are not restarted.
  const kept = current && text !== null && text === currentText ? current : parseSaved(text);
  const next = change(kept ?? current ?? nothingSaved);
  current = next;
  for (const listener of listeners) listener();
  try {
    // From a later version, or corrupted: a future page may be able to read it.
    if (text !== null && !kept) localStorage.setItem(`${STORAGE_KEY}.unreadable`, text);
    const nextText = toJson(next);
    currentText = undefined;
    localStorage.setItem(STORAGE_KEY, nextText);
    currentText = nextText;
  } catch (error) {
    throw new PageFailure("STORE_REFUSED", {}, error);
  }
}

/** Calls the listener after every change, including those of other tabs. @returns An unsubscribe function. */
export function onSavedChange(listener: () => void): () => void {
  const fromOtherTab = (event: StorageEvent) => {
    if (event.key !== STORAGE_KEY && event.key !== null) return;
    current = undefined;
    listener();
  };
  listeners.add(listener);
  window.addEventListener("storage", fromOtherTab);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", fromOtherTab);
  };
}

/** Parses what {@link updateSaved} or an export wrote; undefined for anything else. */
export function parseSaved(text: string | null): Saved | undefined {
  if (text === null) return undefined;
  try {
    return saved.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * The data to export: without pending changes, which only the browser that signed them sends, and without RPC URLs,
 * which often contain the user's API key.
 */
export const exportedSaved = (kept: Saved): Saved => ({
  ...kept,
  changes: [],
  settings: nothingSaved.settings,
});

/**
 * Merges an exported file into the saved data, without duplicates. Settings stay unchanged: a file that a user was
 * tricked into importing must not set RPC URLs.
 */
export function mergeSaved(kept: Saved, imported: Saved): Saved {
  const joined = <one>(
    before: readonly one[],
    more: readonly one[],
    nameOf: (item: one) => string,
  ): one[] => {
    const known = new Set(before.map(nameOf));
    return [...before, ...more.filter((item) => !known.has(nameOf(item)))];
  };
  return {
    version: 1,
    passkeys: joined(kept.passkeys, imported.passkeys, ({ id }) => id).slice(0, MOST_SAVED.passkeys),
    accounts: joined(
      kept.accounts,
      imported.accounts,
      ({ chainId, address }) => `${chainId} ${address}`,
    ).slice(0, MOST_SAVED.accounts),
    grants: joined(kept.grants, imported.grants, ({ grant }) => toJson(grant)).slice(0, MOST_SAVED.grants),
    changes: kept.changes,
    settings: kept.settings,
  };
}
