// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {CanonicalExecution} from "../../../contracts/accounts/erc7579/CanonicalExecution.sol";
import {Call} from "../../../contracts/types/Session.sol";

/// @title CanonicalExecution, to be asked from outside
contract CanonicalExecutionHarness {
    /// @notice What is read, encoded again: the same bytes for canonical arguments.
    function tryRead(
        bytes calldata arguments
    ) external pure returns (bool ok, bytes memory session, bytes memory grant, bytes memory encodedAgain) {
        (ok, session, grant) = CanonicalExecution.tryRead(arguments);
        if (!ok) return (false, session, grant, encodedAgain);
        (, , Call[] memory calls) = abi.decode(arguments, (bytes, bytes, Call[]));
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
        try this.tryRead(arguments) returns (bool ok, bytes memory, bytes memory, bytes memory encodedAgain) {
            if (!ok) return 0;
            return keccak256(encodedAgain) == keccak256(arguments) ? 1 : 2;
        } catch {
            return 3;
        }
    }
}
