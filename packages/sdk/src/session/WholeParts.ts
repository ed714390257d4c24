/** Which parts of a session stand whole in its bytes. What is not named stands there as its EIP-712 hash. */
export type WholeParts = {
  /** Indexes of budgets. */
  budgets: readonly number[];
  /** Whether the list of actions does. */
  actions: boolean;
};

/** Stands in session bytes before the hash of a part that is left out. */
export const LEFT_OUT = 255;
