// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {State} from "../types/Session.sol";

/// What executions have spent from one budget in one period: one storage word.
///
///     bits   0 - 127   spent, in the token's base units
///     bits 128 - 175   the period that it was spent in: below 2**47, as validUntil is, so it cannot overflow
///     bit  240         in a session's first meter only: whether the session is paused
///     bits 248 - 255   in a session's first meter only: the session's State
type Meter is uint256;

using Meters for Meter global;

/// @title Reading and writing that word
library Meters {
    uint256 private constant STATE_AT = 248;
    uint256 private constant PAUSED_AT = 240;
    uint256 private constant PERIOD_AT = 128;

    function state(Meter meter) internal pure returns (State) {
        return State(Meter.unwrap(meter) >> STATE_AT);
    }

    /// @dev Cheaper than comparing the result of `state`: Solidity validates an enum on each access.
    function isIn(Meter meter, State asked) internal pure returns (bool) {
        return Meter.unwrap(meter) >> STATE_AT == uint256(asked);
    }

    function withState(Meter meter, State newState) internal pure returns (Meter) {
        return Meter.wrap(((Meter.unwrap(meter) << 8) >> 8) | (uint256(newState) << STATE_AT));
    }

    function isPaused(Meter meter) internal pure returns (bool) {
        return (Meter.unwrap(meter) >> PAUSED_AT) & 1 != 0;
    }

    /// @dev Enabled and not paused.
    function isUsable(Meter meter) internal pure returns (bool) {
        return Meter.unwrap(meter) >> PAUSED_AT == uint256(State.ENABLED) << (STATE_AT - PAUSED_AT);
    }

    function withPaused(Meter meter, bool paused) internal pure returns (Meter) {
        uint256 others = Meter.unwrap(meter) & ~(uint256(1) << PAUSED_AT);
        return Meter.wrap(paused ? others | (1 << PAUSED_AT) : others);
    }

    /// @notice What was spent in `period`. A meter of an earlier period reads as nothing spent; one of a later period,
    /// as fully spent: it must never go back, or that period could be spent again.
    function spentIn(Meter meter, uint256 period) internal pure returns (uint256) {
        uint256 last = uint48(Meter.unwrap(meter) >> PERIOD_AT);
        if (last == period) return uint128(Meter.unwrap(meter));
        return last < period ? 0 : type(uint256).max;
    }

    /// @dev `spent` is at most perPeriod, which is a uint128.
    function withSpent(Meter meter, uint256 period, uint256 spent) internal pure returns (Meter) {
        return Meter.wrap(((Meter.unwrap(meter) >> PAUSED_AT) << PAUSED_AT) | (period << PERIOD_AT) | spent);
    }
}
