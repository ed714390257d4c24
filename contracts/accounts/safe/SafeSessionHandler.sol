// SPDX-License-Identifier: LGPL-3.0-only
// TokenCallbackHandler and HandlerContext, which this contract inherits, are Safe's and under that licence.
pragma solidity ^0.8.35;

import {HandlerContext} from "@safe-global/safe-contracts/contracts/handler/HandlerContext.sol";
import {TokenCallbackHandler} from "@safe-global/safe-contracts/contracts/handler/TokenCallbackHandler.sol";
import {Payloads} from "../../libraries/Payloads.sol";
import {ISafe} from "../../interfaces/ISafe.sol";
import {ISafeSessionHandler} from "../../interfaces/ISafeSessionHandler.sol";
import {ISafeSessionModule} from "../../interfaces/ISafeSessionModule.sol";
import {Answers, ERC1271_YES} from "../Answers.sol";
import {SafeMessage} from "./SafeMessage.sol";

/// @title The fallback handler that lets a Safe 1.3.0 to 1.4.1 pay with a session's signature
/// @notice Supports everything that CompatibilityFallbackHandler 1.4.1 does, with the same results. In addition, it
/// asks the module that the Safe itself has registered about signatures in the format of a session's payload. If the
/// module does not approve one, the owners' signatures are checked. No address in a signature is ever called.
/// @dev ExtensibleFallbackHandler cannot be used here: it checks owners' signatures with a function introduced in Safe
/// 1.5.0.
contract SafeSessionHandler is ISafeSessionHandler, TokenCallbackHandler, HandlerContext {
    using Payloads for bytes;

    /// @inheritdoc ISafeSessionHandler
    mapping(address safe => address module) public sessionModuleOf;

    /// @dev isValidSignature(bytes,bytes), from before ERC-1271 was final, which Safes up to 1.4.1 still call.
    bytes4 private constant LEGACY_YES = 0x20c13b0b;
    /// @dev simulateAndRevert(address,bytes), of a Safe's StorageAccessible.
    bytes4 private constant SIMULATE_AND_REVERT = 0xb4faba09;
    /// @dev The start of a Safe's list of modules.
    address private constant FIRST = address(1);

    /// @inheritdoc ISafeSessionHandler
    function setSessionModule(address module) external {
        // The Safe must call itself: nobody else can reach this by calling the Safe, nor can it happen by mistake.
        if (msg.data.length != 56 || _msgSender() != msg.sender) revert NotBySafeItself(msg.sender);
        sessionModuleOf[msg.sender] = module;
        emit SessionModuleSet(msg.sender, module);
    }

    /// @inheritdoc ISafeSessionHandler
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (signature.isPayload() && _moduleSaysYes(hash, signature)) return ERC1271_YES;
        _requireOwners(abi.encode(hash), signature);
        return ERC1271_YES;
    }

    /// @inheritdoc ISafeSessionHandler
    function isValidSignature(bytes calldata message, bytes calldata signature) external view returns (bytes4) {
        _requireOwners(message, signature);
        return LEGACY_YES;
    }

    /// @inheritdoc ISafeSessionHandler
    function getMessageHash(bytes calldata message) external view returns (bytes32) {
        return keccak256(_encode(msg.sender, message));
    }

    /// @inheritdoc ISafeSessionHandler
    function getMessageHashForSafe(address safe, bytes calldata message) external view returns (bytes32) {
        return keccak256(_encode(safe, message));
    }

    /// @inheritdoc ISafeSessionHandler
    function encodeMessageDataForSafe(address safe, bytes calldata message) external view returns (bytes memory) {
        return _encode(safe, message);
    }

    /// @inheritdoc ISafeSessionHandler
    function getModules() external view returns (address[] memory modules) {
        (modules, ) = ISafe(msg.sender).getModulesPaginated(FIRST, 10);
    }

    /// @inheritdoc ISafeSessionHandler
    function simulate(address target, bytes calldata payload) external returns (bytes memory response) {
        (, bytes memory answer) = msg.sender.call(abi.encodeWithSelector(SIMULATE_AND_REVERT, target, payload));
        if (answer.length < 64) revert NotASafe(msg.sender);
        // Success, length, bytes: packed, not ABI-encoded.
        bool success;
        assembly ("memory-safe") {
            success := mload(add(answer, 32))
            response := add(answer, 64)
        }
        if (!success) {
            assembly ("memory-safe") {
                revert(add(response, 32), mload(response))
            }
        }
    }

    /// @dev A missing or failing module counts as a rejection.
    function _moduleSaysYes(bytes32 hash, bytes calldata signature) private view returns (bool) {
        address module = sessionModuleOf[msg.sender];
        if (module == address(0)) return false;
        return
            Answers.isYes(
                module,
                abi.encodeCall(ISafeSessionModule.isValidSignatureFor, (msg.sender, hash, signature))
            );
    }

    /// @dev Like CompatibilityFallbackHandler: an empty signature means that the owners approved the hash on chain.
    function _requireOwners(bytes memory message, bytes calldata signature) private view {
        bytes memory preimage = _encode(msg.sender, message);
        bytes32 hash = keccak256(preimage);
        if (signature.length == 0) {
            // The same text as CompatibilityFallbackHandler, which integrators match.
            // solhint-disable-next-line gas-custom-errors
            require(ISafe(msg.sender).signedMessages(hash) != 0, "Hash not approved");
        } else {
            ISafe(msg.sender).checkSignatures(hash, preimage, signature);
        }
    }

    function _encode(address safe, bytes memory message) private view returns (bytes memory preimage) {
        bool ok;
        (ok, preimage) = SafeMessage.tryEncode(safe, message);
        if (!ok) revert NotASafe(safe);
    }
}
