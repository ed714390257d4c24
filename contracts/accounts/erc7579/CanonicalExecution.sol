// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC7579Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {ISessionModule} from "../../interfaces/ISessionModule.sol";
import {CalldataWords} from "../../libraries/CalldataWords.sol";

/// @title The canonical ABI encoding of an execution in a userOp
/// @notice ABI offsets allow many layouts of the same arguments, with bytes in between that are never read or read
/// twice. Validation only accepts the standard encoding, so that nothing can be hidden in it or appended to it; so does
/// execution where an outsider's address could have been appended.
library CanonicalExecution {
    using CalldataWords for bytes;

    /// @dev After the offsets of the three arguments.
    uint256 private constant FIRST_AT = 96;

    /// @notice The arguments of this module's own `execute`, if `callData` is the account's `execute` of that single
    /// call, without value, in default mode (all zeros in ERC-7579).
    function argumentsIn(bytes calldata callData) internal view returns (bool ok, bytes calldata arguments) {
        arguments = callData[:0];
        // selector, mode, offset, length; then target, value and selector of the one call
        if (bytes4(callData) != IERC7579Execution.execute.selector) return (false, arguments);
        if (callData.wordAt(4) != 0 || callData.wordAt(36) != 64) return (false, arguments);
        (bool padded, uint256 end) = callData.endOfBytes(68);
        uint256 length = callData.wordAt(68);
        if (!padded || end != callData.length || length < 56) return (false, arguments);
        ok =
            callData.wordAt(100) >> 96 == uint160(address(this)) &&
            callData.wordAt(120) == 0 &&
            bytes4(bytes32(callData.wordAt(152))) == ISessionModule.execute.selector;
        assembly ("memory-safe") {
            arguments.offset := add(callData.offset, 156)
            arguments.length := sub(length, 56)
        }
    }

    /// @notice The session and the grant in the arguments of `execute(bytes session, bytes grant, Call[] calls)`,
    /// without the selector. Never reverts: `ok` is false if the bytes are not the canonical encoding. The caller reads
    /// the session's own bytes.
    function tryRead(
        bytes calldata arguments
    ) internal pure returns (bool ok, bytes calldata session, bytes calldata grant) {
        session = arguments[:0];
        grant = arguments[:0];
        if (arguments.length < FIRST_AT + 96 || arguments.wordAt(0) != FIRST_AT) return (false, session, grant);
        // No length overflows: each is compared with that of the arguments before it is added. Bytes after the
        // arguments may be read, but nothing that ends there is accepted.
        unchecked {
            uint256 end = FIRST_AT;
            for (uint256 i; i < 64; i += 32) {
                (ok, end) = arguments.endOfBytes(end);
                // The grant begins where the session ends, the calls where the grant ends.
                if (!ok || arguments.wordAt(32 + i) != end) return (false, session, grant);
            }

            // Each call begins where the previous one ends, the first after the list of offsets. A count that overflows
            // runs out of arguments long before it is reached.
            uint256 count = arguments.wordAt(end);
            uint256 list = end + 32;
            end = list + 32 * count;
            for (uint256 i; i < count; ++i) {
                if (arguments.wordAt(list + 32 * i) != end - list || arguments.length < end + 128) {
                    return (false, session, grant);
                }
                if (arguments.wordAt(end) >> 160 != 0 || arguments.wordAt(end + 64) != 96) {
                    return (false, session, grant);
                }
                (ok, end) = arguments.endOfBytes(end + 96);
                if (!ok) return (false, session, grant);
            }
            if (end != arguments.length) return (false, session, grant);
        }
        session = arguments.bytesAt(FIRST_AT);
        grant = arguments.bytesAt(arguments.wordAt(32));
    }
}
