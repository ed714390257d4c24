import type { Action, Rule } from "../session/Session.ts";
import { headOf } from "./headOf.ts";
import { narrowsNothing } from "./narrowsNothing.ts";

/**
 * The rules of an action that the caller can bypass, as the word that they check may not be the one that the
 * function reads.
 *
 * Bytes, strings, lists and structs with one of these come after the arguments of fixed size, where an offset
 * among those points. The caller can shift that offset, and leave a decoy that satisfies the rule at the old position. No
 * decoy is possible for the first word, for any word of a function that is known to have it at a fixed place, and for one
 * before which every byte is fixed by rules of `==`: the offsets are among those. Of every other rule it is not known, and
 * it counts as one that can be bypassed. Whether fixed words have the values that an encoder gives them, only the
 * function's ABI tells.
 */
export function bypassableRules({ selector, rules }: Pick<Action, "selector" | "rules">): readonly Rule[] {
  const head = headOf(selector);
  const end = head === undefined ? 4 + 32 : 4 + head;
  const fixed = fixedUntil(rules);
  return rules.filter((rule) => !narrowsNothing(rule) && rule.offset + 32 > end && rule.offset > fixed);
}

/** Up to which byte of the calldata rules of `==` leave nothing to choose. */
function fixedUntil(rules: readonly Rule[]): number {
  let until = 4;
  for (const { offset, op } of [...rules].sort((a, b) => a.offset - b.offset))
    if (op === 0 && offset <= until) until = Math.max(until, offset + 32);
  return until;
}
