/** Which parts of a session are whole in its bytes. Other parts are replaced by their EIP-712 hashes. */
export type WholeParts = {
  /** Indexes of budgets. */
  budgets: readonly number[];
  /** Whether the list of actions does. */
  actions: boolean;
};

/** Precedes the hash of an omitted part in session bytes. */
export const LEFT_OUT = 255;
