// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Call, Flaw, Session, Sessions} from "../../../contracts/Session.sol";
import {CanonicalExecution} from "../../../contracts/accounts/CanonicalExecution.sol";

/// @title CanonicalExecution, to be asked from outside
contract CanonicalExecutionHarness {
    /// @notice What is read, encoded anew: for canonical arguments these very bytes. A session whose words do not fit their
    /// types counts as not read: nobody can enable it.
    function tryRead(bytes calldata arguments) external view returns (bool ok, bytes32 id, bytes memory encodedAgain) {
        Session memory session;
        bytes calldata grant;
        (ok, session, id, grant) = CanonicalExecution.tryRead(arguments);
        if (!ok) return (false, id, encodedAgain);
        (, Flaw flaw, ) = Sessions.flawOf(session, address(this));
        ok = flaw != Flaw.WIDTH;
        if (!ok) return (false, id, encodedAgain);
        (, , Call[] memory calls) = abi.decode(arguments, (Session, bytes, Call[]));
        encodedAgain = abi.encode(session, grant, calls);
    }

    /// @notice For each of many arguments that differ from `arguments` in one byte, whether they are read.
    /// @param positions Which byte of each.
    /// @param bytes_ What it is instead.
    function tryReadChanged(
        bytes calldata arguments,
        uint256[] calldata positions,
        bytes calldata bytes_
    ) external view returns (uint8[] memory verdicts) {
        verdicts = new uint8[](positions.length);
        bytes memory changed = arguments;
        for (uint256 i; i < positions.length; ++i) {
            bytes1 before = changed[positions[i]];
            changed[positions[i]] = bytes_[i];
            verdicts[i] = _verdict(changed);
            changed[positions[i]] = before;
        }
    }

    /// @dev 0 refused; 1 read, and what was read encodes to the same bytes; 2 read as something else; 3 reverted.
    function _verdict(bytes memory arguments) private view returns (uint8) {
        try this.tryRead(arguments) returns (bool ok, bytes32, bytes memory encodedAgain) {
            if (!ok) return 0;
            return keccak256(encodedAgain) == keccak256(arguments) ? 1 : 2;
        } catch {
            return 3;
        }
    }
}
