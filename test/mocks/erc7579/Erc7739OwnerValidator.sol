// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {ERC7739Utils} from "@openzeppelin/contracts/utils/cryptography/draft-ERC7739Utils.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {EcdsaOwnerValidator} from "./EcdsaOwnerValidator.sol";

/// @title A validator whose owner, an ordinary key, signs other people's hashes as ERC-7739 nests them, in no other
/// form
/// @notice UserOps are signed raw. The domain around what is nested is the account's own, as it tells it by ERC-5267.
contract Erc7739OwnerValidator is EcdsaOwnerValidator {
    using MessageHashUtils for bytes32;

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    function _isAskedOwner(
        address account,
        bytes32 hash,
        bytes calldata signature
    ) internal view override returns (bool) {
        (
            ,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,

        ) = IERC5267(account).eip712Domain();
        bytes memory domain = abi.encode(keccak256(bytes(name)), keccak256(bytes(version)), chainId, verifyingContract);
        bytes32 personal = ERC7739Utils.personalSignStructHash(hash);
        if (
            _isByOwner(
                account,
                keccak256(abi.encodePacked(DOMAIN_TYPEHASH, domain)).toTypedDataHash(personal),
                signature
            )
        ) {
            return true;
        }
        return _isNested(account, hash, signature, abi.encodePacked(domain, salt));
    }

    function _isNested(
        address account,
        bytes32 hash,
        bytes calldata encoded,
        bytes memory domain
    ) private view returns (bool) {
        (bytes calldata signature, bytes32 separator, bytes32 contents, string calldata description) = ERC7739Utils
            .decodeTypedDataSig(encoded);
        bytes32 structHash = ERC7739Utils.typedDataSignStructHash(description, contents, domain);
        return
            structHash != 0 &&
            hash == separator.toTypedDataHash(contents) &&
            _isByOwner(account, separator.toTypedDataHash(structHash), signature);
    }
}
