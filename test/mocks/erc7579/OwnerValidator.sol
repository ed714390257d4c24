// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Validator,
    MODULE_TYPE_VALIDATOR,
    VALIDATION_FAILED,
    VALIDATION_SUCCESS
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title What validators of a single owner share
/// @notice The owner signs every hash raw: that is all that a test needs of one. A validator for real money would
/// have to bind the hashes of ERC-1271 to the account.
abstract contract OwnerValidator is IERC7579Validator {
    bytes4 private constant ERC1271_YES = 0x1626ba7e;
    bytes4 private constant ERC1271_NO = 0xffffffff;

    /// @dev As OpenZeppelin's AccountERC7579 wants it: what cannot be installed reverts, removal never does.
    function onInstall(bytes calldata data) external {
        _setOwner(msg.sender, data);
    }

    function onUninstall(bytes calldata) external {
        _removeOwner(msg.sender);
    }

    function isModuleType(uint256 moduleTypeId) external pure virtual returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR;
    }

    function validateUserOp(PackedUserOperation calldata userOp, bytes32 userOpHash) external view returns (uint256) {
        return _isByOwner(msg.sender, userOpHash, userOp.signature) ? VALIDATION_SUCCESS : VALIDATION_FAILED;
    }

    function isValidSignatureWithSender(
        address,
        bytes32 hash,
        bytes calldata signature
    ) external view returns (bytes4) {
        return _isAskedOwner(msg.sender, hash, signature) ? ERC1271_YES : ERC1271_NO;
    }

    function _setOwner(address account, bytes calldata owner) internal virtual;

    function _removeOwner(address account) internal virtual;

    function _isByOwner(address account, bytes32 hash, bytes calldata signature) internal view virtual returns (bool);

    /// @dev The answer to ERC-1271, where it is another than that to a userOp.
    function _isAskedOwner(
        address account,
        bytes32 hash,
        bytes calldata signature
    ) internal view virtual returns (bool) {
        return _isByOwner(account, hash, signature);
    }
}
