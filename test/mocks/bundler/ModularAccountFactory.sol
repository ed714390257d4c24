// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {MODULE_TYPE_EXECUTOR, MODULE_TYPE_VALIDATOR} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {ModularAccount} from "../erc7579/ModularAccount.sol";

/// @title An account that is born with a module, as validator and as executor
contract EquippedModularAccount is ModularAccount {
    constructor(
        IEntryPoint entryPoint_,
        address validator,
        bytes memory ownerOfIt,
        address module,
        bytes memory installation
    ) ModularAccount(entryPoint_, validator, ownerOfIt) {
        _installModule(MODULE_TYPE_VALIDATOR, module, installation);
        _installModule(MODULE_TYPE_EXECUTOR, module, "");
    }
}

/// @title Makes such accounts, each at an address that says with what it was made
contract ModularAccountFactory {
    function createAccount(
        IEntryPoint entryPoint,
        address validator,
        bytes calldata ownerOfIt,
        address module,
        bytes calldata installation
    ) external returns (address) {
        return
            address(
                new EquippedModularAccount{salt: bytes32(0)}(entryPoint, validator, ownerOfIt, module, installation)
            );
    }
}
