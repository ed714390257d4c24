// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {
    IERC7579Execution,
    MODULE_TYPE_EXECUTOR,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {EcdsaOwnerValidator} from "../erc7579/EcdsaOwnerValidator.sol";

/// @title An ERC-7579 validator and executor that checks nothing but who signed: for the gas bench only
/// @notice A userOp by it makes the account call it, and it makes the account call anything. What a payment through it
/// costs is what any module costs there that validates userOps and executes, before it begins to check.
contract UncheckedErc7579Module is EcdsaOwnerValidator {
    function isModuleType(uint256 moduleTypeId) external pure override returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR || moduleTypeId == MODULE_TYPE_EXECUTOR;
    }

    function forward(address target, bytes calldata data) external {
        IERC7579Execution(msg.sender).executeFromExecutor(bytes32(0), abi.encodePacked(target, uint256(0), data));
    }
}
