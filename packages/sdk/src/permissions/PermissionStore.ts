import type { PermissionResponse } from "../handoff/permissionResponse.ts";

/**
 * Keeps the permissions that were granted to one site, as JSON. Sessions that were never used are not on chain, so what is
 * lost here can no longer be listed; the account can still revoke it.
 */
export type PermissionStore = {
  /** Keeps the answers to one request: all or, by throwing, none. Then the site gets none either. */
  add(responses: readonly PermissionResponse[]): Promise<void>;
  /** All that was added, in order. What is over may be left out. */
  list(): Promise<readonly PermissionResponse[]>;
};

/** A store that forgets everything when the program ends. */
export function memoryPermissionStore(): PermissionStore {
  const all: PermissionResponse[] = [];
  return {
    async add(responses) {
      all.push(...structuredClone(responses));
    },
    async list() {
      return structuredClone(all);
    },
  };
}
