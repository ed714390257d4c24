import type { Removal } from "./Removal.ts";

const file = "Budgets.sol";

/** What is charged where a userOp is validated. */
const inValidation = (name: string, rule: string, find: string, replace = ""): Removal => ({
  name,
  rule,
  file,
  find,
  replace,
  accounts: "ERC-7579",
});

/** What executions may spend. */
export const budgets: Removal[] = [
  {
    name: "per-transaction",
    rule: "an execution moves at most perTransaction",
    file,
    find: "if (amount > budget.perTransaction) {",
    replace: "if (false) {",
  },
  {
    name: "per-transaction-edge",
    rule: "an execution may move all of perTransaction",
    file,
    find: "if (amount > budget.perTransaction) {",
    replace: "if (amount >= budget.perTransaction) {",
  },
  {
    name: "per-period",
    rule: "a period moves at most what it has released",
    file,
    find: "if (amount > left) {",
    replace: "if (false) {",
  },
  {
    name: "per-period-edge",
    rule: "a period may move all that it has released",
    file,
    find: "if (amount > left) {",
    replace: "if (amount >= left) {",
  },
  {
    name: "reached-lot",
    rule: "an execution does not reach a lot that is opened",
    file,
    find: "if (budget.slotSizes != 0) {",
    replace: "if (false) {",
  },
  {
    name: "spent-is-added",
    rule: "what an execution spends is added to what was spent",
    file,
    find: "charged = meter.withSpent(period, spent + amount);",
    replace: "charged = meter.withSpent(period, amount);",
  },
  {
    name: "spent-of-older-period",
    rule: "what an older period spent is not this one's",
    file,
    find: "return last < period ? 0 : type(uint256).max;",
    replace: "return uint128(Meter.unwrap(meter));",
  },
  inValidation(
    "spent-of-newer-period",
    "a meter is never set back to an older period",
    "return last < period ? 0 : type(uint256).max;",
    "return 0;",
  ),
  inValidation(
    "payment-slots",
    "no userOp is charged to a budget that signed authorizations spend",
    "budget.slotSizes != 0 || budget.perSecond",
    "budget.perSecond",
  ),
  inValidation(
    "payment-stream",
    "no userOp is charged to a stream",
    "budget.slotSizes != 0 || budget.perSecond != 0",
    "budget.slotSizes != 0",
  ),
  inValidation(
    "payment-per-transaction",
    "a userOp pays at most perTransaction",
    "amount > budget.perTransaction || period",
    "period",
  ),
  inValidation(
    "payment-per-transaction-edge",
    "a userOp may pay all of perTransaction",
    "amount > budget.perTransaction || period",
    "amount >= budget.perTransaction || period",
  ),
  inValidation("payment-period-width", "a period's number does not wrap", " || period > type(uint48).max"),
  inValidation(
    "payment-period-from-valid-after",
    "a userOp's period 0 begins at validAfter",
    "from = session.validAfter + period * budget.period;",
    "from = period * budget.period;",
  ),
  inValidation(
    "payment-period-ends",
    "a userOp is good until its period ends",
    "until = from + budget.period;",
    "until = session.validUntil;",
  ),
  inValidation(
    "payment-session-ends",
    "a userOp is good until the session ends",
    "if (until > session.validUntil) until = session.validUntil;",
  ),
  inValidation(
    "payment-period-in-session",
    "a userOp's period begins before the session ends",
    "ok = from < until && until > 1",
    "ok = until > 1",
  ),
  inValidation(
    "payment-last-second-0",
    "no userOp is good for ever because its last second is 0",
    "from < until && until > 1 &&",
    "from < until &&",
  ),
  inValidation(
    "payment-spent",
    "a userOp of a period that is closed pays nothing",
    "spent <= budget.perPeriod && amount",
    "amount",
  ),
  inValidation(
    "payment-per-period",
    "userOps of a period pay at most perPeriod",
    " && amount <= budget.perPeriod - spent",
  ),
  inValidation(
    "payment-per-period-edge",
    "userOps of a period may pay all of perPeriod",
    "amount <= budget.perPeriod - spent",
    "amount < budget.perPeriod - spent",
  ),
  inValidation(
    "payment-adds-up",
    "what a userOp pays is added to what was spent",
    "total = spent + amount;",
    "total = amount;",
  ),
  {
    name: "period-from-valid-after",
    rule: "period 0 begins at validAfter",
    file,
    find: "return (time - session.validAfter) / budget.period;",
    replace: "return time / budget.period;",
  },
  {
    name: "stream-from-period",
    rule: "a stream starts anew each period",
    file,
    find: "((time - session.validAfter) % budget.period)",
    replace: "(time - session.validAfter)",
  },
  {
    name: "stream-at-most",
    rule: "a stream releases at most perPeriod",
    file,
    find: "return streamed < budget.perPeriod ? streamed : budget.perPeriod;",
    replace: "return streamed;",
  },
  {
    name: "stream-initial",
    rule: "a stream begins with its initial amount",
    file,
    find: "streamed = budget.initial + perSecond",
    replace: "streamed = perSecond",
  },
  {
    name: "state-is-kept",
    rule: "a charge leaves the session's state as it is",
    file,
    find: "((Meter.unwrap(meter) >> STATE_AT) << STATE_AT) | (period",
    replace: "(period",
  },
  {
    name: "spent-is-kept",
    rule: "a change of state leaves what was spent as it is",
    file,
    find: "((Meter.unwrap(meter) << 8) >> 8) | (uint256(newState)",
    replace: "(uint256(newState)",
  },
  {
    name: "resets-with-session",
    rule: "a period ends with its session",
    file,
    find: "return next < session.validUntil ? next : session.validUntil;",
    replace: "return next;",
  },
];
