// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {Payload} from "../types/Payload.sol";
import {PERMIT2_EXACT} from "../types/Session.sol";

// Uniswap's Permit2, which has this address on every chain that this project supports.
address constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
// x402's spenders of Permit2 transfers. Each transfers only to the address named in the witness that the payer signed.
// The first transfers exactly what was signed.
address constant X402_EXACT = 0x402085c248EeA27D92E8b30b2C58ed07f9E20001;
// The second transfers at most what was signed, and only for the facilitator named in the witness.
address constant X402_UPTO = 0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002;

/// @title The digests of Permit2 transfers for x402, and the nonces that Permit2 has used
library Permit2 {
    /// @dev nonceBitmap(address,uint256)
    uint256 private constant NONCE_BITMAP = 0x4fe02b44;

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant NAME_HASH = keccak256("Permit2");
    bytes32 private constant TOKEN_PERMISSIONS_TYPEHASH = keccak256("TokenPermissions(address token,uint256 amount)");

    bytes32 private constant EXACT_WITNESS_TYPEHASH = keccak256("Witness(address to,uint256 validAfter)");
    bytes32 private constant UPTO_WITNESS_TYPEHASH = keccak256(
        "Witness(address to,address facilitator,uint256 validAfter)"
    );
    bytes32 private constant EXACT_TYPEHASH = keccak256(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)"
    );
    bytes32 private constant UPTO_TYPEHASH = keccak256(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
        "Witness witness)TokenPermissions(address token,uint256 amount)"
        "Witness(address to,address facilitator,uint256 validAfter)"
    );

    /// @notice Permit2's domain separator on this chain. Its domain has no version.
    function domainSeparator() internal view returns (bytes32) {
        return EfficientHashLib.hash(uint256(DOMAIN_TYPEHASH), uint256(NAME_HASH), block.chainid, uint160(PERMIT2));
    }

    /// @notice The struct hash of the Permit2 transfer that the payload describes.
    function structHashOf(
        Payload memory payload,
        address to,
        uint256 nonce,
        address token
    ) internal pure returns (bytes32) {
        uint256 permitted = uint256(
            EfficientHashLib.hash(uint256(TOKEN_PERMISSIONS_TYPEHASH), uint160(token), payload.value)
        );
        bytes32 typeHash = EXACT_TYPEHASH;
        address spender = X402_EXACT;
        bytes32 witness;
        if (payload.method == PERMIT2_EXACT) {
            witness = EfficientHashLib.hash(uint256(EXACT_WITNESS_TYPEHASH), uint160(to), payload.validAfter);
        } else {
            typeHash = UPTO_TYPEHASH;
            spender = X402_UPTO;
            witness = EfficientHashLib.hash(
                uint256(UPTO_WITNESS_TYPEHASH),
                uint160(to),
                uint160(payload.facilitator),
                payload.validAfter
            );
        }
        return
            EfficientHashLib.hash(
                uint256(typeHash),
                permitted,
                uint160(spender),
                nonce,
                payload.validBefore,
                uint256(witness)
            );
    }

    /// @notice The word of 256 nonces that begins with nonce `word << 8`: a bit for each that the owner has used.
    /// @return answered False if Permit2 does not answer, as where it is not deployed.
    function nonceBitmap(address owner, uint256 word) internal view returns (bool answered, uint256 bits) {
        assembly ("memory-safe") {
            let question := mload(0x40)
            mstore(question, NONCE_BITMAP)
            mstore(add(question, 32), owner)
            mstore(add(question, 64), word)
            let success := staticcall(gas(), PERMIT2, add(question, 28), 68, 0, 32)
            answered := and(success, gt(returndatasize(), 31))
            bits := mload(0)
        }
    }
}
