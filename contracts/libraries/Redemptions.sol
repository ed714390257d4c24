// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ISessionErrors} from "../interfaces/ISessionErrors.sol";
import {Call} from "../types/Session.sol";
import {CalldataWords} from "./CalldataWords.sol";
import {Calls} from "./Calls.sol";

/// @title What one entry of ERC-7710's `redeemDelegations` carries
/// @notice A context is `abi.encode(bytes session, bytes grant, address caller, uint256 nonce, uint48 deadline, bytes
/// keySignature)`. An execution is encoded as ERC-7579 says for its mode.
library Redemptions {
    using CalldataWords for bytes;

    /// Where a context has its caller, nonce and deadline.
    uint256 internal constant CALLER_AT = 64;
    uint256 internal constant NONCE_AT = 96;
    uint256 internal constant DEADLINE_AT = 128;
    /// @dev After three offsets and three values.
    uint256 private constant FIRST_AT = 192;

    /// @dev ERC-7579's modes of a single call and of a batch, in which no call may fail.
    bytes32 private constant SINGLE_DEFAULT = bytes32(0);
    bytes32 private constant BATCH_DEFAULT = bytes32(uint256(1) << 248);

    /// @notice The byte strings of a context, or reverts with MalformedContext.
    /// @dev Only the canonical encoding, so that one permission has one context. Without a key's signature, nothing
    /// else may be set.
    function readContext(
        bytes calldata context,
        uint256 i
    ) internal pure returns (bytes calldata session, bytes calldata grant, bytes calldata keySignature) {
        (bool first, uint256 grantAt) = context.endOfBytes(FIRST_AT);
        (bool second, uint256 signatureAt) = context.endOfBytes(grantAt);
        (bool third, uint256 end) = context.endOfBytes(signatureAt);
        session = context.bytesAt(FIRST_AT);
        grant = context.bytesAt(grantAt);
        keySignature = context.bytesAt(signatureAt);
        uint256 caller = context.wordAt(CALLER_AT);
        uint256 deadline = context.wordAt(DEADLINE_AT);
        // Zero if everything is where it must be. Bytes after the context may have been read, but nothing that ends
        // there is accepted.
        uint256 flaws = (context.wordAt(0) ^ FIRST_AT) | (context.wordAt(32) ^ grantAt);
        flaws |= (context.wordAt(160) ^ signatureAt) | (context.length ^ end);
        flaws |= (caller >> 160) | (deadline >> 48);
        if (keySignature.length == 0) flaws |= caller | context.wordAt(NONCE_AT) | deadline;
        if (!(first && second && third) || flaws != 0) revert ISessionErrors.MalformedContext(i);
    }

    /// @notice The calls of an execution, or reverts with UnsupportedMode, MalformedExecution or MalformedCall.
    function readExecution(
        bytes calldata execution,
        bytes32 mode,
        uint256 i
    ) internal pure returns (Call[] memory calls) {
        if (mode == SINGLE_DEFAULT) {
            // abi.encodePacked(address target, uint256 value, bytes data)
            if (execution.length < 52) revert ISessionErrors.MalformedExecution(i);
            calls = new Call[](1);
            calls[0].target = address(bytes20(execution));
            calls[0].value = execution.wordAt(20);
            calls[0].data = execution[52:];
        } else if (mode == BATCH_DEFAULT) {
            // abi.encode(Call[])
            uint256 count = execution.wordAt(32);
            bool fits = execution.length >= 64 && execution.wordAt(0) == 32 && count <= execution.length / 32;
            if (!fits) revert ISessionErrors.MalformedExecution(i);
            Call[] calldata batch;
            assembly ("memory-safe") {
                batch.offset := add(execution.offset, 64)
                batch.length := count
            }
            calls = Calls.copy(batch);
        } else {
            revert ISessionErrors.UnsupportedMode(i, mode);
        }
    }
}
