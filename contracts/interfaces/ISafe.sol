// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// @title The functions of Safe 1.3.0 to 1.5.0 used by this project
interface ISafe {
    /// @notice Executes a call from the Safe. Only for enabled modules.
    /// @param operation 0 Call, 1 DelegateCall.
    function execTransactionFromModuleReturnData(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation
    ) external returns (bool success, bytes memory returnData);

    function isModuleEnabled(address module) external view returns (bool);

    /// @param start The first module, or 0x1 for the beginning.
    function getModulesPaginated(
        address start,
        uint256 pageSize
    ) external view returns (address[] memory modules, address next);

    function domainSeparator() external view returns (bytes32);

    /// @notice Reverts unless the owners signed. Returns nothing.
    /// @param data The preimage of `dataHash`, which versions up to 1.4.1 pass to contract owners.
    function checkSignatures(bytes32 dataHash, bytes calldata data, bytes calldata signatures) external view;

    /// @notice Not 0 if the owners approved the hash on chain.
    function signedMessages(bytes32 messageHash) external view returns (uint256);

    /// @notice `length` words of storage, starting at slot `offset`.
    function getStorageAt(uint256 offset, uint256 length) external view returns (bytes memory);
}
