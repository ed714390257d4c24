// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {MockToken} from "./MockToken.sol";

/// @title A token that answers false where others revert
/// @notice It may be told to answer any bytes at all, whatever it did.
contract FalseToken is MockToken {
    /// @notice Whether approvals are refused, too.
    bool public refusesApprovals;
    /// @notice Answered in place of the truth, where there is any.
    bytes public answer;

    function refuseApprovals(bool yes) external {
        refusesApprovals = yes;
    }

    function answerWith(bytes calldata newAnswer) external {
        answer = newAnswer;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        return _answer(_move(msg.sender, to, value));
    }

    function approve(address spender, uint256 value) external returns (bool) {
        if (refusesApprovals) return _answer(false);
        _approve(msg.sender, spender, value);
        return _answer(true);
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        return _answer(_moveAllowed(from, to, value));
    }

    function _answer(bool truth) private view returns (bool) {
        bytes memory given = answer;
        if (given.length == 0) return truth;
        assembly ("memory-safe") {
            return(add(given, 32), mload(given))
        }
    }
}
