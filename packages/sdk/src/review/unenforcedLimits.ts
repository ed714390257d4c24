import { type Address, isAddressEqual, maxUint128 } from "viem";
import { ANYONE, type Session } from "../session/Session.ts";
import { bypassableRules } from "./bypassableRules.ts";
import { mostSpendable } from "./mostSpendable.ts";
import { narrowsNothing } from "./narrowsNothing.ts";
import type { UnenforcedLimit } from "./SessionReview.ts";
import type { TokenFacts } from "./TokenFacts.ts";

/** Says what the chain does not limit about a session: only what applies to this one. */
export function unenforcedLimits(
  session: Session,
  parameters: { tokens: readonly TokenFacts[]; sendsUserOps: boolean },
): UnenforcedLimit[] {
  const { budgets, actions } = session;
  const limits: UnenforcedLimit[] = [];
  const add = (code: UnenforcedLimit["code"], of: readonly Address[], sentence: string) =>
    limits.push({ code, of: [...new Set(of)], sentence });

  const toAnyone = budgets.filter(({ recipients }) => recipients.some((one) => isAddressEqual(one, ANYONE)));
  if (toAnyone.length > 0)
    add(
      "ANY_RECIPIENT",
      toAnyone.map(({ token }) => token),
      "It may pay anyone: whoever has the key can pay itself, up to the limits.",
    );
  const repeated = budgets.filter((budget) => mostSpendable(session, budget).periods > 1n);
  if (repeated.length > 0)
    add(
      "PERIOD_EDGE",
      repeated.map(({ token }) => token),
      "Periods are fixed windows: around the edge of two, as much as both release can move within moments.",
    );
  if (budgets.length > 0) {
    add(
      "NUMBER_OF_PAYMENTS",
      [],
      "The limit for one transaction does not limit how many there are: several can share a block.",
    );
    add("SESSIONS_ADD_UP", [], "Every session has limits of its own: what several allow adds up.");
  }
  if (actions.length > 0) {
    const targets = actions.map(({ target }) => target);
    add(
      "UNBUDGETED_TOKENS",
      targets,
      "Tokens without a budget, and NFTs, are not watched: its calls may move what their targets can move.",
    );
    add(
      "LATER_PULLS",
      targets,
      "A target that was given rights by its calls (as Permit2 or an operator) may use them later, unseen.",
    );
    add("HIDDEN_BY_INFLOW", targets, "Money that comes in during a call hides as much that leaves in it.");
    const free = actions.filter(({ rules }) => rules.every(narrowsNothing)).map(({ target }) => target);
    if (free.length > 0) add("ANY_ARGUMENTS", free, "Some of its calls may be made with any arguments.");
    const evadable = actions.filter((action) => bypassableRules(action).length > 0);
    if (evadable.length > 0)
      add(
        "BYPASSABLE_CONDITIONS",
        evadable.map(({ target }) => target),
        "Some conditions of its calls can be bypassed if the function takes bytes, a string or a list: whoever calls can move what stands behind it.",
      );
  }
  if (parameters.sendsUserOps && session.gasAllowance > 0n) {
    if (session.gasAllowance === maxUint128)
      add(
        "GAS_NOT_COUNTED",
        [],
        "What its userOps cost in gas is not limited, and whoever bundles them collects it: who has the key can take the account's native coin that way.",
      );
    if (isAddressEqual(session.paymaster, ANYONE))
      add(
        "ANY_PAYMASTER",
        [],
        "It may name any paymaster, also one that takes tokens which were approved to it.",
      );
  }
  const unknown = parameters.tokens.filter(({ known }) => !known).map(({ token }) => token);
  if (unknown.length > 0)
    add("UNKNOWN_SYMBOL", unknown, "Anybody can give a token any name: compare the addresses of these.");
  return limits;
}
