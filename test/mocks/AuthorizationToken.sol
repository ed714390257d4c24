// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MockToken} from "./MockToken.sol";

/// @title A token with EIP-3009 in which one thing is not as USDC has it
contract AuthorizationToken is MockToken {
    enum Oddity {
        NONE,
        KEYS_ONLY,
        ANY_SIGNATURE,
        SALTED_DOMAIN
    }

    string public constant name = "Authorization Token"; // solhint-disable-line const-name-snakecase
    string public constant version = "1"; // solhint-disable-line const-name-snakecase
    Oddity private immutable _ODDITY;
    mapping(address authorizer => mapping(bytes32 nonce => bool)) public authorizationState;

    error InvalidSignature();

    constructor(Oddity oddity) {
        _ODDITY = oddity;
    }

    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", DOMAIN_SEPARATOR(), keccak256(msg.data)));
        if (_ODDITY == Oddity.KEYS_ONLY) {
            (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
            if (signer != from) revert InvalidSignature();
        } else if (_ODDITY != Oddity.ANY_SIGNATURE) {
            if (IERC1271(from).isValidSignature(digest, signature) != 0x1626ba7e) revert InvalidSignature();
        }
        authorizationState[from][nonce] = true;
        _move(from, to, value);
    }

    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        bytes32 salt = _ODDITY == Oddity.SALTED_DOMAIN ? keccak256("salt") : bytes32(0);
        bytes32 typeHash = keccak256(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        );
        return
            keccak256(abi.encode(typeHash, keccak256(bytes(name)), keccak256(bytes(version)), block.chainid, this)) ^
            salt;
    }
}
