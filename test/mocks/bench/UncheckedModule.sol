// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// What a Safe lets its modules do, in the form without an answer, which is the cheapest.
interface IModuleManager {
    function execTransactionFromModule(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation
    ) external returns (bool success);
}

/// @title A Safe module that checks nothing: for the gas bench only
/// @notice Any caller can make the Safe call anything. What a payment through it costs is what any module of a
/// Safe costs before it begins to check.
contract UncheckedModule {
    function forward(address safe, address target, bytes calldata data) external {
        bool success = IModuleManager(safe).execTransactionFromModule(target, 0, data, 0);
        require(success, "call failed");
    }
}
