// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";
import {OwnerValidator} from "./OwnerValidator.sol";

/// @title A validator whose owner is a passkey
/// @notice Installed with the public key, `abi.encode(bytes32 x, bytes32 y)`. Signatures:
/// the members of WebAuthn.WebAuthnAuth, ABI-encoded one after the other; the hash is the challenge.
contract PasskeyOwnerValidator is OwnerValidator {
    struct PublicKey {
        bytes32 x;
        bytes32 y;
    }

    mapping(address account => PublicKey) private _owners;

    function isInitialized(address account) external view returns (bool) {
        return _owners[account].x != 0;
    }

    function _setOwner(address account, bytes calldata owner) internal override {
        _owners[account] = abi.decode(owner, (PublicKey));
    }

    function _removeOwner(address account) internal override {
        delete _owners[account];
    }

    function _isByOwner(address account, bytes32 hash, bytes calldata signature) internal view override returns (bool) {
        PublicKey storage owner = _owners[account];
        if (owner.x == 0) return false;
        (bool ok, WebAuthn.WebAuthnAuth calldata answer) = WebAuthn.tryDecodeAuth(signature);
        return ok && WebAuthn.verify(abi.encodePacked(hash), answer, owner.x, owner.y);
    }
}
