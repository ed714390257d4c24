// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

// Used in assembly, which solhint does not check.
// solhint-disable-next-line no-unused-import
import {ANYONE, Carried, MAX_ACTIONS, MAX_BUDGETS, MAX_RECIPIENTS, MAX_RULES, Session} from "../types/Session.sol";
import {ACTION_TYPEHASH, BUDGET_TYPEHASH, RULE_TYPEHASH, SESSION_TYPEHASH} from "./SessionTypes.sol";

/// @title The only parser of session bytes
/// @notice A session has one packed encoding in calldata, on every rail. Big-endian. `number` is one byte n, at most
/// the width of its field in bytes, then n bytes, the first of which is not zero; zero is n = 0.
///
///     6        validAfter
///     6        validUntil
///     1        codes, two bits each: 0-1 epoch, 2-3 gasAllowance, 4-5 paymaster. 0: the field is zero; 1: it is all
///              ones; 2: it follows, and is neither; 3: invalid. Bits 6-7 are the version of this encoding, 0
///     number   each of the three that follows, in that order
///     number   salt
///     1        how many budgets, up to 8; of each:
///         1        its kind. 0xff: omitted, and its EIP-712 hash follows (32 bytes). Else bit 7: it is a stream;
///                  bits 4-6: signatures; bits 0-3: sizes
///         20       token
///         number   perTransaction
///         number   perPeriod
///         number   period
///         number   initial, for a stream only
///         number   perSecond, for a stream only; not zero
///         1        how many recipients, 1 to 32; 255: [ANYONE]
///         20 each  the recipients, none of which is ANYONE
///     1        how many actions, up to 32; 255: the list is omitted, and its EIP-712 hash follows (32 bytes);
///              of each:
///         20       target
///         4        selector
///         1        how many rules, up to 8; of each:
///             2        offset
///             1        op
///             number   value
///
/// The account and the key are not part of it: they precede it, or are known otherwise.
///
/// A session has one encoding for each choice of omitted parts. Omitted parts are only trusted through the session's
/// id, which includes their hashes. In memory, an omitted budget has no recipients, no period, no limits, and a token
/// that equals no address; an omitted list of actions is empty.
library SessionReader {
    /// @dev The bit for the list of actions in `leftOut`.
    uint256 internal constant ACTIONS = 1 << MAX_BUDGETS;

    /// @dev Length of the account and the key, 20 bytes each, which precede a session's own bytes if not known
    /// otherwise.
    uint256 internal constant PARTIES = 40;

    /// @notice Reads the session that fills all of `packed`, after its account and key. Never reverts.
    /// @param carried Newly allocated.
    function tryRead(Carried memory carried, bytes calldata packed) internal pure returns (bool) {
        Session memory session = carried.session;
        uint256 start;
        uint256 end;
        assembly ("memory-safe") {
            mstore(session, shr(96, calldataload(packed.offset))) // account
            mstore(add(session, 0x20), shr(96, calldataload(add(packed.offset, 20)))) // key
            start := add(packed.offset, PARTIES)
            end := add(packed.offset, packed.length)
        }
        // With too few bytes, the reader ends beyond them.
        return _read(carried, start) == end;
    }

    /// @notice Reads the session at the beginning of `bytes_`. Never reverts.
    /// @param carried Newly allocated, with the session's account and key filled in. The rest is filled in here.
    /// @return length The number of bytes read; 0 if there is no valid session.
    function read(Carried memory carried, bytes calldata bytes_) internal pure returns (uint256 length) {
        uint256 start;
        assembly ("memory-safe") {
            start := bytes_.offset
        }
        unchecked {
            length = _read(carried, start) - start;
        }
        if (length > bytes_.length) length = 0;
    }

    /// @dev In one assembly block because every use pays for it. Solidity's memory layout of a struct is its EIP-712
    /// encodeData with pointers instead of hashes, without the leading type hash. So each struct is written after a
    /// word for its type hash, hashed with its lists' hashes in place, and then given the pointers.
    ///
    /// The cursor is in memory at 0: on the stack, every step would have to carry it. Invalid data moves it beyond the
    /// calldata, so that the reader does not end where the bytes do.
    /// @return next The end of the session, or a position beyond the calldata if the bytes are invalid. Every read
    /// advances the cursor, so none went past the end.
    function _read(Carried memory carried, uint256 cursor) private pure returns (uint256 next) {
        Session memory session = carried.session;
        bytes32 sessionType = SESSION_TYPEHASH;
        bytes32 budgetType = BUDGET_TYPEHASH;
        bytes32 actionType = ACTION_TYPEHASH;
        bytes32 ruleType = RULE_TYPEHASH;
        bytes32 noActions = keccak256("");
        uint256 actionsBit = ACTIONS;
        assembly ("memory-safe") {
            function refuseIf(bad) {
                if bad {
                    mstore(0, shl(128, 1))
                }
            }
            function readByte() -> value {
                let at := mload(0)
                value := byte(0, calldataload(at))
                mstore(0, add(at, 1))
            }
            function readHash() -> value {
                let at := mload(0)
                value := calldataload(at)
                mstore(0, add(at, 32))
            }
            // A number of at most `width` bytes, the first of which is not zero.
            function numberAt(at, width) -> value, next_ {
                let n := byte(0, calldataload(at))
                next_ := add(at, 1)
                let word := calldataload(next_)
                value := shr(sub(256, shl(3, n)), word)
                let bad := or(gt(n, width), iszero(or(byte(0, word), iszero(n))))
                next_ := or(add(next_, n), shl(64, bad))
            }
            function readNumber(width) -> value {
                let at
                value, at := numberAt(mload(0), width)
                mstore(0, at)
            }
            // A field of `width` bytes, which `code` may replace.
            function readCoded(code, width) -> value {
                let allOnes := shr(sub(256, shl(3, width)), not(0))
                switch code
                // solhint-disable-next-line no-empty-blocks
                case 0 {}
                case 1 {
                    value := allOnes
                }
                case 2 {
                    value := readNumber(width)
                    refuseIf(or(iszero(value), eq(value, allOnes)))
                }
                default {
                    refuseIf(1)
                }
            }
            // Each budget is written to free memory, after the space for the list and the hashes.
            function readBudget(kind, typeHash) -> budget, hash {
                budget := add(mload(0x40), 32)
                mstore(sub(budget, 32), typeHash)
                let at := mload(0)
                mstore(budget, shr(96, calldataload(at))) // token
                let value
                value, at := numberAt(add(at, 20), 16)
                mstore(add(budget, 0x20), value) // perTransaction
                value, at := numberAt(at, 16)
                mstore(add(budget, 0x40), value) // perPeriod
                value, at := numberAt(at, 4)
                mstore(add(budget, 0x60), value) // period
                mstore(0, at)
                let perSecond := 0
                let initial := 0
                if shr(7, kind) {
                    initial := readNumber(16)
                    perSecond := readNumber(16)
                    refuseIf(iszero(perSecond))
                }
                mstore(add(budget, 0x80), initial)
                mstore(add(budget, 0xa0), perSecond)
                mstore(add(budget, 0xc0), and(shr(4, kind), 7)) // signatures
                mstore(add(budget, 0xe0), and(kind, 15)) // sizes

                let recipients := add(budget, 0x120)
                at := mload(0)
                let count := byte(0, calldataload(at))
                at := add(at, 1)
                switch count
                case 255 {
                    count := 1
                    mstore(add(recipients, 32), ANYONE)
                }
                default {
                    let bad := or(iszero(count), gt(count, MAX_RECIPIENTS))
                    let to := recipients
                    for {
                        let end := add(recipients, shl(5, count))
                    } lt(to, end) {
                        at := add(at, 20)
                    } {
                        let recipient := shr(96, calldataload(at))
                        to := add(to, 32)
                        mstore(to, recipient)
                        bad := or(bad, eq(recipient, ANYONE))
                    }
                    at := or(at, shl(64, bad))
                }
                mstore(0, at)
                mstore(recipients, count)
                let size := shl(5, count)
                mstore(0x40, add(add(recipients, 32), size))
                mstore(add(budget, 0x100), keccak256(add(recipients, 32), size))
                hash := keccak256(sub(budget, 32), 320)
                mstore(add(budget, 0x100), recipients)
            }
            // Shared by every omitted budget.
            function budgetLeftOut() -> budget {
                budget := mload(0x40)
                mstore(0x40, add(budget, 0x120))
                mstore(budget, not(0)) // no address has more than 20 bytes
                calldatacopy(add(budget, 0x20), calldatasize(), 0xe0)
                mstore(add(budget, 0x100), 0x60) // an empty list
            }
            // A list in memory: its length, a pointer for each item, then space for as many hashes.
            function allocateList(count) -> list, pointers, size {
                list := mload(0x40)
                mstore(list, count)
                size := shl(5, count)
                pointers := add(list, 32)
                mstore(0x40, add(pointers, shl(1, size)))
            }
            function readBudgets(typeHash) -> budgets, hash, leftOut {
                let count := readByte()
                if gt(count, MAX_BUDGETS) {
                    refuseIf(1)
                    count := 0
                }
                let pointers, size
                budgets, pointers, size := allocateList(count)
                let absent := 0
                for {
                    let i := 0
                } lt(i, size) {
                    i := add(i, 32)
                } {
                    let kind := readByte()
                    let budget
                    switch kind
                    case 255 {
                        if iszero(absent) {
                            absent := budgetLeftOut()
                        }
                        leftOut := or(leftOut, shl(shr(5, i), 1))
                        budget := absent
                        hash := readHash()
                    }
                    default {
                        budget, hash := readBudget(kind, typeHash)
                    }
                    mstore(add(pointers, i), budget)
                    mstore(add(add(pointers, size), i), hash)
                }
                hash := keccak256(add(pointers, size), size)
            }
            function readAction(typeHash, ruleTypeHash) -> action, hash {
                let at := mload(0)
                let head := calldataload(at)
                mstore(0, add(at, 25))
                action := add(mload(0x40), 32)
                mstore(sub(action, 32), typeHash)
                mstore(action, shr(96, head)) // target
                mstore(add(action, 0x20), shl(224, shr(64, head))) // selector
                mstore(0x40, add(action, 0x60))
                let count := byte(24, head)
                refuseIf(gt(count, MAX_RULES))
                let rules, pointers, size := allocateList(count)
                for {
                    let i := 0
                } lt(i, size) {
                    i := add(i, 32)
                } {
                    at := mload(0)
                    head := calldataload(at)
                    mstore(0, add(at, 3))
                    let rule := add(mload(0x40), 32)
                    mstore(0x40, add(rule, 0x60))
                    mstore(sub(rule, 32), ruleTypeHash)
                    mstore(rule, shr(240, head)) // offset
                    mstore(add(rule, 0x20), byte(2, head)) // op
                    mstore(add(rule, 0x40), readNumber(32)) // value
                    mstore(add(pointers, i), rule)
                    mstore(add(add(pointers, size), i), keccak256(sub(rule, 32), 128))
                }
                mstore(add(action, 0x40), keccak256(add(pointers, size), size))
                hash := keccak256(sub(action, 32), 128)
                mstore(add(action, 0x40), rules)
            }
            function readActions(count, typeHash, ruleTypeHash) -> actions, hash {
                if gt(count, MAX_ACTIONS) {
                    refuseIf(1)
                    count := 0
                }
                let pointers, size
                actions, pointers, size := allocateList(count)
                for {
                    let i := 0
                } lt(i, size) {
                    i := add(i, 32)
                } {
                    let action
                    action, hash := readAction(typeHash, ruleTypeHash)
                    mstore(add(pointers, i), action)
                    mstore(add(add(pointers, size), i), hash)
                }
                hash := keccak256(add(pointers, size), size)
            }

            let head := calldataload(cursor)
            mstore(0, add(cursor, 13))
            mstore(add(session, 0x40), shr(208, head)) // validAfter
            mstore(add(session, 0x60), and(shr(160, head), 0xffffffffffff)) // validUntil
            let codes := byte(12, head)
            if codes {
                mstore(add(session, 0x80), readCoded(and(codes, 3), 8)) // epoch
                mstore(add(session, 0xc0), readCoded(and(shr(2, codes), 3), 16)) // gasAllowance
                mstore(add(session, 0xe0), readCoded(and(shr(4, codes), 3), 20)) // paymaster
                refuseIf(shr(6, codes))
            }
            mstore(add(session, 0xa0), readNumber(32)) // salt

            let budgets, hash, leftOut := readBudgets(budgetType)
            mstore(add(session, 0x100), hash)
            let actions := 0x60 // an empty list
            hash := noActions
            let count := readByte()
            if count {
                switch count
                case 255 {
                    leftOut := or(leftOut, actionsBit)
                    hash := readHash()
                }
                default {
                    actions, hash := readActions(count, actionType, ruleType)
                }
            }
            mstore(add(session, 0x120), hash)

            let before := sub(session, 32)
            let kept := mload(before)
            mstore(before, sessionType)
            mstore(add(carried, 0x20), keccak256(before, 352)) // id
            mstore(before, kept)
            mstore(add(carried, 0x40), leftOut)
            mstore(add(session, 0x100), budgets)
            mstore(add(session, 0x120), actions)
            next := mload(0)
        }
    }
}
