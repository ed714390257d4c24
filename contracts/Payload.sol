// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ANYONE, MAX_BUDGETS, Session, SessionBudget, Sessions} from "./Session.sol";
import {Slot} from "./Slots.sol";

/// What the signature rail is shown: an EIP-3009 authorization by the key, and the session that allows it.
struct Payload {
    uint8 version;
    uint256 budgetIndex;
    Slot slot;
    uint256 payee;
    uint256 value;
    uint256 validAfter;
    uint256 validBefore;
    bytes32 nameHash;
    bytes32 versionHash;
    bytes32 r;
    bytes32 vs;
    /// Where in calldata the session begins.
    uint256 sessionAt;
    /// Where in calldata the payload ends.
    uint256 end;
    /// Of version 3.
    address key;
}

/// @title The packed bytes of the signature rail
/// @notice They stand where an account expects a signature: in a header of an HTTP request, then five times over in
/// the calldata and memory of a settlement, where a word costs about 830 gas. So whatever the chain knows is left out
/// (account, epoch, and the key, which its signature gives), and numbers take the bytes that they need.
///
/// Big-endian. `number` is one byte n, then n bytes; zero is n = 0. Leading zeros cost gas and change nothing.
///
///     1        version: 1 the session is enabled; 2 a grant is carried; 3 as 1, for accounts that ask about a hash of
///              their own that wraps the authorization's, from which no signature gives the key
///     20       for 3 only: the key
///     1        the index of the budget in the session
///     number   lot
///     1        size
///     number   index
///     number   payee: its index in the budget's recipients; where these are [ANYONE], the address itself
///     number   value
///     number   validAfter of the authorization
///     number   validBefore of the authorization
///     1        the token's EIP-712 name and version: 1 "USD Coin", "2"; 2 "USDC", "2"; 3 "EURC", "2"; 0 as follows
///     64       for 0 only: keccak256(name), keccak256(version)
///     64       the key's signature over the authorization's digest: r, vs (EIP-2098)
///
/// Versions 1 and 3 go on with the session, to the payload's last byte:
///
///     number   validAfter
///     number   validUntil
///     number   salt
///     number   gasAllowance
///     number   paymaster
///     number   the EIP-712 hash of the actions; n = 0 where there are none
///     1        how many budgets
///     32 each  the EIP-712 hashes of the other budgets, in order
///     20       the budget's token
///     number   perTransaction
///     number   perPeriod
///     number   period
///     1        signatures
///     1        sizes
///     1        how many recipients; 0 for [ANYONE]
///     20 each  the recipients
///
/// Version 2 goes on with `abi.encode(Session session, bytes grant)`, to the payload's last byte.
///
/// @dev Never 64 or 65 bytes long: facilitators and wallets take those for an ECDSA signature. Nothing here reverts:
/// bytes that are no payload give `ok` = false.
library Payloads {
    uint8 internal constant ENABLED = 1;
    uint8 internal constant GRANTED = 2;
    uint8 internal constant WRAPPED = 3;

    /// @dev The shortest payload is longer: 64 bytes are the key's signature alone.
    uint256 private constant SHORTEST = 66;

    bytes32 internal constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 internal constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
        "bytes32 nonce)"
    );

    /// @notice Whether bytes that an account is shown as a signature may be a payload.
    /// @dev A signature by a Safe's owners may begin with the same byte by chance: whoever is told no here or by the
    /// module asks the owners.
    function isPayload(bytes calldata signature) internal pure returns (bool) {
        if (signature.length < SHORTEST) return false;
        return uint8(signature[0]) >= ENABLED && uint8(signature[0]) <= WRAPPED;
    }

    /// @notice The authorization's part of a payload.
    function tryRead(bytes calldata signature) internal pure returns (bool ok, Payload memory payload) {
        if (!isPayload(signature)) return (false, payload);
        Slot memory slot = payload.slot;
        assembly ("memory-safe") {
            // See `tryReadSession`.
            function take(cursor, width) -> value, next {
                let n := byte(0, calldataload(cursor))
                value := shr(sub(256, shl(3, n)), calldataload(add(cursor, 1)))
                next := or(add(add(cursor, 1), n), shl(64, gt(n, width)))
            }
            let cursor := signature.offset
            mstore(add(payload, 0x180), add(cursor, signature.length)) // end
            let version := byte(0, calldataload(cursor))
            mstore(payload, version) // version
            if eq(version, 3) {
                mstore(add(payload, 0x1a0), shr(96, calldataload(add(cursor, 1)))) // key
                cursor := add(cursor, 20)
            }
            mstore(add(payload, 0x20), byte(1, calldataload(cursor))) // budgetIndex
            let value
            value, cursor := take(add(cursor, 2), 16)
            mstore(slot, value) // lot
            mstore(add(slot, 0x20), byte(0, calldataload(cursor))) // size
            value, cursor := take(add(cursor, 1), 2)
            mstore(add(slot, 0x40), value) // index
            value, cursor := take(cursor, 20)
            mstore(add(payload, 0x60), value) // payee
            value, cursor := take(cursor, 16)
            mstore(add(payload, 0x80), value) // value
            value, cursor := take(cursor, 32)
            mstore(add(payload, 0xa0), value) // validAfter
            value, cursor := take(cursor, 32)
            mstore(add(payload, 0xc0), value) // validBefore
            mstore(add(payload, 0x160), cursor)
        }
        uint256 position = payload.sessionAt;
        uint256 code;
        assembly ("memory-safe") {
            code := byte(0, calldataload(position))
        }
        (ok, payload.nameHash, payload.versionHash) = _tokenName(code, position + 1);
        assembly ("memory-safe") {
            position := add(position, add(1, mul(64, iszero(code))))
            mstore(add(payload, 0x120), calldataload(position)) // r
            mstore(add(payload, 0x140), calldataload(add(position, 32))) // vs
            position := add(position, 64)
            mstore(add(payload, 0x160), position) // sessionAt
            ok := and(ok, lt(position, add(signature.offset, signature.length)))
        }
    }

    /// @notice The session of a version 1 or 3 payload, of which only the one budget is filled in, and its id.
    /// @dev As Sessions.tryRead: each struct is written behind a word for its type hash, hashed with the hashes of its
    /// lists filled in, and then given the pointers to them.
    /// @param account Who is asked.
    /// @param key Whose signature the payload carries, or claims to.
    /// @param epoch The account's.
    function tryReadSession(
        Payload memory payload,
        address account,
        address key,
        uint64 epoch
    ) internal pure returns (bool ok, Session memory session, bytes32 id) {
        bytes32 sessionType = Sessions.SESSION_TYPEHASH;
        bytes32 budgetType = Sessions.BUDGET_TYPEHASH;
        bytes32 noActions = keccak256("");
        uint256 mostBudgets = MAX_BUDGETS;
        assembly ("memory-safe") {
            // A number of at most `width` bytes. A wider one leads on to where no calldata is, so that the reader does
            // not end where the payload does.
            function take(cursor, width) -> value, next {
                let n := byte(0, calldataload(cursor))
                value := shr(sub(256, shl(3, n)), calldataload(add(cursor, 1)))
                next := or(add(add(cursor, 1), n), shl(64, gt(n, width)))
            }
            function allocate(size) -> pointer {
                pointer := mload(0x40)
                mstore(0x40, add(pointer, size))
            }
            // The budget that pays, from its packed bytes.
            function readBudget(start, typeHash) -> budget, hash, cursor {
                budget := add(allocate(320), 32)
                mstore(sub(budget, 32), typeHash)
                mstore(budget, shr(96, calldataload(start))) // token
                let value
                value, cursor := take(add(start, 20), 16)
                mstore(add(budget, 0x20), value) // perTransaction
                value, cursor := take(cursor, 16)
                mstore(add(budget, 0x40), value) // perPeriod
                value, cursor := take(cursor, 4)
                mstore(add(budget, 0x60), value) // period
                mstore(add(budget, 0x80), 0) // initial, perSecond: no stream has slots
                mstore(add(budget, 0xa0), 0)
                mstore(add(budget, 0xc0), byte(0, calldataload(cursor))) // signatures
                mstore(add(budget, 0xe0), byte(1, calldataload(cursor))) // sizes
                let count := byte(2, calldataload(cursor))
                cursor := add(cursor, 3)
                let recipients := allocate(add(64, shl(5, count)))
                mstore(recipients, count)
                for {
                    let i := 1
                } iszero(gt(i, count)) {
                    i := add(i, 1)
                } {
                    mstore(add(recipients, shl(5, i)), shr(96, calldataload(cursor)))
                    cursor := add(cursor, 20)
                }
                if iszero(count) {
                    mstore(recipients, 1)
                    mstore(add(recipients, 32), ANYONE)
                }
                mstore(add(budget, 0x100), keccak256(add(recipients, 32), shl(5, mload(recipients))))
                hash := keccak256(sub(budget, 32), 320)
                mstore(add(budget, 0x100), recipients)
            }

            let cursor := mload(add(payload, 0x160)) // sessionAt
            session := add(allocate(352), 32)
            mstore(sub(session, 32), sessionType)
            mstore(session, account)
            mstore(add(session, 0x20), key)
            let value
            value, cursor := take(cursor, 6)
            mstore(add(session, 0x40), value) // validAfter
            value, cursor := take(cursor, 6)
            mstore(add(session, 0x60), value) // validUntil
            mstore(add(session, 0x80), epoch)
            value, cursor := take(cursor, 32)
            mstore(add(session, 0xa0), value) // salt
            value, cursor := take(cursor, 16)
            mstore(add(session, 0xc0), value) // gasAllowance
            value, cursor := take(cursor, 20)
            mstore(add(session, 0xe0), value) // paymaster
            value, cursor := take(cursor, 32)
            if iszero(value) {
                value := noActions
            }
            mstore(add(session, 0x120), value)

            // The list of budgets: its length, a pointer for each, and room for as many hashes behind.
            let count := byte(0, calldataload(cursor))
            cursor := add(cursor, 1)
            let index := mload(add(payload, 0x20)) // budgetIndex
            ok := and(lt(index, count), iszero(gt(count, mostBudgets)))
            count := mul(count, ok)
            let budgets := allocate(add(32, shl(6, count)))
            mstore(budgets, count)
            let hashes := add(budgets, add(32, shl(5, count)))
            for {
                let i := 0
            } lt(i, count) {
                i := add(i, 1)
            } {
                mstore(add(add(budgets, 32), shl(5, i)), 0x60) // not read by anybody
                if eq(i, index) {
                    continue
                }
                mstore(add(hashes, shl(5, i)), calldataload(cursor))
                cursor := add(cursor, 32)
            }
            let budget, hash
            budget, hash, cursor := readBudget(cursor, budgetType)
            if ok {
                mstore(add(hashes, shl(5, index)), hash)
                mstore(add(add(budgets, 32), shl(5, index)), budget)
            }
            mstore(add(session, 0x100), keccak256(hashes, shl(5, count)))
            id := keccak256(sub(session, 32), 352)
            mstore(add(session, 0x100), budgets)
            mstore(add(session, 0x120), 0x60)
            // The whole payload and nothing after it: every read moves on, so none went past the end.
            ok := and(ok, eq(cursor, mload(add(payload, 0x180))))
        }
    }

    /// @notice The session and the grant of a version 2 payload, and the session's id.
    function tryReadGranted(
        Payload memory payload
    ) internal pure returns (bool ok, Session memory session, bytes32 id, bytes calldata grant) {
        uint256 cursor = payload.sessionAt;
        uint256 end = payload.end;
        Session calldata encoded;
        assembly ("memory-safe") {
            let first := calldataload(cursor)
            let second := calldataload(add(cursor, 32))
            encoded := add(cursor, first)
            grant.offset := add(add(cursor, second), 32)
            grant.length := calldataload(sub(grant.offset, 32))
            // Offsets and lengths below 2**32 cannot wrap.
            ok := iszero(shr(32, or(or(first, second), grant.length)))
            // The grant, padded to whole words, is the payload's end: nothing goes unread.
            ok := and(ok, eq(add(grant.offset, and(add(grant.length, 31), not(31))), end))
            if iszero(ok) {
                encoded := cursor
                grant.offset := cursor
                grant.length := 0
            }
        }
        if (ok) (ok, session, id) = Sessions.tryRead(encoded);
    }

    /// @notice Whom the payload pays. `found` is false where the budget has no such recipient.
    function payeeOf(
        Payload memory payload,
        SessionBudget memory budget
    ) internal pure returns (bool found, address payee) {
        address[] memory recipients = budget.recipients;
        if (recipients.length == 1 && recipients[0] == ANYONE) return (true, address(uint160(payload.payee)));
        if (payload.payee >= recipients.length) return (false, payee);
        return (true, recipients[payload.payee]);
    }

    /// @notice The EIP-712 digest of the EIP-3009 authorization that the payload describes.
    function digestOf(
        Payload memory payload,
        address from,
        address to,
        bytes32 nonce,
        address token
    ) internal view returns (bytes32) {
        bytes32 domainSeparator = keccak256(
            abi.encode(DOMAIN_TYPEHASH, payload.nameHash, payload.versionHash, block.chainid, token)
        );
        bytes32 structHash = keccak256(
            abi.encode(
                TRANSFER_WITH_AUTHORIZATION_TYPEHASH,
                from,
                to,
                payload.value,
                payload.validAfter,
                payload.validBefore,
                nonce
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domainSeparator, structHash));
    }

    function _tokenName(uint256 code, uint256 cursor) private pure returns (bool ok, bytes32 name, bytes32 version) {
        if (code == 0) return (true, _wordAt(cursor), _wordAt(cursor + 32));
        version = keccak256("2");
        if (code == 1) return (true, keccak256("USD Coin"), version);
        if (code == 2) return (true, keccak256("USDC"), version);
        if (code == 3) return (true, keccak256("EURC"), version);
    }

    function _wordAt(uint256 cursor) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := calldataload(cursor)
        }
    }
}
