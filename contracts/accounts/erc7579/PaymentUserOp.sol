// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {IERC7579Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {CalldataWords} from "../../libraries/CalldataWords.sol";
import {SessionReader} from "../../libraries/SessionReader.sol";
import {Carried} from "../../types/Session.sol";

/// @title The userOp in which an account makes one payment itself
/// @notice Its callData is the account's own `execute` of one `transfer`, without any Latchkey data. Session and grant
/// are in the signature, together with the period to charge, since validation must not read the clock. Validation
/// returns that period's window, and the EntryPoint enforces it.
library PaymentUserOp {
    using CalldataWords for bytes;

    /// @dev selector, mode, offset, length, then 120 bytes: token, value, and transfer(to, amount); padded.
    uint256 private constant CALL_DATA_LENGTH = 228;
    /// @dev After the key's signature, the period and the key.
    uint256 private constant SESSION_AT = 91;
    uint256 private constant ZEROS = 20;

    /// @notice The payment in `callData`, if it is the only content: `execute(bytes32(0), token ‖ uint256(0) ‖
    /// transfer(to, amount))` in canonical ABI form. Never reverts.
    function tryReadCall(
        bytes calldata callData
    ) internal pure returns (bool ok, address token, address to, uint256 amount) {
        if (callData.length != CALL_DATA_LENGTH) return (false, token, to, amount);
        if (bytes4(callData) != IERC7579Execution.execute.selector) return (false, token, to, amount);
        uint256 wrong = callData.wordAt(4) | (callData.wordAt(36) ^ 64) | (callData.wordAt(68) ^ 120);
        token = address(uint160(callData.wordAt(100) >> 96));
        wrong |= callData.wordAt(120);
        wrong |= (callData.wordAt(152) >> 224) ^ uint32(IERC20.transfer.selector);
        wrong |= callData.wordAt(156) >> 160;
        to = address(uint160(callData.wordAt(156)));
        amount = callData.wordAt(188);
        wrong |= callData.wordAt(196) << 192;
        ok = wrong == 0;
    }

    /// @notice Decodes such a userOp's signature. Never reverts. Other encodings of the same content may be accepted,
    /// which is harmless, since the key signs the session's id and the period.
    ///
    ///     65   the key's signature: r, s, v
    ///     6    the period that is charged
    ///     20   the key
    ///     -    the session in packed form, see SessionReader
    ///     -    the grant, or nothing
    ///     20   zeros: an account's own call does not end in an address
    ///
    /// @param carried Newly allocated, with the session's account filled in.
    /// @return ok Whether the format is valid.
    /// @return packed The session's own bytes.
    /// @return grant The bytes after the session.
    function tryReadSignature(
        Carried memory carried,
        bytes calldata signature
    ) internal pure returns (bool ok, bytes calldata packed, bytes calldata grant) {
        if (signature.length < SESSION_AT + ZEROS) return (false, signature[:0], signature[:0]);
        carried.session.key = address(bytes20(signature[SESSION_AT - 20:SESSION_AT]));
        bytes calldata rest = signature[SESSION_AT:signature.length - ZEROS];
        uint256 length = SessionReader.read(carried, rest);
        return (length != 0, rest[:length], rest[length:]);
    }

    /// @notice The number of the period to charge, as named by the key.
    function periodIn(bytes calldata signature) internal pure returns (uint48) {
        return uint48(bytes6(signature[65:71]));
    }

    function keySignatureIn(bytes calldata signature) internal pure returns (bytes calldata) {
        return signature[:65];
    }
}
