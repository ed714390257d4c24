// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IPullable} from "../Puller.sol";

/// @title A shop's honest till: anyone who sends it native coin, even with none, pays what he has approved
/// @notice It pulls from its caller only, and to its own shop only.
contract Till {
    IPullable private immutable _TOKEN;
    address private immutable _SHOP;
    uint256 private immutable _PRICE;

    constructor(IPullable token, address shop, uint256 price) {
        _TOKEN = token;
        _SHOP = shop;
        _PRICE = price;
    }

    receive() external payable {
        _TOKEN.transferFrom(msg.sender, _SHOP, _PRICE);
    }
}
