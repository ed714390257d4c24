// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

interface IDepositToken {
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

/// @title A stand-in for the escrow of a payment channel whose payer is an EOA
/// @notice Anyone may deposit for a payer. How vouchers are signed and redeemed is left out: a session has no part in it.
contract ChannelStandIn {
    IDepositToken public immutable TOKEN;
    /// @notice What each payer's channel holds.
    mapping(address payer => uint256 amount) public deposited;

    constructor(IDepositToken token) {
        TOKEN = token;
    }

    function deposit(address payer, uint256 amount) external {
        deposited[payer] += amount;
        TOKEN.transferFrom(msg.sender, address(this), amount);
    }
}
