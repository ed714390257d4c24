// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The smallest shop: its caller pays it from an allowance
contract AllowancePuller {
    function pull(address token, uint256 amount) external {
        // The bench has no token that returns false: USDC reverts.
        require(IERC20(token).transferFrom(msg.sender, address(this), amount), "not paid");
    }
}
