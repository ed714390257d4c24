// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title As much of ERC-20 as a contract needs that takes what it was allowed to
interface IPullable {
    function allowance(address owner, address spender) external view returns (uint256);
    function transferFrom(address from, address to, uint256 value) external;
}

/// @title A target that pulls what its caller has approved, as an exchange or a vault does
contract Puller {
    uint256 public pulled;

    /// @notice Pulls exactly `value` from the caller, to `to`.
    function pull(IPullable token, address to, uint256 value) external payable returns (uint256) {
        token.transferFrom(msg.sender, to, value);
        pulled += value;
        return value;
    }

    /// @notice Pulls all that the caller has approved, to `to`.
    function pullAll(IPullable token, address to) external payable returns (uint256 value) {
        value = token.allowance(msg.sender, address(this));
        token.transferFrom(msg.sender, to, value);
        pulled += value;
    }

    /// @notice Pulls from anyone who has approved it, for any caller: what happens when the session is not looking.
    function pullFrom(IPullable token, address from, address to, uint256 value) external {
        token.transferFrom(from, to, value);
        pulled += value;
    }
}
