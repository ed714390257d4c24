// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {OwnerValidator} from "../erc7579/OwnerValidator.sol";

/// @title A validator whose owner, an ordinary key, signs hashes as messages
/// @notice As wallets do, and as the own validators of Nexus and Kernel take it: so what permissionless signs fits.
/// Installed with the owner's address, 20 bytes.
contract PersonalSignOwnerValidator is OwnerValidator {
    mapping(address account => address) private _owners;

    function isInitialized(address account) external view returns (bool) {
        return _owners[account] != address(0);
    }

    function _setOwner(address account, bytes calldata owner) internal override {
        require(owner.length == 20, "an owner is an address");
        _owners[account] = address(bytes20(owner));
    }

    function _removeOwner(address account) internal override {
        delete _owners[account];
    }

    function _isByOwner(address account, bytes32 hash, bytes calldata signature) internal view override returns (bool) {
        (address signer, , ) = ECDSA.tryRecoverCalldata(MessageHashUtils.toEthSignedMessageHash(hash), signature);
        return signer != address(0) && signer == _owners[account];
    }
}
