// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ISafe} from "../../interfaces/ISafe.sol";

/// @title Reads a Safe's fallback handler
library SafeFallbackHandler {
    /// @dev keccak256("fallback_manager.handler.address"): the Safe's storage slot for it.
    uint256 private constant SLOT = 0x6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5;

    /// @notice The Safe's handler, or 0. Never reverts: `ok` is false if the account does not behave like a Safe.
    function tryRead(address safe) internal view returns (bool ok, address handler) {
        (bool success, bytes memory answer) = safe.staticcall(abi.encodeCall(ISafe.getStorageAt, (SLOT, 1)));
        // `abi.encode(bytes)` of one word, an address.
        if (!success || answer.length != 96) return (false, handler);
        uint256 offset;
        uint256 length;
        uint256 word;
        assembly ("memory-safe") {
            offset := mload(add(answer, 32))
            length := mload(add(answer, 64))
            word := mload(add(answer, 96))
        }
        return (offset == 32 && length == 32 && word >> 160 == 0, address(uint160(word)));
    }
}
