// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {SignatureRail} from "../../SignatureRail.sol";
import {ISafe} from "../../interfaces/ISafe.sol";
import {ISafeSessionModule} from "../../interfaces/ISafeSessionModule.sol";
import {Answers, ERC1271_NO, ERC1271_YES} from "../Answers.sol";
import {SafeFallbackHandler} from "./SafeFallbackHandler.sol";
import {SafeMessage} from "./SafeMessage.sol";

/// @title Sessions for Safes, versions 1.3.0 to 1.5.0
/// @notice Executes through the Safe's module manager. The signature rail is called by the ExtensibleFallbackHandler of
/// Safe 1.5.0, with this contract as the domain verifier of a token or of Permit2, or by SafeSessionHandler on older
/// Safes.
/// @dev Enabling a module on a Safe gives its code full control, as with any module. Never make it an owner: a Safe
/// treats a call by an owner as that owner's approval.
contract SafeSessionModule is SignatureRail, ISafeSessionModule {
    uint8 private constant CALL = 0;

    /// @dev checkSignatures(hash, preimage, ""): the selector, hash, two offsets, the preimage's length and 66 bytes,
    /// padded, and the length 0.
    uint256 private constant UNSIGNED_LENGTH = 260;

    /// @inheritdoc ISafeSessionModule
    function isValidSafeSignature(
        address safe,
        address,
        bytes32 hash,
        bytes32,
        bytes32,
        bytes calldata,
        bytes calldata payload
    ) external view returns (bytes4) {
        return isValidSignatureFor(safe, hash, payload);
    }

    /// @inheritdoc ISafeSessionModule
    function isValidSignatureFor(address account, bytes32 hash, bytes calldata payload) public view returns (bytes4) {
        // A Safe does not notify a removed module, so check: a Safe that removed this one must not keep paying.
        bool yes = _authorizes(account, hash, payload) && _isEnabledOn(account);
        return yes ? ERC1271_YES : ERC1271_NO;
    }

    function _isEnabledOn(address safe) private view returns (bool) {
        return Answers.isTrue(safe, abi.encodeCall(ISafe.isModuleEnabled, (address(this))));
    }

    function _executeFromAccount(
        address account,
        address target,
        uint256 value,
        bytes memory data
    ) internal override returns (bool success, bytes memory returned) {
        bytes memory request = abi.encodeCall(ISafe.execTransactionFromModuleReturnData, (target, value, data, CALL));
        (bool done, bytes memory answer) = account.call(request);
        if (!done && answer.length == 0) revert UnsupportedAccount(account);
        if (!done) {
            // The Safe's own error: GS104 if this module is not enabled, or a guard's.
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        // `abi.encode(bool success, bytes returned)`, used in place, since another copy would cost almost as much as a
        // token's own work. Any other encoding is not from a Safe.
        if (answer.length < 96) revert UnsupportedAccount(account);
        bool canonical;
        assembly ("memory-safe") {
            success := eq(mload(add(answer, 32)), 1)
            canonical := eq(mload(add(answer, 64)), 64)
            returned := add(answer, 96)
            canonical := and(canonical, iszero(gt(mload(returned), sub(mload(answer), 96))))
        }
        if (!canonical) revert UnsupportedAccount(account);
    }

    /// @dev `checkSignatures` returns nothing, and a contract other than a Safe may respond to everything that way. So
    /// an account that accepts an empty signature cannot grant. A hash approved on chain (`signedMessages`) is not a
    /// grant.
    function _isGranted(address account, bytes32 digest, bytes calldata grant) internal view override returns (bool) {
        (bool ok, bytes memory message) = SafeMessage.tryEncode(account, abi.encode(digest));
        if (!ok) return false;
        bytes memory question = abi.encodeCall(ISafe.checkSignatures, (keccak256(message), message, grant));
        bool unsigned;
        bool signed;
        // The check with empty signatures comes first: the sender chooses the gas, and if it ran out here and looked
        // like a rejection, even less would remain for the real check. Its calldata is the beginning of the real one,
        // up to the signatures' length, which is zero.
        assembly ("memory-safe") {
            let lengthAt := add(question, UNSIGNED_LENGTH)
            let length := mload(lengthAt)
            mstore(lengthAt, 0)
            unsigned := staticcall(gas(), account, add(question, 32), UNSIGNED_LENGTH, 0, 0)
            mstore(lengthAt, length)
            if iszero(unsigned) {
                signed := staticcall(gas(), account, add(question, 32), mload(question), 0, 0)
            }
        }
        return signed;
    }

    /// @dev A Safe has one handler for every function.
    function _isFallbackHandlerOf(address account, address handler, bytes4) internal view override returns (bool) {
        if (account.code.length == 0) return false;
        (bool ok, address current) = SafeFallbackHandler.tryRead(account);
        if (!ok) revert UnsupportedAccount(account);
        return handler == current;
    }
}
