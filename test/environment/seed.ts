import fc from "fast-check";

/**
 * What random tests draw from. The same on every run, so that a run which passed passes again: fresh seeds are for
 * `npm run test:deep`. LATCHKEY_SEED=… repeats the run that printed it, or tries another.
 */
export const SEED = Number(
  process.env.LATCHKEY_SEED ?? (process.env.LATCHKEY_DEEP ? Date.now() % 2 ** 31 : 20_261_122),
);

fc.configureGlobal({ seed: SEED });
