// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {StandardToken} from "./StandardToken.sol";

/// @title A token whose allowances have 96 bits, as those of COMP and UNI have
/// @notice Like them it takes the largest uint256 for the largest uint96, and reverts for other amounts above it.
contract Uint96Token is StandardToken {
    error Exceeds96Bits(uint256 value);

    function approve(address spender, uint256 value) external override returns (bool) {
        if (value == type(uint256).max) value = type(uint96).max;
        if (value > type(uint96).max) revert Exceeds96Bits(value);
        _approve(msg.sender, spender, value);
        return true;
    }
}
