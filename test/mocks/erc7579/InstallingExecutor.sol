// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {
    IERC7579Execution,
    IERC7579Module,
    MODULE_TYPE_EXECUTOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title An executor that has the account which calls it call itself, with what was prepared
contract InstallingExecutor is IERC7579Module {
    bytes private _prepared;

    function prepare(bytes calldata prepared) external {
        _prepared = prepared;
    }

    function onInstall(bytes calldata) external {}

    function onUninstall(bytes calldata) external {}

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_EXECUTOR;
    }

    function run() external {
        IERC7579Execution(msg.sender).executeFromExecutor(
            bytes32(0),
            abi.encodePacked(msg.sender, uint256(0), _prepared)
        );
    }
}
