// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// @title Words of calldata
library CalldataWords {
    /// @notice The 32 bytes of `bytes_` at `offset`.
    /// @dev The caller checks bounds: trailing bytes are read too.
    function wordAt(bytes calldata bytes_, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(bytes_.offset, offset))
        }
    }
}
