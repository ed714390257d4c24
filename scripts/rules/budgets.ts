import type { Removal } from "./Removal.ts";

const file = "Budgets.sol";

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
    find: "return uint48(Meter.unwrap(meter) >> PERIOD_AT) == period ? uint128(Meter.unwrap(meter)) : 0;",
    replace: "return uint128(Meter.unwrap(meter));",
  },
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
