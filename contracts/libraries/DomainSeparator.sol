// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// @title EIP-712 domain separators
/// @notice Computed on demand: an immutable would make a module's code differ between chains.
library DomainSeparator {
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    /// @notice The separator of a domain with these four fields, on this chain.
    function compute(bytes32 nameHash, bytes32 versionHash, address verifyingContract) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, nameHash, versionHash, block.chainid, verifyingContract));
    }
}
