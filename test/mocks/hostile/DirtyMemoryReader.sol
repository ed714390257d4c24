// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Call, Session, Sessions} from "../../../contracts/Session.sol";
import {Calls} from "../../../contracts/Calls.sol";
import {Payload, Payloads} from "../../../contracts/Payload.sol";

/// @title Lets a test see what the readers make of any calldata, and what they do to memory
/// @dev Before each reading the free memory is filled with ones, so that whoever relies on its being zero shows; before
/// and behind it stand marks that a write out of bounds would change.
contract DirtyMemoryReader {
    using Payloads for Payload;

    uint256 private constant MARK = 0x6d61726b6d61726b6d61726b6d61726b6d61726b6d61726b6d61726b6d61726b;

    error MemoryDamaged(uint256 what);

    function readSession(Session calldata session) external pure returns (bool ok, bytes32 id, bytes memory copy) {
        uint256 mark = _dirtyMemory();
        Session memory read;
        (ok, read, id) = Sessions.tryRead(session);
        _checkMemory(mark);
        if (ok) copy = abi.encode(read);
        _checkMemory(mark);
    }

    function readCall(
        Call[] calldata calls,
        uint256 i
    ) external pure returns (address target, uint256 value, bytes memory data) {
        bytes calldata found;
        (target, value, found) = Calls.read(calls, i);
        return (target, value, found);
    }

    struct Read {
        bool ok;
        bool sessionOk;
        bytes32 id;
        Payload payload;
        bytes budget;
        bytes grant;
        bytes session;
    }

    function readPayload(
        bytes calldata payload,
        address account,
        address key,
        uint64 epoch
    ) external pure returns (Read memory read) {
        uint256 mark = _dirtyMemory();
        (read.ok, read.payload) = Payloads.tryRead(payload);
        _checkMemory(mark);
        if (!read.ok) return read;
        Session memory session;
        if (read.payload.version == Payloads.ENABLED) {
            (read.sessionOk, session, read.id) = read.payload.tryReadSession(account, key, epoch);
            _checkMemory(mark);
            if (read.sessionOk) read.budget = abi.encode(session.budgets[read.payload.budgetIndex]);
        } else {
            bytes calldata grant;
            (read.sessionOk, session, read.id, grant) = read.payload.tryReadGranted();
            _checkMemory(mark);
            read.grant = grant;
            if (read.sessionOk) read.session = abi.encode(session);
        }
        _checkMemory(mark);
    }

    function _dirtyMemory() private pure returns (uint256 mark) {
        assembly ("memory-safe") {
            mark := mload(0x40)
            mstore(mark, MARK)
            mstore(add(mark, 32), MARK)
            mstore(0x40, add(mark, 64))
            // Above the free memory pointer: anybody may write there, nobody may count on zeros.
            for {
                let i := 64
            } lt(i, 65536) {
                i := add(i, 32)
            } {
                mstore(add(mark, i), not(0))
            }
        }
    }

    function _checkMemory(uint256 mark) private pure {
        bool marks;
        uint256 zero;
        assembly ("memory-safe") {
            marks := and(eq(mload(mark), MARK), eq(mload(add(mark, 32)), MARK))
            zero := mload(0x60)
        }
        if (!marks) revert MemoryDamaged(1);
        if (zero != 0) revert MemoryDamaged(2);
    }
}
