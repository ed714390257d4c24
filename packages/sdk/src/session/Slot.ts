/** Which part of a period's budget an authorization uses: see {@link slotNonce}. */
export type Slot = {
  /** Which lot of the period, from 0. */
  lot: bigint;
  /** The slot is worth `perTransaction >> 2 * size`. */
  size: number;
  /** Which slot of that size, from 0, below `4 ** size`; 0 is the opener. */
  index: bigint;
};
