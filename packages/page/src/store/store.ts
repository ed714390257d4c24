import { PageFailure } from "../wording/PageFailure.ts";
import { MOST_SAVED, nothingSaved, type Saved, saved } from "./Saved.ts";
import { toJson } from "./toJson.ts";

/** Where everything is kept in the browser's storage. */
export const STORAGE_KEY = "latchkey";

let current: Saved | undefined;
/** The text that `current` was read from or written as. */
let currentText: string | null | undefined;
const listeners = new Set<() => void>();

/** What is kept. A text that this page cannot read counts as nothing, and is not thrown away: see {@link updateSaved}. */
export function readSaved(): Saved {
  if (!current) {
    currentText = localStorage.getItem(STORAGE_KEY);
    current = parseSaved(currentText) ?? nothingSaved;
  }
  return current;
}

/**
 * Changes what is kept. Other tabs may have written meanwhile, so it is read again first.
 *
 * @throws {PageFailure} STORE_REFUSED: the browser keeps nothing, as in some private windows.
 */
export function updateSaved(change: (saved: Saved) => Saved): void {
  const text = localStorage.getItem(STORAGE_KEY);
  // What has not changed stays the same object, so that nobody who watches it begins anew.
  const kept = current && text !== null && text === currentText ? current : parseSaved(text);
  const next = change(kept ?? current ?? nothingSaved);
  current = next;
  for (const listener of listeners) listener();
  try {
    // Of a later version, or damaged: a mended page may know it again.
    if (text !== null && !kept) localStorage.setItem(`${STORAGE_KEY}.unreadable`, text);
    const nextText = toJson(next);
    currentText = undefined;
    localStorage.setItem(STORAGE_KEY, nextText);
    currentText = nextText;
  } catch (error) {
    throw new PageFailure("STORE_REFUSED", {}, error);
  }
}

/** Calls the listener after every change, those of other tabs included. @returns What ends that. */
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

/** Reads what {@link updateSaved} or an export wrote; undefined for anything else. */
export function parseSaved(text: string | null): Saved | undefined {
  if (text === null) return undefined;
  try {
    return saved.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * What an export holds: no change that waits, as only the browser that signed it sends it; and not where chains are asked, as a provider's address often carries the reader's own
 * key for it.
 */
export const exportedSaved = (kept: Saved): Saved => ({
  ...kept,
  changes: [],
  settings: nothingSaved.settings,
});

/**
 * Joins an exported file with what is kept: what both have is kept once. Settings stay as they are: a file that somebody
 * was talked into importing must not choose where chains are asked.
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
