import type { Removal } from "./Removal.ts";
import { rulesOf } from "./rulesOf.ts";

const check = rulesOf("libraries/SessionChecks.sol");

/** The bounds that every session keeps. */
export const sessionChecks: Removal[] = [
  check(
    "well-formed",
    "a malformed session is refused",
    "if (flawed) revert ISessionErrors.MalformedSession(flaw, index);",
  ),
  check(
    "flaw-of-budget",
    "a budget's flaw is told, though those behind it have none",
    "for (; flaw == NONE && index",
    "for (; index",
  ),
  check(
    "flaw-before-actions",
    "no action is looked at where a budget has a flaw",
    "if (flaw == NONE) {",
    "if (true) {",
  ),
  check(
    "flaw-of-action",
    "an action's flaw is told, though those behind it have none",
    "for (index = 0; flaw == NONE && index",
    "for (index = 0; index",
  ),
  check("flaw-index", "it is told which budget or action has the flaw", "index - 1 : 0", "index : 0"),
  check("account-is-0", "the account is not 0", "account == address(0) || "),
  check("key-is-0", "the key is not 0", "session.key == address(0) || "),
  check("key-is-account", "the key is not the account", " || session.key == account"),
  check("window-order", "a session ends after it begins", "validUntil <= session.validAfter || "),
  check("window-least", "a session ends in second 2 or later", "validUntil < 2 || "),
  check("window-most", "a session ends before 2**47", " || validUntil >= 1 << 47"),
  check("token-is-account", "a budget's token is not the account", "token == session.account || "),
  check("token-is-module", "a budget's token is not the module", "token == module || "),
  check("token-twice", "a token has one budget", "if (indexOf(session, token) != i) return Flaw.TOKEN;"),
  check("per-transaction-is-0", "perTransaction is more than 0", "perTransaction == 0 || "),
  check(
    "per-transaction-above-per-period",
    "perTransaction is at most perPeriod",
    "perTransaction > budget.perPeriod || ",
  ),
  check("period-is-0", "a period is more than 0", " || budget.period == 0"),
  check(
    "initial-without-stream",
    "an initial amount needs a stream",
    "budget.perSecond == 0 ? budget.initial != 0 : signatures != 0",
    "budget.perSecond != 0 && signatures != 0",
  ),
  check(
    "stream-with-signatures",
    "a stream has no signatures",
    "budget.perSecond == 0 ? budget.initial != 0 : signatures != 0",
    "budget.perSecond == 0 && budget.initial != 0",
  ),
  check(
    "sizes-without-signatures",
    "there are no slot sizes without signatures",
    "if (sizes != 0) return Flaw.SLOTS;",
  ),
  check(
    "kinds-of-signatures-apart",
    "EIP-3009 and Permit2 do not share a budget",
    "signatures & EIP_3009 != 0 || ",
  ),
  check(
    "kinds-of-signatures-most",
    "there are no signatures above 6",
    " || signatures > PERMIT2_EXACT + PERMIT2_UPTO",
  ),
  check("token-is-permit2", "a budget's token is not Permit2", " || token == PERMIT2"),
  check(
    "target-is-permit2",
    "an action's target is not Permit2",
    "if (target == PERMIT2) return Flaw.TARGET;",
  ),
  check(
    "smallest-slot-quarters",
    "each size of slots is worth a quarter of the one before",
    "halvings <<= 1;",
    "{}",
  ),
  check(
    "signatures-of-native-coin",
    "the native coin has no signatures",
    "token == address(0) || sizes",
    "sizes",
  ),
  check("most-slot-sizes", "there are at most 8 slot sizes", " || sizes > MAX_SIZES"),
  check(
    "smallest-slot",
    "the smallest slot is worth something",
    "if (perTransaction >> halvings == 0) return Flaw.SLOTS;",
  ),
  check(
    "most-lots",
    "a period has fewer than 2**32 lots",
    "if (budget.perPeriod >> 32 >= perTransaction) return Flaw.SLOTS;",
  ),
  check(
    "most-lots-edge",
    "2**32 lots are too many",
    "budget.perPeriod >> 32 >= perTransaction",
    "budget.perPeriod >> 32 > perTransaction",
  ),
  check("no-recipient", "a budget has a recipient", "if (count == 0) return Flaw.RECIPIENTS;"),
  check("recipient-is-0", "a recipient is not 0", "recipient == address(0) || "),
  check("anyone-beside-others", "ANYONE stands alone", " || (recipient == ANYONE && count != 1)"),
  check("target-is-0", "an action's target is not 0", "target == address(0) || "),
  check("target-is-account", "an action's target is not the account", " || target == session.account"),
  check("target-is-module", "an action's target is not the module", " || target == module"),
  check(
    "target-is-token",
    "an action's target is not a budget's token",
    "if (indexOf(session, target) != session.budgets.length) return Flaw.TARGET;",
  ),
  check("operator", "a rule's operator is at most 5", "if (action.rules[i].op > 5) return Flaw.OPERATOR;"),
];
