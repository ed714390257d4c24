// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {OwnerValidator} from "./OwnerValidator.sol";

/// @title A validator that accepts every hash: the weakest that an account may have beside its owner's
contract BlindValidator is OwnerValidator {
    function _setOwner(address account, bytes calldata owner) internal override {}

    function _removeOwner(address account) internal override {}

    function _isByOwner(address, bytes32, bytes calldata) internal pure override returns (bool) {
        return true;
    }
}
