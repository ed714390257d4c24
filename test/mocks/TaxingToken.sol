// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {StandardToken} from "./StandardToken.sol";

/// @title A token that takes a hundredth of every transfer, also of one to oneself
contract TaxingToken is StandardToken {
    function _move(address from, address to, uint256 value) internal override returns (bool) {
        uint256 tax = value / 100;
        if (!super._move(from, to, value)) return false;
        balanceOf[to] -= tax;
        totalSupply -= tax;
        emit Transfer(to, address(0), tax);
        return true;
    }
}
