// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {MockToken} from "./MockToken.sol";

/// @title A token that answers nothing, as USDT on Ethereum does
/// @notice Like USDT it refuses to change an allowance that is not zero into another that is not zero.
contract NoReturnToken is MockToken {
    error NotEnough(uint256 value);
    error AllowanceNotZero();

    function transfer(address to, uint256 value) external {
        if (!_move(msg.sender, to, value)) revert NotEnough(value);
    }

    function approve(address spender, uint256 value) external {
        if (value != 0 && allowance[msg.sender][spender] != 0) revert AllowanceNotZero();
        _approve(msg.sender, spender, value);
    }

    function transferFrom(address from, address to, uint256 value) external {
        if (!_moveAllowed(from, to, value)) revert NotEnough(value);
    }
}
