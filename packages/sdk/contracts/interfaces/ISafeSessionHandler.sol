// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// @title A Safe's fallback handler with support for a session module
/// @notice In addition to the token callbacks of Safe's TokenCallbackHandler. `msg.sender` is treated as the Safe,
/// since a Safe calls its handler.
interface ISafeSessionHandler {
    /// @notice Emitted when the Safe registers a module, or none (0).
    event SessionModuleSet(address indexed safe, address indexed module);

    /// @notice Thrown when a module is not registered by a Safe's call to itself.
    error NotBySafeItself(address caller);
    /// @notice Thrown when the address does not behave like a Safe.
    error NotASafe(address account);

    /// @notice Registers the module that validates session payloads; 0: none.
    /// @dev Call it on the Safe, as the Safe: `to` is the Safe's own address.
    function setSessionModule(address module) external;

    /// @notice The module that the Safe has registered, or 0.
    function sessionModuleOf(address safe) external view returns (address module);

    /// @notice ERC-1271. Reverts if the owners' check does, like CompatibilityFallbackHandler.
    /// @param signature A session's payload (see Payload.sol), or owners' signatures over the SafeMessage of `hash`,
    /// or empty if the owners approved that on chain.
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4);

    /// @notice The interface from before ERC-1271 was final, for owners only.
    /// @return 0x20c13b0b
    function isValidSignature(bytes calldata message, bytes calldata signature) external view returns (bytes4);

    /// @notice What the owners of the calling Safe sign for `message`.
    function getMessageHash(bytes calldata message) external view returns (bytes32);

    /// @notice What the owners of `safe` sign for `message`.
    function getMessageHashForSafe(address safe, bytes calldata message) external view returns (bytes32);

    /// @notice The EIP-712 preimage of `getMessageHashForSafe`, 66 bytes.
    function encodeMessageDataForSafe(address safe, bytes calldata message) external view returns (bytes memory);

    /// @notice The first ten modules of the calling Safe.
    function getModules() external view returns (address[] memory modules);

    /// @notice Simulates a delegatecall to `target` by the calling Safe; always undone. Returns what it would return,
    /// or reverts with its revert data.
    function simulate(address target, bytes calldata payload) external returns (bytes memory response);
}
