import type { Refusal } from "./Refusal.ts";

/** What of a session stands in its bytes as a hash only. */
export type LeftOut = { budgets: readonly number[]; actions: boolean };

/** Nothing is left out. */
export const WHOLE: LeftOut = { budgets: [], actions: false };

export const isWhole = ({ budgets, actions }: LeftOut): boolean => budgets.length === 0 && !actions;

/** Why a use is refused that needs what is left out; it names all that is. */
export const partLeftOut = ({ budgets, actions }: LeftOut): Refusal => ({
  name: "PartLeftOut",
  args: [budgets.reduce((parts, index) => parts | (1n << BigInt(index)), actions ? 256n : 0n)],
});
