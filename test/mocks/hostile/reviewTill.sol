// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IPullable} from "../Puller.sol";

/// @title A shop's honest till: whoever pokes it with native coin, even with none, pays what he has approved
/// @notice It pulls from its caller only, and to its own shop only.
contract ReviewTill {
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

/// @title An account that is no Safe, executes for modules as one, and answers what it does not know with a long yes
contract ReviewSpendthrift {
    /// @notice How much gas an answer to the unknown takes.
    uint256 private immutable _EFFORT;

    constructor(uint256 effort) {
        _EFFORT = effort;
    }

    function domainSeparator() external pure returns (bytes32) {
        return keccak256("an EIP-712 domain, as many wallets have one");
    }

    function execTransactionFromModuleReturnData(
        address to,
        uint256 value,
        bytes calldata data,
        uint8
    ) external returns (bool success, bytes memory returned) {
        (success, returned) = to.call{value: value}(data);
    }

    fallback() external payable {
        // Less gas than that does not do: it runs out.
        uint256 end = gasleft() > _EFFORT ? gasleft() - _EFFORT : 0;
        while (gasleft() > end) {}
    }

    receive() external payable {}
}
