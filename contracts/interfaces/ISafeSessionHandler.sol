// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// @title A Safe's fallback handler that knows the Safe's session module
/// @notice Besides the token callbacks of Safe's TokenCallbackHandler. `msg.sender` is taken for the Safe that is
/// asked, as a Safe calls its handler.
interface ISafeSessionHandler {
    /// @notice The Safe registered a module, or none (0).
    event SessionModuleSet(address indexed safe, address indexed module);

    /// @notice Thrown when a module is registered by other than a Safe's call to itself.
    error NotBySafeItself(address caller);
    /// @notice Thrown when the address does not answer as a Safe does.
    error NotASafe(address account);

    /// @notice Registers the module that is asked about payloads of sessions; 0: none.
    /// @dev Call it on the Safe, as the Safe: `to` is the Safe's own address.
    function setSessionModule(address module) external;

    /// @notice The module that the Safe has registered, or 0.
    function sessionModuleOf(address safe) external view returns (address module);

    /// @notice ERC-1271. Reverts where the owners' check does, as CompatibilityFallbackHandler's.
    /// @param signature A session's payload (see Payload.sol), or owners' signatures over the SafeMessage of `hash`,
    /// or nothing where the owners approved that on chain.
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4);

    /// @notice The form of ERC-1271 before it was final, for owners only.
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

    /// @notice What a delegatecall of `target` by the calling Safe would return; undone in any case. Reverts with
    /// what it would revert with.
    function simulate(address target, bytes calldata payload) external returns (bytes memory response);
}
