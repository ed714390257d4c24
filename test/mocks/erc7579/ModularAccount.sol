// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {AccountERC7579} from "@openzeppelin/contracts/account/extensions/draft-AccountERC7579.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {MODULE_TYPE_VALIDATOR} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title OpenZeppelin's ERC-7579 account, made concrete as its documentation says
/// @notice It obeys its validators, of which it is created with one, and the EntryPoint that it is created for.
contract ModularAccount is AccountERC7579, EIP712 {
    IEntryPoint private immutable _ENTRY_POINT;

    constructor(IEntryPoint entryPoint_, address validator, bytes memory ownerOfIt) EIP712("ModularAccount", "1") {
        _ENTRY_POINT = entryPoint_;
        _installModule(MODULE_TYPE_VALIDATOR, validator, ownerOfIt);
    }

    function entryPoint() public view override returns (IEntryPoint) {
        return _ENTRY_POINT;
    }
}
