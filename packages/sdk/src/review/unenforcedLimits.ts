import { type Address, isAddressEqual, maxUint128 } from "viem";
import { isPaidByPermit2 } from "../session/paymentMethods.ts";
import { ANYONE, type Session } from "../session/Session.ts";
import { bypassableRules } from "./bypassableRules.ts";
import { mostSpendable } from "./mostSpendable.ts";
import { narrowsNothing } from "./narrowsNothing.ts";
import type { UnenforcedLimit } from "./SessionReview.ts";
import type { TokenFacts } from "./TokenFacts.ts";

/** What the chain does not limit about a session: only what applies to this one. */
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
      "It may pay anyone: anyone with the key can pay themselves, up to the limits.",
    );
  const repeated = budgets.filter((budget) => mostSpendable(session, budget).periods > 1n);
  if (repeated.length > 0)
    add(
      "PERIOD_EDGE",
      repeated.map(({ token }) => token),
      "Periods are fixed windows: around the edge of two, the limits of both can be spent within moments.",
    );
  if (budgets.length > 0) {
    add(
      "NUMBER_OF_PAYMENTS",
      [],
      "The limit per payment does not limit the number of payments: several can share a block.",
    );
    add("SESSIONS_ADD_UP", [], "Every session has its own limits: those of several sessions add up.");
  }
  if (actions.length > 0) {
    const targets = actions.map(({ target }) => target);
    add(
      "UNBUDGETED_TOKENS",
      targets,
      "Tokens without a budget, and NFTs, are not tracked: its calls may move what their targets can move.",
    );
    add(
      "LATER_PULLS",
      targets,
      "A target that gets rights from its calls (such as Permit2 or an operator) may use them later, untracked.",
    );
    add("HIDDEN_BY_INFLOW", targets, "Incoming money during a call hides an equal outgoing amount.");
    const free = actions.filter(({ rules }) => rules.every(narrowsNothing)).map(({ target }) => target);
    if (free.length > 0) add("ANY_ARGUMENTS", free, "Some of its calls may be made with any arguments.");
    const evadable = actions.filter((action) => bypassableRules(action).length > 0);
    if (evadable.length > 0)
      add(
        "BYPASSABLE_CONDITIONS",
        evadable.map(({ target }) => target),
        "Some conditions of its calls can be bypassed if the function takes bytes, a string or a list: the caller can shift the following arguments.",
      );
  }
  if (parameters.sendsUserOps && session.gasAllowance > 0n) {
    if (session.gasAllowance === maxUint128)
      add(
        "GAS_NOT_COUNTED",
        [],
        "The gas cost of its userOps is not limited, and the bundler collects it: anyone with the key can drain the account's native coin this way.",
      );
    if (isAddressEqual(session.paymaster, ANYONE))
      add("ANY_PAYMASTER", [], "It may use any paymaster, including one that takes tokens approved to it.");
  }
  const approved = budgets.filter(isPaidByPermit2);
  if (approved.length > 0)
    add(
      "PERMIT2_APPROVAL",
      approved.map(({ token }) => token),
      "The account approves Permit2: anything else that can sign for it could take up to what is approved.",
    );
  const unknown = parameters.tokens.filter(({ known }) => !known).map(({ token }) => token);
  if (unknown.length > 0)
    add("UNKNOWN_SYMBOL", unknown, "Anyone can give a token any symbol: compare the addresses of these.");
  return limits;
}
