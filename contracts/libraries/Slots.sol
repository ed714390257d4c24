// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {ISessionErrors} from "../interfaces/ISessionErrors.sol";
import {SessionBudget} from "../types/Session.sol";
import {Slot} from "../types/Slot.sol";

/// @title Counting with nonces
/// @notice A token validates an EIP-3009 authorization with a STATICCALL to the account, so nothing can be counted
/// there. But it marks the authorization's nonce as used before it moves the money, and reports whether a nonce is
/// used. So a session may only use nonces that represent parts of its budget, and the token counts.
///
/// With X = perTransaction and Y = perPeriod, a period has floor(Y / X) lots worth X each. A lot is spent as one slot
/// worth X, or as 4 worth X/4, or as 16 worth X/16, and so on, but never as two of these: a slot is only valid while
/// the lot is open at exactly its size, opened by slot 0 of that size. Executions spend from the top: the lot that an
/// execution's total newly reaches must not be open, and cannot be opened afterwards.
///
///     $1 per transaction, $20 per day, five sizes: 20 lots; slots worth $1, $0.25, $0.0625, $0.015625, $0.003906.
///     A signed $0.20 uses slot (lot 0, size 1, index 0), worth $0.25, and opens lot 0 at size 1. The next one uses
///     (0, 1, 1). A signed $0.003 opens lot 1 at size 4, where 255 more of these fit. An executed $0.70 takes
///     lot 19, and an executed $0.40 more takes lot 18.
library Slots {
    /// @dev authorizationState(address,bytes32), EIP-3009.
    uint256 private constant AUTHORIZATION_STATE = 0xe94a0102;

    /// @dev The first 17 bytes.
    bytes32 private constant PREFIX = bytes32(type(uint256).max << 120);

    /// @notice The prefix of all nonces of a budget's period: 17 bytes of a hash, the rest zero.
    /// @dev If two periods of the account had the same 17 bytes, a nonce used in one would be used in the other too, as
    /// if by someone else: that can only cost budget.
    function prefixOf(bytes32 id, uint256 budgetIndex, uint256 period) internal pure returns (bytes32) {
        return EfficientHashLib.hash(uint256(id), budgetIndex, period) & PREFIX;
    }

    /// @notice The nonce of a slot: the prefix of its period, lot (4 bytes), size (1), index (2), and 8 zero bytes.
    /// @dev The zero bytes are for tokens whose nonces are a 192-bit key and a sequence number: there, every slot is
    /// the first of its own key. Unchecked: slots have distinct nonces only if lot < 2**32, size < MAX_SIZES and index
    /// < 4**size. Callers must validate slots from external input.
    function nonceOf(bytes32 prefix, uint256 lot, uint256 size, uint256 index) internal pure returns (bytes32) {
        return prefix | bytes32((lot << 88) | (size << 80) | (index << 64));
    }

    /// @notice Whether an authorization over `value` may settle in the slot now.
    /// @param prefix The nonce prefix of the budget's current period.
    /// @param budget A budget with at most MAX_SIZES sizes.
    /// @param spent What executions have spent from the budget in this period.
    function isGood(
        address account,
        bytes32 prefix,
        SessionBudget memory budget,
        uint256 spent,
        Slot memory slot,
        uint256 value
    ) internal view returns (bool) {
        uint256 size = slot.size;
        if (!isWithin(budget, spent, slot, size << 1, value)) return false;
        // Followers also check every other size: a nonce used by someone else may only cost budget.
        for (uint256 other; other < budget.sizes; ++other) {
            bool opens = other == size && slot.index == 0;
            if (opens) continue;
            bytes32 opener = nonceOf(prefix, slot.lot, other, 0);
            (bool answered, bool used) = authorizationState(budget.token, account, opener);
            if (!answered || used != (other == size)) return false;
        }
        return true;
    }

    /// @notice Whether the budget has that slot or node, in a lot that executions have not reached, and it is worth
    /// `value`.
    /// @param halvings How often perTransaction is halved for its worth: a lot has 2**halvings of its size.
    function isWithin(
        SessionBudget memory budget,
        uint256 spent,
        Slot memory slot,
        uint256 halvings,
        uint256 value
    ) internal pure returns (bool) {
        uint256 x = budget.perTransaction;
        if (slot.size >= budget.sizes || slot.index >> halvings != 0 || value > x >> halvings) return false;
        // More lots do not fit into a nonce. A session that is not enabled may have them.
        if (slot.lot >> 32 != 0) return false;
        // Higher lots are reached by executions, or exceed the budget.
        return slot.lot < (budget.perPeriod - spent) / x;
    }

    /// @notice The lot that executions newly reach on their way from `spent` to `spent + amount`, if any.
    /// @dev At most one, since amount <= X and spent + amount <= Y.
    function reachedLot(
        SessionBudget memory budget,
        uint256 spent,
        uint256 amount
    ) internal pure returns (bool reached, uint256 lot) {
        uint256 left = budget.perPeriod - spent;
        lot = (left - amount) / budget.perTransaction;
        reached = lot != left / budget.perTransaction;
    }

    /// @notice Reverts with LotOpened if signed authorizations have opened the lot.
    function requireUnopened(address account, bytes32 prefix, SessionBudget memory budget, uint256 lot) internal view {
        for (uint256 size; size < budget.sizes; ++size) {
            bytes32 opener = nonceOf(prefix, lot, size, 0);
            (bool answered, bool used) = authorizationState(budget.token, account, opener);
            if (!answered) revert ISessionErrors.UnreadableToken(budget.token);
            if (used) revert ISessionErrors.LotOpened(budget.token, lot);
        }
    }

    /// @notice Whether the token has marked the account's nonce as used: EIP-3009 does not distinguish used from
    /// canceled.
    /// @return answered False if the token does not return exactly true or false.
    function authorizationState(
        address token,
        address account,
        bytes32 nonce
    ) internal view returns (bool answered, bool used) {
        assembly ("memory-safe") {
            let question := mload(0x40)
            mstore(question, AUTHORIZATION_STATE)
            mstore(add(question, 32), account)
            mstore(add(question, 64), nonce)
            let success := staticcall(gas(), token, add(question, 28), 68, 0, 32)
            answered := and(and(success, gt(returndatasize(), 31)), lt(mload(0), 2))
            used := and(answered, mload(0))
        }
    }
}
