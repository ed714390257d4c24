// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IPullable} from "./Puller.sol";

/// @title A router that an account has approved long ago
/// @notice Its calls say nothing of the money they move: only the account's balance tells.
contract Router {
    /// @notice What the next call takes from the caller, and to whom it goes.
    IPullable public token;
    address public beneficiary;
    uint256 public amount;
    /// @notice How many calls there were.
    uint256 public calls;

    function prepare(IPullable token_, address beneficiary_, uint256 amount_) external {
        token = token_;
        beneficiary = beneficiary_;
        amount = amount_;
    }

    /// @notice Looks harmless: no amount, no recipient, no token.
    function route() external payable {
        calls++;
        if (amount != 0) token.transferFrom(msg.sender, beneficiary, amount);
    }

    /// @notice Takes, then gives back: at the end of the call nothing is gone.
    function borrowAndReturn(IPullable token_, uint256 value) external {
        calls++;
        token_.transferFrom(msg.sender, address(this), value);
        (bool success, ) = address(token_).call(
            abi.encodeWithSignature("transfer(address,uint256)", msg.sender, value)
        );
        require(success);
    }

    /// @notice Pays the caller in tokens that it has here, and in native coin as far as it was sent any.
    function pay(IPullable token_, uint256 value) external payable {
        calls++;
        (bool success, ) = address(token_).call(
            abi.encodeWithSignature("transfer(address,uint256)", msg.sender, value)
        );
        require(success);
        if (msg.value != 0) {
            (success, ) = msg.sender.call{value: msg.value}("");
            require(success);
        }
    }
}
