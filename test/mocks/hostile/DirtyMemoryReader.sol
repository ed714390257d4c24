// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Calls} from "../../../contracts/libraries/Calls.sol";
import {Payloads} from "../../../contracts/libraries/Payloads.sol";
import {SessionReader} from "../../../contracts/libraries/SessionReader.sol";
import {Payload} from "../../../contracts/types/Payload.sol";
import {Call, Carried} from "../../../contracts/types/Session.sol";

/// @title Lets a test see what the readers make of any calldata, and what they do to memory
/// @dev Before each reading the free memory is filled with ones, so that code that relies on its being zero fails; before
/// and behind it stand marks that a write out of bounds would change.
contract DirtyMemoryReader {
    uint256 private constant MARK = 0x6d61726b6d61726b6d61726b6d61726b6d61726b6d61726b6d61726b6d61726b;

    error MemoryDamaged(uint256 what);

    /// @notice What the reader makes of what entry points take as `session`.
    function readSession(
        bytes calldata session
    ) external pure returns (bool ok, bytes32 id, uint256 leftOut, bytes memory copy) {
        uint256 mark = _dirtyMemory();
        Carried memory carried;
        ok = SessionReader.tryRead(carried, session);
        _checkMemory(mark);
        if (!ok) return (ok, id, leftOut, copy);
        copy = abi.encode(carried.session);
        _checkMemory(mark);
        return (ok, carried.id, carried.leftOut, copy);
    }

    /// @notice The gas that the reader takes to fill in a session, without what allocates it.
    function gasOfReading(bytes calldata session) external view returns (uint256) {
        Carried memory carried;
        uint256 before = gasleft();
        SessionReader.tryRead(carried, session);
        return before - gasleft();
    }

    function readCall(Call[] calldata calls, uint256 i) external pure returns (Call memory) {
        return Calls.copy(calls)[i];
    }

    struct Read {
        bool ok;
        Payload payload;
        /// How many bytes the session has; 0: there is none.
        uint256 length;
        bytes32 id;
        uint256 leftOut;
        bytes session;
        bytes rest;
    }

    function readPayload(
        bytes calldata payload,
        address account,
        address key
    ) external pure returns (Read memory read) {
        uint256 mark = _dirtyMemory();
        bytes calldata rest;
        (read.ok, read.payload, rest) = Payloads.tryRead(payload);
        _checkMemory(mark);
        if (!read.ok) return read;
        Carried memory carried;
        carried.session.account = account;
        carried.session.key = read.payload.namesKey ? read.payload.key : key;
        read.length = SessionReader.read(carried, rest);
        _checkMemory(mark);
        if (read.length == 0) return read;
        (read.id, read.leftOut, read.rest) = (carried.id, carried.leftOut, rest[read.length:]);
        read.session = abi.encode(carried.session);
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
