// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {Flaw, ISessionErrors} from "../interfaces/ISessionErrors.sol";
import {
    ANYONE,
    EIP_3009,
    MAX_SIZES,
    PERMIT2_EXACT,
    PERMIT2_UPTO,
    Session,
    SessionAction,
    SessionBudget
} from "../types/Session.sol";
import {PERMIT2} from "./Permit2.sol";

/// @title The bounds that every session must satisfy
/// @notice Checked before a session is enabled: the state ENABLED vouches for them from then on. A signed payment that
/// carries a grant does not enable the session, so each of those is checked.
/// @dev For a session read by SessionReader: its fields fit their types, and no list is too long. Not for one with
/// omitted parts.
library SessionChecks {
    /// @dev Malformed bytes are rejected before any of these checks.
    Flaw private constant NONE = Flaw.ENCODING;

    /// @notice Reverts with MalformedSession unless the session satisfies every bound.
    function requireWellFormed(Session memory session, address module) internal pure {
        (bool flawed, Flaw flaw, uint256 index) = flawOf(session, module);
        if (flawed) revert ISessionErrors.MalformedSession(flaw, index);
    }

    /// @notice The first bound that the session violates, if any.
    /// @return flawed Whether there is a violation.
    /// @return flaw The violated bound.
    /// @return index The affected budget or action; else 0.
    function flawOf(
        Session memory session,
        address module
    ) internal pure returns (bool flawed, Flaw flaw, uint256 index) {
        flaw = _ownFlaw(session);
        for (; flaw == NONE && index < session.budgets.length; ++index) {
            flaw = _budgetFlaw(session, index, module);
        }
        if (flaw == NONE) {
            for (index = 0; flaw == NONE && index < session.actions.length; ++index) {
                flaw = _actionFlaw(session, session.actions[index], module);
            }
        }
        flawed = flaw != NONE;
        // Each loop has incremented past the index where it stopped.
        index = flawed && index != 0 ? index - 1 : 0;
    }

    /// @notice The index of the token's budget, or the number of budgets if it has none.
    /// @dev Compares whole words: no address equals the token of an omitted budget.
    function indexOf(Session memory session, address token) internal pure returns (uint256 i) {
        SessionBudget[] memory budgets = session.budgets;
        uint256 count = budgets.length;
        for (; i < count; ++i) {
            bool found;
            assembly ("memory-safe") {
                let budget := mload(add(add(budgets, 32), shl(5, i)))
                found := eq(mload(budget), shr(96, shl(96, token)))
            }
            if (found) break;
        }
    }

    function _ownFlaw(Session memory session) private pure returns (Flaw) {
        address account = session.account;
        if (account == address(0) || session.key == address(0) || session.key == account) return Flaw.PARTIES;
        uint256 validUntil = session.validUntil;
        if (validUntil <= session.validAfter || validUntil < 2 || validUntil >= 1 << 47) return Flaw.WINDOW;
        return NONE;
    }

    function _budgetFlaw(Session memory session, uint256 i, address module) private pure returns (Flaw) {
        SessionBudget memory budget = session.budgets[i];
        address token = budget.token;
        if (token == session.account || token == module || token == PERMIT2) return Flaw.TOKEN;
        if (indexOf(session, token) != i) return Flaw.TOKEN;
        uint256 perTransaction = budget.perTransaction;
        if (perTransaction == 0 || perTransaction > budget.perPeriod || budget.period == 0) return Flaw.LIMITS;
        uint256 signatures = budget.signatures;
        if (budget.perSecond == 0 ? budget.initial != 0 : signatures != 0) return Flaw.STREAM;
        uint256 sizes = budget.sizes;
        if (signatures == 0) {
            if (sizes != 0) return Flaw.SLOTS;
        } else {
            if (token == address(0) || sizes == 0 || sizes > MAX_SIZES) return Flaw.SLOTS;
            uint256 halvings;
            unchecked {
                halvings = sizes - 1;
            }
            // EIP-3009 alone, or Permit2 by one scheme or both: the two do not count each other's payments.
            if (signatures == EIP_3009) halvings <<= 1;
            else if (signatures & EIP_3009 != 0 || signatures > PERMIT2_EXACT + PERMIT2_UPTO) return Flaw.SLOTS;
            if (perTransaction >> halvings == 0) return Flaw.SLOTS;
            // 2**32 lots or more do not fit into a nonce.
            if (budget.perPeriod >> 32 >= perTransaction) return Flaw.SLOTS;
        }
        address[] memory recipients = budget.recipients;
        uint256 count = recipients.length;
        if (count == 0) return Flaw.RECIPIENTS;
        for (uint256 r; r < count; ++r) {
            address recipient = recipients[r];
            if (recipient == address(0) || (recipient == ANYONE && count != 1)) return Flaw.RECIPIENTS;
        }
        return NONE;
    }

    function _actionFlaw(
        Session memory session,
        SessionAction memory action,
        address module
    ) private pure returns (Flaw) {
        address target = action.target;
        if (target == address(0) || target == session.account || target == module) return Flaw.TARGET;
        if (target == PERMIT2) return Flaw.TARGET;
        if (indexOf(session, target) != session.budgets.length) return Flaw.TARGET;
        for (uint256 i; i < action.rules.length; ++i) {
            if (action.rules[i].op > 5) return Flaw.OPERATOR;
        }
        return NONE;
    }
}
