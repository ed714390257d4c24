// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// @title Words of calldata
library CalldataWords {
    /// @notice The 32 bytes of `bytes_` from `offset` on.
    /// @dev Bounds are for the caller to look at: what lies behind the bytes is read, too.
    function wordAt(bytes calldata bytes_, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(bytes_.offset, offset))
        }
    }
}
