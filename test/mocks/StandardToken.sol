// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {MockToken} from "./MockToken.sol";

/// @title An ERC-20 as the standard has it: it answers true, or reverts
contract StandardToken is MockToken {
    error NotEnough(uint256 value);

    function transfer(address to, uint256 value) external returns (bool) {
        if (!_move(msg.sender, to, value)) revert NotEnough(value);
        return true;
    }

    function approve(address spender, uint256 value) external virtual returns (bool) {
        _approve(msg.sender, spender, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        if (!_moveAllowed(from, to, value)) revert NotEnough(value);
        return true;
    }
}
