// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {IERC7579Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Session, Sessions} from "../Session.sol";

/// @title The userOp by which an account makes one payment itself
/// @notice Its callData is the account's own `execute` of one `transfer`, with nothing of Latchkey in it. Session and
/// grant travel in the signature, where the period that is charged is named as well: a validation must not look at the
/// clock. It returns that period's window, and the EntryPoint holds the op to it.
library PaymentUserOp {
    /// @dev selector, mode, offset, length, then 120 bytes: token, value, and transfer(to, amount); padded.
    uint256 private constant CALL_DATA_LENGTH = 228;

    /// @notice The payment that `callData` makes, if that is all it makes: `execute(bytes32(0), token ‖ uint256(0) ‖
    /// transfer(to, amount))` in canonical ABI form. Never reverts.
    function tryReadCall(
        bytes calldata callData
    ) internal pure returns (bool ok, address token, address to, uint256 amount) {
        if (callData.length != CALL_DATA_LENGTH) return (false, token, to, amount);
        if (bytes4(callData) != IERC7579Execution.execute.selector) return (false, token, to, amount);
        uint256 wrong = _word(callData, 4) | (_word(callData, 36) ^ 64) | (_word(callData, 68) ^ 120);
        token = address(uint160(_word(callData, 100) >> 96));
        wrong |= _word(callData, 120);
        wrong |= (_word(callData, 152) >> 224) ^ uint32(IERC20.transfer.selector);
        wrong |= _word(callData, 156) >> 160;
        to = address(uint160(_word(callData, 156)));
        amount = _word(callData, 188);
        wrong |= _word(callData, 196) << 192;
        ok = wrong == 0;
    }

    /// @notice What such an op's signature holds: `abi.encode(Session session, bytes grant, uint256 period,
    /// bytes keySignature)`. Never reverts. Other encodings of the same may pass: nothing rests on it, as the key signs
    /// for the session's id and the period.
    function tryReadSignature(
        bytes calldata signature
    )
        internal
        pure
        returns (
            bool ok,
            Session memory session,
            bytes32 id,
            bytes calldata grant,
            uint256 period,
            bytes calldata keySignature
        )
    {
        grant = signature[:0];
        keySignature = signature[:0];
        if (signature.length < 128 || _word(signature, 0) != 128) {
            return (false, session, id, grant, period, keySignature);
        }
        Session calldata encoded;
        assembly ("memory-safe") {
            encoded := add(signature.offset, 128)
        }
        (ok, session, id) = Sessions.tryRead(encoded);
        period = _word(signature, 64);
        bool found;
        (found, grant) = _bytesAt(signature, _word(signature, 32));
        ok = ok && found;
        (found, keySignature) = _bytesAt(signature, _word(signature, 96));
        ok = ok && found;
    }

    /// @dev `bytes` whose length stands at `offset`; none where they are not all there. Of 32 bytes or more.
    function _bytesAt(bytes calldata signature, uint256 offset) private pure returns (bool ok, bytes calldata found) {
        found = signature[:0];
        uint256 length = signature.length;
        if (offset > length - 32) return (false, found);
        uint256 size = _word(signature, offset);
        if (size > length - 32 - offset) return (false, found);
        ok = true;
        assembly ("memory-safe") {
            found.offset := add(add(signature.offset, offset), 32)
            found.length := size
        }
    }

    /// @dev Callers look at the length first.
    function _word(bytes calldata bytes_, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(bytes_.offset, offset))
        }
    }
}
