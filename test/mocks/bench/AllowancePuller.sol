// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The smallest shop: whoever calls it pays it out of an allowance
contract AllowancePuller {
    function pull(address token, uint256 amount) external {
        // A token that answers false is none of the bench's: USDC reverts.
        require(IERC20(token).transferFrom(msg.sender, address(this), amount), "not paid");
    }
}
