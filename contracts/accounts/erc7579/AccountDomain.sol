// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {DomainSeparator} from "../../libraries/DomainSeparator.sol";

/// @title An account's own EIP-712 domain
library AccountDomain {
    /// @notice The domain separator of (name, version, this chain, the account), with the name and version reported by
    /// the account through ERC-5267. Never reverts: `ok` is false if it reports none.
    function trySeparator(address account) internal view returns (bool ok, bytes32 separator) {
        (bool success, bytes memory answer) = account.staticcall(abi.encodeCall(IERC5267.eip712Domain, ()));
        if (!success || answer.length < 224) return (false, separator);
        // The name's offset is in the second word, the version's in the third.
        bytes32[2] memory hashes;
        for (uint256 i; i < 2; ++i) {
            (ok, hashes[i]) = _tryHashString(answer, 32 + 32 * i);
            if (!ok) return (false, separator);
        }
        separator = DomainSeparator.compute(hashes[0], hashes[1], account);
    }

    /// @dev The hash of the string whose offset is at `slot` of ABI-encoded return values.
    function _tryHashString(bytes memory answer, uint256 slot) private pure returns (bool ok, bytes32 hash) {
        uint256 offset = _word(answer, slot);
        if (offset > answer.length - 32) return (false, hash);
        uint256 length = _word(answer, offset);
        if (length > answer.length - 32 - offset) return (false, hash);
        assembly ("memory-safe") {
            hash := keccak256(add(add(answer, 64), offset), length)
        }
        return (true, hash);
    }

    function _word(bytes memory answer, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(answer, 32), offset))
        }
    }
}
