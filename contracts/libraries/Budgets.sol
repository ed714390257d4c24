// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ISessionErrors} from "../interfaces/ISessionErrors.sol";
import {EIP_3009, Session, SessionBudget} from "../types/Session.sol";
import {Meter} from "./Meter.sol";
import {Nodes} from "./Nodes.sol";
import {Slots} from "./Slots.sol";

/// @title Where $20 a day is enforced
library Budgets {
    /// @notice Adds an execution's total to what the period has spent, or reverts: PerTransactionExceeded,
    /// PeriodExceeded, LotOpened.
    ///
    /// With $1 per transaction, $20 per day and $18.70 spent today, $1.01 fails the first rule. $1.00 passes and leaves
    /// $0.30, so that $0.31 fails the second rule until the session's next day. Signed payments spend the same $20 from
    /// the other end, see Slots and Nodes: the third rule keeps both rails from using the same lot.
    ///
    /// @param meter The stored meter of this budget.
    /// @return charged The new meter to store.
    /// @return period The number of the period that was charged.
    function charge(
        Session memory session,
        bytes32 id,
        uint256 index,
        Meter meter,
        uint256 amount
    ) internal view returns (Meter charged, uint256 period) {
        SessionBudget memory budget = session.budgets[index];
        if (amount > budget.perTransaction) {
            revert ISessionErrors.PerTransactionExceeded(budget.token, amount, budget.perTransaction);
        }
        period = periodAt(session, budget, block.timestamp);
        uint256 spent = meter.spentIn(period);
        uint256 released = releasedAt(session, budget, block.timestamp);
        unchecked {
            // A meter of a later period reads as more than was released, which leaves nothing for any amount.
            if (spent > released || amount > released - spent) {
                revert ISessionErrors.PeriodExceeded(
                    budget.token,
                    amount,
                    spent < released ? released - spent : 0,
                    resetsAt(session, budget, period)
                );
            }
        }
        if (budget.signatures != 0) _requireReachedLotUnused(session.account, id, index, budget, period, spent, amount);
        unchecked {
            charged = meter.withSpent(period, spent + amount); // at most perPeriod
        }
    }

    /// @dev The third rule: signed payments have used no part of the lot that executions newly reach, if they reach
    /// one.
    function _requireReachedLotUnused(
        address account,
        bytes32 id,
        uint256 index,
        SessionBudget memory budget,
        uint256 period,
        uint256 spent,
        uint256 amount
    ) private view {
        (bool reached, uint256 lot) = Slots.reachedLot(budget, spent, amount);
        if (!reached) return;
        bytes32 prefix = Slots.prefixOf(id, index, period);
        if (budget.signatures == EIP_3009) Slots.requireUnopened(account, prefix, budget, lot);
        else Nodes.requireUnused(account, prefix, budget.token, lot);
    }

    /// @notice The first two rules for a payment whose time is not known yet: a userOp is charged in its validation,
    /// which must not read the clock. It is only valid from `from` until `until`. Never reverts.
    ///
    /// Not for streams, which release by the second, nor for budgets shared with signed payments: a validation must not
    /// ask the token, or Permit2, which lots are open.
    ///
    /// @param period The payment's period, as named by the session's key.
    /// @return ok Whether both rules allow it.
    /// @return total The period's spending including this payment.
    function tryChargeIn(
        Session memory session,
        SessionBudget memory budget,
        Meter meter,
        uint48 period,
        uint256 amount
    ) internal pure returns (bool ok, uint256 total, uint256 from, uint256 until) {
        if (budget.signatures != 0 || budget.perSecond != 0) return (false, 0, 0, 0);
        if (amount > budget.perTransaction) return (false, 0, 0, 0);
        unchecked {
            // A period's number has 48 bits here and its length 32.
            from = session.validAfter + uint256(period) * budget.period;
            until = from + budget.period;
            if (until > session.validUntil) until = session.validUntil;
            uint256 spent = meter.spentIn(period);
            // An EntryPoint treats a last second of 0 as no limit.
            ok = from < until && until > 1 && spent <= budget.perPeriod && amount <= budget.perPeriod - spent;
            total = spent + amount;
        }
    }

    /// @notice The number of the period that contains `time`. Period k starts at validAfter + k * period.
    /// @dev `time` is not before validAfter, and a session's period is not 0: both are checked earlier.
    function periodAt(
        Session memory session,
        SessionBudget memory budget,
        uint256 time
    ) internal pure returns (uint256) {
        unchecked {
            return (time - session.validAfter) / budget.period;
        }
    }

    /// @notice How much the period of `time` has released: all of perPeriod, or a stream's amount at that time.
    /// @dev A stream resets each period. Its product is below 2**160.
    function releasedAt(
        Session memory session,
        SessionBudget memory budget,
        uint256 time
    ) internal pure returns (uint256) {
        uint256 perSecond = budget.perSecond;
        if (perSecond == 0) return budget.perPeriod;
        uint256 streamed;
        unchecked {
            streamed = budget.initial + perSecond * ((time - session.validAfter) % budget.period);
        }
        return streamed < budget.perPeriod ? streamed : budget.perPeriod;
    }

    /// @notice When the next period starts, or the session ends, whichever is sooner.
    function resetsAt(
        Session memory session,
        SessionBudget memory budget,
        uint256 period
    ) internal pure returns (uint256) {
        uint256 next = session.validAfter + (period + 1) * budget.period;
        return next < session.validUntil ? next : session.validUntil;
    }
}
