// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC7579Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Session, SessionAction, SessionBudget, Sessions} from "../Session.sol";
import {ISessionModule} from "../interfaces/ISessionModule.sol";

/// @title The one ABI encoding of an execution that a userOp may carry
/// @notice ABI offsets leave room: the same arguments can be laid out in many ways, with bytes in between that nobody
/// reads or that are read twice. In validation only the encoding that every encoder makes is taken, so that nothing can
/// hide in it and nothing can be appended to it; and so it is in execution where an outsider's address could have been.
library CanonicalExecution {
    /// @dev Behind the offsets of the three arguments.
    uint256 private constant SESSION_AT = 96;

    /// @notice What stands behind the selector of this module's own `execute`, where `callData` is the account's
    /// `execute` of that one call, with no value, by default mode (in ERC-7579 every part of that mode is zero).
    function argumentsIn(bytes calldata callData) internal view returns (bool ok, bytes calldata arguments) {
        arguments = callData[:0];
        // selector, mode, offset, length; then target, value and selector of the one call
        if (bytes4(callData) != IERC7579Execution.execute.selector) return (false, arguments);
        if (_word(callData, 4) != 0 || _word(callData, 36) != 64) return (false, arguments);
        (bool padded, uint256 end) = _endOfBytes(callData, 68);
        uint256 length = _word(callData, 68);
        if (!padded || end != callData.length || length < 56) return (false, arguments);
        ok =
            _word(callData, 100) >> 96 == uint160(address(this)) &&
            _word(callData, 120) == 0 &&
            bytes4(bytes32(_word(callData, 152))) == ISessionModule.execute.selector;
        assembly ("memory-safe") {
            arguments.offset := add(callData.offset, 156)
            arguments.length := sub(length, 56)
        }
    }

    /// @notice The arguments of `execute(Session session, bytes grant, Call[] calls)`, without the selector. Never
    /// reverts: `ok` is false where the bytes are anything but the canonical encoding.
    function tryRead(
        bytes calldata arguments
    ) internal pure returns (bool ok, Session memory session, bytes32 id, bytes calldata grant) {
        grant = arguments[:0];
        if (arguments.length < SESSION_AT || _word(arguments, 0) != SESSION_AT) return (false, session, id, grant);
        Session calldata encoded;
        assembly ("memory-safe") {
            encoded := add(arguments.offset, SESSION_AT)
        }
        (ok, session, id) = Sessions.tryRead(encoded);
        if (ok) (ok, grant) = tryReadRest(arguments, session);
    }

    /// @notice The rest of the arguments, whose session has been read already.
    function tryReadRest(
        bytes calldata arguments,
        Session memory session
    ) internal pure returns (bool ok, bytes calldata grant) {
        grant = arguments[:0];
        uint256 grantAt;
        // No length wraps: each is compared with that of the arguments before it is added. What lies behind the
        // arguments may be read, but nothing that ends there is taken.
        unchecked {
            (ok, grantAt) = _endOfSession(arguments, session);
            if (!ok || _word(arguments, 0) != SESSION_AT || _word(arguments, 32) != grantAt) return (false, grant);
            uint256 callsAt;
            (ok, callsAt) = _endOfBytes(arguments, grantAt);
            if (!ok || _word(arguments, 64) != callsAt) return (false, grant);
            uint256 count = _word(arguments, callsAt);

            // Each call begins where the one before ends, the first behind the list of offsets. A count that wraps
            // runs out of arguments long before it is reached.
            uint256 list = callsAt + 32;
            uint256 end = list + 32 * count;
            for (uint256 i; i < count; ++i) {
                if (_word(arguments, list + 32 * i) != end - list || arguments.length < end + 128) {
                    return (false, grant);
                }
                if (_word(arguments, end) >> 160 != 0 || _word(arguments, end + 64) != 96) {
                    return (false, grant);
                }
                (ok, end) = _endOfBytes(arguments, end + 96);
                if (!ok) return (false, grant);
            }
            ok = end == arguments.length;
        }
        assembly ("memory-safe") {
            grant.offset := add(add(arguments.offset, grantAt), 32)
            grant.length := calldataload(sub(grant.offset, 32))
        }
    }

    /// @dev Where the session that was read from the arguments ends, if its lists lie one behind the other with
    /// nothing in between. What its words hold is not looked at: the session's id covers them as they are. Unchecked,
    /// since reading has bounded every length.
    function _endOfSession(
        bytes calldata arguments,
        Session memory session
    ) private pure returns (bool ok, uint256 end) {
        unchecked {
            SessionBudget[] memory budgets = session.budgets;
            uint256 wrong = _word(arguments, SESSION_AT + 256) ^ 320;
            uint256 list = SESSION_AT + 320 + 32;
            end = list + 32 * budgets.length;
            for (uint256 i; i < budgets.length; ++i) {
                wrong |= _word(arguments, list + 32 * i) ^ (end - list);
                wrong |= _word(arguments, end + 256) ^ 288;
                end += 288 + 32 + 32 * budgets[i].recipients.length;
            }
            SessionAction[] memory actions = session.actions;
            wrong |= _word(arguments, SESSION_AT + 288) ^ (end - SESSION_AT);
            list = end + 32;
            end = list + 32 * actions.length;
            for (uint256 i; i < actions.length; ++i) {
                wrong |= _word(arguments, list + 32 * i) ^ (end - list);
                wrong |= _word(arguments, end + 64) ^ 96;
                end += 96 + 32 + 96 * actions[i].rules.length;
            }
            ok = wrong == 0;
        }
    }

    /// @dev Where `bytes` that begin at `start` with their length end, padded with zeros to whole words. That this is
    /// within the arguments is for the caller to see.
    function _endOfBytes(bytes calldata arguments, uint256 start) private pure returns (bool ok, uint256 end) {
        uint256 length = _word(arguments, start);
        if (length > arguments.length) return (false, start);
        unchecked {
            end = start + 32 + ((length + 31) & ~uint256(31));
            uint256 used = length % 32;
            ok = used == 0 || _word(arguments, end - 32) << (8 * used) == 0;
        }
    }

    /// @dev Callers look at the length first.
    function _word(bytes calldata arguments, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(arguments.offset, offset))
        }
    }
}
