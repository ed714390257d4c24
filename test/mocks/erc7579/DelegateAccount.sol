// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {AccountERC7579} from "@openzeppelin/contracts/account/extensions/draft-AccountERC7579.sol";
import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {AbstractSigner} from "@openzeppelin/contracts/utils/cryptography/signers/AbstractSigner.sol";
import {ERC7739} from "@openzeppelin/contracts/utils/cryptography/signers/draft-ERC7739.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignerEIP7702} from "@openzeppelin/contracts/utils/cryptography/signers/SignerEIP7702.sol";

/// @title OpenZeppelin's ERC-7579 account for an EOA to delegate to by EIP-7702
/// @notice It obeys its validators and, without any of them, the EOA's own key: in userOps raw, by ERC-1271 as ERC-7739
/// nests it. It needs no initialization, so nobody can be first at that.
contract DelegateAccount is AccountERC7579, SignerEIP7702, ERC7739 {
    IEntryPoint private immutable _ENTRY_POINT;

    constructor(IEntryPoint entryPoint_) EIP712("DelegateAccount", "1") {
        _ENTRY_POINT = entryPoint_;
    }

    function entryPoint() public view override returns (IEntryPoint) {
        return _ENTRY_POINT;
    }

    function isValidSignature(
        bytes32 hash,
        bytes calldata signature
    ) public view virtual override(AccountERC7579, ERC7739) returns (bytes4 answer) {
        answer = ERC7739.isValidSignature(hash, signature);
        if (answer == bytes4(0xffffffff)) answer = AccountERC7579.isValidSignature(hash, signature);
    }

    function _rawSignatureValidation(
        bytes32 hash,
        bytes calldata signature
    ) internal view override(AbstractSigner, AccountERC7579, SignerEIP7702) returns (bool) {
        return SignerEIP7702._rawSignatureValidation(hash, signature);
    }
}
