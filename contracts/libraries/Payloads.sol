// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {Payload} from "../types/Payload.sol";
import {EIP_3009, MAX_RECIPIENTS, PERMIT2_EXACT, PERMIT2_UPTO, SessionBudget} from "../types/Session.sol";
import {Slot} from "../types/Slot.sol";
import {Calls} from "./Calls.sol";
import {DomainSeparator} from "./DomainSeparator.sol";
import {Nodes} from "./Nodes.sol";
import {Permit2} from "./Permit2.sol";
import {Slots} from "./Slots.sol";

/// @title The packed bytes of the signature rail
/// @notice Used where an account expects a signature: in an HTTP header, then five times in the calldata and memory of
/// a settlement, where a word costs about 830 gas. So anything the chain knows is omitted (the account, and the key,
/// which is recovered from its signature), and numbers take only as many bytes as needed.
///
/// Big-endian. `number` as in SessionReader: one byte n, then n bytes, the first of which is not zero.
///
///     1        version: 1 the session is enabled; 2 a grant is carried; 3 and 4 like 1 and 2, for accounts that wrap
///              the payment's digest in their own, from which the key cannot be recovered
///     20       for 3 and 4 only: the key
///     1        the index of the budget in the session
///     number   lot
///     1        size, or a node's depth
///     number   index
///     number   payee: below 32 its index in the budget's recipients, else the address itself
///     number   value
///     number   validAfter of the authorization, or of x402's witness
///     number   validBefore of the authorization, or Permit2's deadline
///     1        EIP-3009, with the token's EIP-712 name and version: 1 "USD Coin", "2"; 2 "USDC", "2"; 3 "EURC", "2";
///              0 as follows. Permit2: 4 by x402's exact scheme; 5 by its upto scheme
///     64       for 0 only: keccak256(name), keccak256(version)
///     20       for 5 only: the facilitator
///     64       the key's signature: r, vs (EIP-2098). EIP-3009: over the authorization's digest. Permit2: over
///              `SignedPayment(address account,bytes32 digest)` in the module's domain, see SignatureRail
///     -        the packed session, see SessionReader, without the parts that this payment does not need, to the
///              payload's last byte; for 2 and 4 the complete session, followed by the grant
///
/// @dev Never 64 or 65 bytes long: facilitators and wallets treat those as an ECDSA signature. Nothing here reverts:
/// for bytes that are not a payload, `ok` is false.
library Payloads {
    /// @dev The shortest payload is longer: 64 bytes are the key's signature alone.
    uint256 private constant SHORTEST = 66;

    bytes32 internal constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
        "bytes32 nonce)"
    );

    /// @notice Whether bytes passed to an account as a signature may be a payload.
    /// @dev A signature by a Safe's owners may begin with the same byte by chance: after a rejection here or by the
    /// module, the owners' signatures are checked.
    function isPayload(bytes calldata signature) internal pure returns (bool) {
        if (signature.length < SHORTEST) return false;
        uint8 version = uint8(signature[0]);
        return version >= 1 && version <= 4;
    }

    /// @notice The payment's part of a payload.
    /// @return ok Whether it is a payload.
    /// @return payload Its contents.
    /// @return rest The session, and the grant if there is one.
    function tryRead(
        bytes calldata signature
    ) internal pure returns (bool ok, Payload memory payload, bytes calldata rest) {
        rest = signature[:0];
        if (!isPayload(signature)) return (false, payload, rest);
        Slot memory slot = payload.slot;
        uint256 cursor;
        uint256 code;
        assembly ("memory-safe") {
            // A number of at most `width` bytes. An invalid one moves the cursor beyond the calldata.
            function readNumber(cursor_, width) -> value, next {
                let n := byte(0, calldataload(cursor_))
                next := add(cursor_, 1)
                let word := calldataload(next)
                value := shr(sub(256, shl(3, n)), word)
                let zeroFirst := iszero(or(byte(0, word), iszero(n)))
                next := or(add(next, n), shl(64, or(gt(n, width), zeroFirst)))
            }
            cursor := signature.offset
            let version := byte(0, calldataload(cursor))
            mstore(payload, iszero(and(version, 1))) // hasGrant
            if gt(version, 2) {
                mstore(add(payload, 0x20), 1) // namesKey
                mstore(add(payload, 0x40), shr(96, calldataload(add(cursor, 1)))) // key
                cursor := add(cursor, 20)
            }
            mstore(add(payload, 0x60), byte(1, calldataload(cursor))) // budgetIndex
            let value
            value, cursor := readNumber(add(cursor, 2), 16)
            mstore(slot, value) // lot
            mstore(add(slot, 0x20), byte(0, calldataload(cursor))) // size
            value, cursor := readNumber(add(cursor, 1), 2)
            mstore(add(slot, 0x40), value) // index
            value, cursor := readNumber(cursor, 20)
            mstore(add(payload, 0xa0), value) // payee
            value, cursor := readNumber(cursor, 16)
            mstore(add(payload, 0xc0), value) // value
            value, cursor := readNumber(cursor, 32)
            mstore(add(payload, 0xe0), value) // validAfter
            value, cursor := readNumber(cursor, 32)
            mstore(add(payload, 0x100), value) // validBefore
            code := byte(0, calldataload(cursor))
            cursor := add(cursor, 1)
            switch code
            case 0 {
                mstore(add(payload, 0x120), calldataload(cursor)) // nameHash
                mstore(add(payload, 0x140), calldataload(add(cursor, 32))) // versionHash
                cursor := add(cursor, 64)
            }
            case 5 {
                mstore(add(payload, 0x1c0), shr(96, calldataload(cursor))) // facilitator
                cursor := add(cursor, 20)
            }
            mstore(add(payload, 0x160), calldataload(cursor)) // r
            mstore(add(payload, 0x180), calldataload(add(cursor, 32))) // vs
            cursor := add(cursor, 64)
            let end := add(signature.offset, signature.length)
            ok := lt(cursor, end)
            if ok {
                rest.offset := cursor
                rest.length := sub(end, cursor)
            }
        }
        if (code > 3) {
            if (code > 5) ok = false;
            payload.method = code == 4 ? PERMIT2_EXACT : PERMIT2_UPTO;
            return (ok, payload, rest);
        }
        payload.method = EIP_3009;
        if (code == 0) return (ok, payload, rest);
        payload.versionHash = keccak256("2");
        if (code == 1) payload.nameHash = keccak256("USD Coin");
        else if (code == 2) payload.nameHash = keccak256("USDC");
        else payload.nameHash = keccak256("EURC");
    }

    /// @notice The payload's recipient. `found` is false if the budget has no such recipient.
    function payeeOf(
        Payload memory payload,
        SessionBudget memory budget
    ) internal pure returns (bool found, address payee) {
        uint256 index = payload.payee;
        if (index >= MAX_RECIPIENTS) {
            payee = address(uint160(index));
            return (Calls.isRecipient(budget, payee), payee);
        }
        if (index >= budget.recipients.length) return (false, payee);
        return (true, budget.recipients[index]);
    }

    /// @notice The EIP-712 digest of the EIP-3009 authorization or the Permit2 transfer that the payload describes.
    /// @dev Permit2's does not contain `from`.
    /// @param prefix The nonce prefix of the budget's period, see Slots.
    function digestOf(
        Payload memory payload,
        address from,
        address to,
        bytes32 prefix,
        address token
    ) internal view returns (bytes32) {
        bytes32 separator;
        bytes32 structHash;
        Slot memory slot = payload.slot;
        if (payload.method == EIP_3009) {
            separator = DomainSeparator.compute(payload.nameHash, payload.versionHash, token);
            structHash = EfficientHashLib.hash(
                uint256(TRANSFER_WITH_AUTHORIZATION_TYPEHASH),
                uint160(from),
                uint160(to),
                payload.value,
                payload.validAfter,
                payload.validBefore,
                uint256(Slots.nonceOf(prefix, slot.lot, slot.size, slot.index))
            );
        } else {
            separator = Permit2.domainSeparator();
            uint256 nonce = Nodes.nonceOf(prefix, slot.lot, slot.size, slot.index);
            structHash = Permit2.structHashOf(payload, to, nonce, token);
        }
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }
}
