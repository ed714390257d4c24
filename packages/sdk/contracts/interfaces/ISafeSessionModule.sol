// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// @title Lets a Safe check whether a session allows a signed payment
/// @notice Both return 0x1626ba7e if it does, else 0xffffffff, and only ever approve EIP-3009's
/// TransferWithAuthorization and Permit2's PermitWitnessTransferFrom for x402. Anyone can query any Safe: only a token
/// or Permit2 moves money, and it asks the Safe itself.
interface ISafeSessionModule {
    /// @notice For Safe's ExtensibleFallbackHandler (ISafeSignatureVerifier).
    /// @param safe The Safe that validates the signature.
    /// @param sender The Safe's caller; ignored, since facilitators call directly.
    /// @param hash The EIP-712 digest.
    /// @param domainSeparator Ignored, like `typeHash` and `encodeData`: the digest is recomputed from the payload.
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
