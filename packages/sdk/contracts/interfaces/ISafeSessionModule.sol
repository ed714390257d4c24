// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// @title How a Safe asks whether a session allows an EIP-3009 authorization
/// @notice Both answer 0x1626ba7e for yes, else 0xffffffff, and never yes to anything but TransferWithAuthorization.
/// Anybody may ask about any Safe: the answer moves nothing, a token does, which asks the Safe itself.
interface ISafeSessionModule {
    /// @notice For Safe's ExtensibleFallbackHandler (ISafeSignatureVerifier).
    /// @param safe The Safe that is asked.
    /// @param sender Who asks the Safe; not looked at, as facilitators ask directly.
    /// @param hash The EIP-712 digest asked about.
    /// @param domainSeparator Not looked at, like `typeHash` and `encodeData`: the payload gives the digest anew.
    /// @param payload See Payload.sol.
    function isValidSafeSignature(
        address safe,
        address sender,
        bytes32 hash,
        bytes32 domainSeparator,
        bytes32 typeHash,
        bytes calldata encodeData,
        bytes calldata payload
    ) external view returns (bytes4);

    /// @notice For SafeSessionHandler.
    function isValidSignatureFor(address account, bytes32 hash, bytes calldata payload) external view returns (bytes4);
}
