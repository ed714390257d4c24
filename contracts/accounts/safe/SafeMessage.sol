// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ISafe} from "../../interfaces/ISafe.sol";

/// @title The EIP-712 wrapping of messages signed by a Safe's owners
library SafeMessage {
    bytes32 private constant TYPEHASH = keccak256("SafeMessage(bytes message)");

    /// @notice The preimage of the digest that the Safe's owners sign for `message`. `ok` is false if the address
    /// returns no domain separator.
    function tryEncode(address safe, bytes memory message) internal view returns (bool ok, bytes memory preimage) {
        bytes memory answer;
        (ok, answer) = safe.staticcall(abi.encodeCall(ISafe.domainSeparator, ()));
        if (!ok || answer.length != 32) return (false, preimage);
        bytes32 structHash = keccak256(abi.encode(TYPEHASH, keccak256(message)));
        // Safe takes the preimage, where others take its hash.
        return (true, abi.encodePacked(hex"1901", bytes32(answer), structHash));
    }
}
