// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ANYONE, Budget, Session, Sessions} from "./Session.sol";
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
}

/// @title The packed bytes of the signature rail
/// @notice They stand where an account expects a signature: in a header of an HTTP request, then five times over in
/// the calldata and memory of a settlement, where a word costs about 830 gas. So whatever the chain knows is left out
/// (account, epoch, and the key, which its signature gives), and numbers take the bytes that they need.
///
/// Big-endian. `number` is one byte n, then n bytes; zero is n = 0.
///
///     1        version: 1 the session is enabled, 2 a grant is carried
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
/// Version 1 goes on with the session, to the payload's last byte:
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
///     1        slotSizes
///     1        how many recipients; 0 for [ANYONE]
///     20 each  the recipients
///
/// Version 2 goes on with `abi.encode(Session session, bytes grant)`.
///
/// @dev Never 64 or 65 bytes long: facilitators and wallets take those for an ECDSA signature. Nothing here reverts:
/// bytes that are no payload give `ok` = false.
library Payloads {
    uint8 internal constant ENABLED = 1;
    uint8 internal constant GRANTED = 2;

    /// @dev The shortest payload is longer: 64 bytes are the key's signature alone.
    uint256 private constant SHORTEST = 66;

    bytes32 internal constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,"
        "bytes32 nonce)"
    );

    /// @notice Whether bytes that an account is shown as a signature may be a payload.
    /// @dev A signature by a Safe's owners may begin with the same byte by chance: whoever is told no here or by the
    /// module asks the owners.
    function isPayload(bytes calldata signature) internal pure returns (bool) {
        if (signature.length < SHORTEST) return false;
        return uint8(signature[0]) == ENABLED || uint8(signature[0]) == GRANTED;
    }

    /// @notice The authorization's part of a payload.
    function tryRead(bytes calldata bytes_) internal pure returns (bool ok, Payload memory payload) {
        if (!isPayload(bytes_)) return (false, payload);
        uint256 cursor;
        assembly ("memory-safe") {
            cursor := bytes_.offset
        }
        payload.end = cursor + bytes_.length;
        payload.version = uint8(_byteAt(cursor));
        payload.budgetIndex = _byteAt(cursor + 1);
        (payload.slot.lot, cursor) = _number(cursor + 2, 16);
        payload.slot.size = _byteAt(cursor);
        (payload.slot.index, cursor) = _number(cursor + 1, 2);
        (payload.payee, cursor) = _number(cursor, 20);
        (payload.value, cursor) = _number(cursor, 16);
        (payload.validAfter, cursor) = _number(cursor, 32);
        (payload.validBefore, cursor) = _number(cursor, 32);
        uint256 code = _byteAt(cursor);
        (ok, payload.nameHash, payload.versionHash) = _tokenName(code, cursor + 1);
        cursor = code == 0 ? cursor + 65 : cursor + 1;
        payload.r = _wordAt(cursor);
        payload.vs = _wordAt(cursor + 32);
        payload.sessionAt = cursor + 64;
        ok = ok && payload.sessionAt < payload.end;
    }

    /// @notice The session of a version 1 payload, of which only the one budget is filled in, and its id.
    /// @param account Who is asked.
    /// @param key Whose signature the payload carries.
    /// @param epoch The account's.
    function tryReadSession(
        Payload memory payload,
        address account,
        address key,
        uint64 epoch
    ) internal pure returns (bool ok, Session memory session, bytes32 id) {
        uint256 cursor = payload.sessionAt;
        uint256 number;
        session.account = account;
        session.key = key;
        session.epoch = epoch;
        (number, cursor) = _number(cursor, 6);
        session.validAfter = uint48(number);
        (number, cursor) = _number(cursor, 6);
        session.validUntil = uint48(number);
        (session.salt, cursor) = _number(cursor, 32);
        (number, cursor) = _number(cursor, 16);
        session.gasAllowance = uint128(number);
        (number, cursor) = _number(cursor, 20);
        session.paymaster = address(uint160(number));
        (number, cursor) = _number(cursor, 32);
        bytes32 actionsHash = number == 0 ? keccak256("") : bytes32(number);

        uint256 count = _byteAt(cursor++);
        uint256 index = payload.budgetIndex;
        if (count > Sessions.MAX_BUDGETS || index >= count) return (false, session, id);
        bytes32[] memory hashes = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            if (i == index) continue;
            hashes[i] = _wordAt(cursor);
            cursor += 32;
        }
        session.budgets = new Budget[](count);
        Budget memory budget = session.budgets[index];
        cursor = _readBudget(budget, cursor);
        hashes[index] = Sessions.hashBudget(budget);
        id = Sessions.hashWithLists(session, hashes, actionsHash);
        // The whole payload and nothing after it: no read went past its end, as every read moves on.
        ok = cursor == payload.end;
    }

    function _readBudget(Budget memory budget, uint256 cursor) private pure returns (uint256) {
        uint256 number;
        budget.token = _addressAt(cursor);
        (number, cursor) = _number(cursor + 20, 16);
        budget.perTransaction = uint128(number);
        (number, cursor) = _number(cursor, 16);
        budget.perPeriod = uint128(number);
        (number, cursor) = _number(cursor, 4);
        budget.period = uint32(number);
        budget.slotSizes = uint8(_byteAt(cursor));
        uint256 count = _byteAt(cursor + 1);
        cursor += 2;
        if (count == 0) {
            budget.recipients = new address[](1);
            budget.recipients[0] = ANYONE;
            return cursor;
        }
        budget.recipients = new address[](count);
        for (uint256 i; i < count; ++i) {
            budget.recipients[i] = _addressAt(cursor);
            cursor += 20;
        }
        return cursor;
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
            ok := and(ok, iszero(gt(add(grant.offset, grant.length), end)))
            if iszero(ok) {
                encoded := cursor
                grant.offset := cursor
                grant.length := 0
            }
        }
        if (ok) (ok, session, id) = Sessions.tryRead(encoded);
    }

    /// @notice Whom the payload pays. `found` is false where the budget has no such recipient.
    function payeeOf(Payload memory payload, Budget memory budget) internal pure returns (bool found, address payee) {
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

    /// @param width The most bytes that the number may have.
    function _number(uint256 cursor, uint256 width) private pure returns (uint256 read, uint256 next) {
        assembly ("memory-safe") {
            let n := byte(0, calldataload(cursor))
            read := shr(sub(256, shl(3, n)), calldataload(add(cursor, 1)))
            next := add(add(cursor, 1), n)
            // Too wide: on from where no calldata is, so that the reader does not end where the payload does.
            if gt(n, width) {
                read := 0
                next := shl(64, 1)
            }
        }
    }

    function _byteAt(uint256 cursor) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, calldataload(cursor))
        }
    }

    function _wordAt(uint256 cursor) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := calldataload(cursor)
        }
    }

    function _addressAt(uint256 cursor) private pure returns (address value) {
        assembly ("memory-safe") {
            value := shr(96, calldataload(cursor))
        }
    }
}
