// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// @title Words and byte strings within calldata
/// @dev The caller checks bounds: trailing bytes are read too.
library CalldataWords {
    /// @notice The 32 bytes of `bytes_` at `offset`.
    function wordAt(bytes calldata bytes_, uint256 offset) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(bytes_.offset, offset))
        }
    }

    /// @notice The byte string in `bytes_` that begins at `start` with its length.
    function bytesAt(bytes calldata bytes_, uint256 start) internal pure returns (bytes calldata found) {
        assembly ("memory-safe") {
            found.offset := add(add(bytes_.offset, start), 32)
            found.length := calldataload(sub(found.offset, 32))
        }
    }

    /// @notice Where the byte string that begins at `start` ends, zero-padded to whole words.
    /// @dev The caller checks that the end is within `bytes_`.
    function endOfBytes(bytes calldata bytes_, uint256 start) internal pure returns (bool ok, uint256 end) {
        unchecked {
            uint256 length = wordAt(bytes_, start);
            uint256 padding = (0 - length) & 31;
            end = start + 32 + length;
            ok = length <= bytes_.length && wordAt(bytes_, end) >> (256 - 8 * padding) == 0;
            end += padding;
        }
    }
}
