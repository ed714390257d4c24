// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Call, Session, Sessions} from "../Session.sol";

/// @title The one ABI encoding of an execution that counts as the account's own word
/// @notice ABI offsets leave room: the same arguments can be laid out in many ways, with bytes in between that nobody
/// reads or that are read twice. Where an account speaks, only the encoding that every encoder makes is taken, so that
/// nothing can hide in it and nothing can be appended to it.
library CanonicalExecution {
    /// @notice The arguments of `execute(Session session, bytes grant, Call[] calls)`, without the selector. Never
    /// reverts: `ok` is false where the bytes are anything but the canonical encoding.
    function tryRead(
        bytes calldata arguments
    ) internal pure returns (bool ok, Session memory session, bytes32 id, bytes calldata grant, Call[] calldata calls) {
        grant = arguments[:0];
        calls = _noCalls();
        if (arguments.length < 96 || _word(arguments, 0) != 96) return (false, session, id, grant, calls);
        Session calldata encoded;
        assembly ("memory-safe") {
            encoded := add(arguments.offset, 96)
        }
        (ok, session, id) = Sessions.tryRead(encoded);
        if (ok) (ok, grant, calls) = tryReadRest(arguments, session);
    }

    /// @notice The rest of the arguments, whose session has been read already.
    function tryReadRest(
        bytes calldata arguments,
        Session memory session
    ) internal pure returns (bool ok, bytes calldata grant, Call[] calldata calls) {
        grant = arguments[:0];
        calls = _noCalls();
        bytes memory encoded = abi.encode(session); // an offset, then the session
        uint256 grantAt = 64 + encoded.length;
        if (arguments.length < grantAt + 32) return (false, grant, calls);
        if (_word(arguments, 0) != 96 || _word(arguments, 32) != grantAt) return (false, grant, calls);
        if (_hashBehindOffset(encoded) != keccak256(arguments[96:grantAt])) return (false, grant, calls);

        uint256 callsAt = grantAt;
        (ok, callsAt) = _endOfBytes(arguments, grantAt);
        if (!ok || _word(arguments, 64) != callsAt || arguments.length < callsAt + 32) return (false, grant, calls);
        uint256 count = _word(arguments, callsAt);
        if (count > arguments.length / 32) return (false, grant, calls);

        // Each call begins where the one before ends, the first behind the list of offsets.
        uint256 list = callsAt + 32;
        uint256 end = list + 32 * count;
        if (arguments.length < end) return (false, grant, calls);
        for (uint256 i; i < count; ++i) {
            if (_word(arguments, list + 32 * i) != end - list || arguments.length < end + 128) {
                return (false, grant, calls);
            }
            if (_word(arguments, end) >> 160 != 0 || _word(arguments, end + 64) != 96) return (false, grant, calls);
            (ok, end) = _endOfBytes(arguments, end + 96);
            if (!ok) return (false, grant, calls);
        }
        ok = end == arguments.length;
        assembly ("memory-safe") {
            grant.offset := add(add(arguments.offset, grantAt), 32)
            grant.length := calldataload(sub(grant.offset, 32))
            calls.offset := add(arguments.offset, list)
            calls.length := count
        }
    }

    /// @dev Where `bytes` that begin at `start` with their length end, padded with zeros to whole words.
    function _endOfBytes(bytes calldata arguments, uint256 start) private pure returns (bool ok, uint256 end) {
        uint256 length = _word(arguments, start);
        if (length > arguments.length) return (false, start);
        end = start + 32 + ((length + 31) & ~uint256(31));
        if (end > arguments.length) return (false, start);
        if (length % 32 == 0) return (true, end);
        return (_word(arguments, end - 32) << (8 * (length % 32)) == 0, end);
    }

    function _hashBehindOffset(bytes memory encoded) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(encoded, 64), sub(mload(encoded), 32))
        }
    }

    function _noCalls() private pure returns (Call[] calldata calls) {
        assembly ("memory-safe") {
            calls.offset := 0
            calls.length := 0
        }
    }

    /// @dev Callers look at the length first.
    function _word(bytes calldata arguments, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(arguments.offset, offset))
        }
    }
}
