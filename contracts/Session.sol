// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {Flaw, ISessionErrors} from "./interfaces/ISessionErrors.sol";

// In a list of recipients, or as a paymaster or a submitter: whoever it is. Zero never means this.
address constant ANYONE = 0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF;

uint256 constant MAX_BUDGETS = 8;
uint256 constant MAX_RECIPIENTS = 32;
uint256 constant MAX_ACTIONS = 32;
uint256 constant MAX_RULES = 8;
uint256 constant MAX_SIZES = 8;

// Of a budget's `signatures`: EIP-3009.
uint256 constant EIP_3009 = 1;

/// What a session is to an account. Stored, so the order of the members is part of the storage layout.
enum State {
    UNKNOWN,
    ENABLED,
    REVOKED
}

/// What an account lets a key do: the object that its owner signs, and that every use carries along.
/// Its id is its EIP-712 struct hash.
struct Session {
    /// The account that grants; a session is worthless on any other.
    address account;
    /// The agent's key. Never 0, never the account.
    address key;
    /// First second of validity (Unix time); also where period 0 begins.
    uint48 validAfter;
    /// First second after it. Mandatory: > validAfter, >= 2, < 2**47.
    uint48 validUntil;
    /// Must equal the account's current epoch.
    uint64 epoch;
    /// Tells equal sessions apart.
    uint256 salt;
    /// Most wei of ERC-4337 gas that its userOps may cost in all, whoever pays; the maximum: not counted.
    uint128 gasAllowance;
    /// The only paymaster that its userOps may name; 0: none; ANYONE: any.
    address paymaster;
    /// How much of which tokens: at most one budget per token, at most 8.
    SessionBudget[] budgets;
    /// Which other calls: at most 32.
    SessionAction[] actions;
}

/// How much of one token a session may move. Amounts are in the token's base units, or wei.
struct SessionBudget {
    /// An ERC-20; address(0) is the chain's native coin.
    /// @dev Warning: tokens that charge the sender a fee on top are not supported, nor is a native coin that
    /// also has an ERC-20 face.
    address token;
    /// Most that one execution, or one authorization, may move. > 0.
    uint128 perTransaction;
    /// Most that one period may move, over all rails. >= perTransaction.
    uint128 perPeriod;
    /// Seconds, > 0. Windows are fixed: period k begins at validAfter + k * period.
    uint32 period;
    /// Streams only: of perPeriod, how much is there when a period begins.
    uint128 initial;
    /// Streams only: what each second adds, up to perPeriod. 0: no stream, all is there at once.
    uint128 perSecond;
    /// Which signed payments may move this token. 0: none; 1: EIP-3009. Nothing else yet.
    uint8 signatures;
    /// Into how many sizes a lot can be cut, 1 to 8; 0 where signatures is 0.
    uint8 sizes;
    /// Who may be paid or approved, 1 to 32; [ANYONE] says anyone.
    address[] recipients;
}

/// A call, other than a payment or an approval, that a session may make. At most 8 rules, all of which must hold.
struct SessionAction {
    /// Never 0, the account, the module or a budget's token. A fallback handler of the account is refused when it is
    /// called.
    address target;
    bytes4 selector;
    SessionRule[] rules;
}

/// One condition on one word of an action's calldata: `word op value`, as unsigned numbers.
/// @dev Warning: the word is found by its place alone. Where a dynamic argument lies (bytes, a string, an array, a
/// struct with one of these in it), an offset in the calldata says, and the key writes that offset. So a rule on a word
/// inside a dynamic argument binds nothing, unless other rules pin each offset on the way there with `==`: otherwise
/// the offset points elsewhere, and the word that the rule reads is a decoy. Nor does any rule bound what stands behind
/// the arguments.
struct SessionRule {
    /// Where the word begins in the calldata, selector included: the first argument is at 4.
    uint16 offset;
    /// 0 ==, 1 !=, 2 <, 3 <=, 4 >, 5 >=
    uint8 op;
    bytes32 value;
}

/// One call that the account is to make.
struct Call {
    address target;
    /// In wei.
    uint256 value;
    bytes data;
}

/// @title How a session is read, hashed and checked
/// @dev A session comes as ABI-encoded calldata and is wanted as memory (for the rules) and as an EIP-712 hash
/// (for its id). Both need the same words, so one pass makes both. Reading does not check that a word fits its
/// type: a word that does not makes another id, which nobody enabled, and `flawOf` is asked before anybody can.
library Sessions {
    bytes32 internal constant SESSION_TYPEHASH = keccak256(
        "Session(address account,address key,uint48 validAfter,uint48 validUntil,uint64 epoch,uint256 salt,"
        "uint128 gasAllowance,address paymaster,SessionBudget[] budgets,SessionAction[] actions)"
        "SessionAction(address target,bytes4 selector,SessionRule[] rules)"
        "SessionBudget(address token,uint128 perTransaction,uint128 perPeriod,uint32 period,uint128 initial,"
        "uint128 perSecond,uint8 signatures,uint8 sizes,address[] recipients)"
        "SessionRule(uint16 offset,uint8 op,bytes32 value)"
    );
    bytes32 internal constant ACTION_TYPEHASH = keccak256(
        "SessionAction(address target,bytes4 selector,SessionRule[] rules)"
        "SessionRule(uint16 offset,uint8 op,bytes32 value)"
    );
    bytes32 internal constant BUDGET_TYPEHASH = keccak256(
        "SessionBudget(address token,uint128 perTransaction,uint128 perPeriod,uint32 period,uint128 initial,"
        "uint128 perSecond,uint8 signatures,uint8 sizes,address[] recipients)"
    );
    bytes32 internal constant RULE_TYPEHASH = keccak256("SessionRule(uint16 offset,uint8 op,bytes32 value)");

    /* READING */

    /// @notice The session and its id, or MalformedSession.
    function read(Session calldata session) internal pure returns (Session memory copy, bytes32 id) {
        bool ok;
        (ok, copy, id) = tryRead(session);
        if (!ok) revert ISessionErrors.MalformedSession(Flaw.ENCODING, 0);
    }

    /// @notice The session and its EIP-712 struct hash. Never reverts: `ok` is false where the bytes are no session.
    /// @dev In one assembly block because every execution pays for it. Solidity's memory layout of a struct is its
    /// ABI head with pointers in place of offsets, and its EIP-712 encodeData is the same with hashes in their place
    /// and the type hash in front. So each struct is copied once, behind a word for its type hash, hashed with the
    /// hashes of its lists filled in, and then given the pointers to them.
    function tryRead(Session calldata session) internal pure returns (bool ok, Session memory copy, bytes32 id) {
        bytes32 sessionType = SESSION_TYPEHASH;
        bytes32 budgetType = BUDGET_TYPEHASH;
        bytes32 actionType = ACTION_TYPEHASH;
        bytes32 ruleType = RULE_TYPEHASH;
        assembly ("memory-safe") {
            // The list whose offset, counted from `base`, stands at `slot`: where its elements, or their offsets,
            // begin, and how many they are. None where it is out of range.
            function list(base, slot, most, width) -> good, first, length {
                let offset := calldataload(slot)
                first := add(add(base, offset), 32)
                length := calldataload(sub(first, 32))
                // An offset below 2**32 cannot wrap, and a length is bounded before it is multiplied.
                good := and(iszero(shr(32, offset)), iszero(gt(length, most)))
                good := and(good, iszero(gt(add(first, mul(length, width)), calldatasize())))
                length := mul(length, good)
            }
            // Where element `i` of a list of offsets begins, if `size` bytes of it are there.
            function element(first, i, size) -> good, head {
                let offset := calldataload(add(first, shl(5, i)))
                head := add(first, offset)
                good := and(iszero(shr(32, offset)), iszero(gt(add(head, size), calldatasize())))
            }
            function allocate(size) -> pointer {
                pointer := mload(0x40)
                mstore(0x40, add(pointer, size))
            }
            // A list in memory: its length, a word for each element, and room for as many hashes behind.
            function allocateList(length) -> pointer, hashes {
                pointer := allocate(add(32, shl(6, length)))
                mstore(pointer, length)
                hashes := add(pointer, add(32, shl(5, length)))
            }
            function copyStruct(typeHash, head, size) -> pointer {
                pointer := add(allocate(add(size, 32)), 32)
                mstore(sub(pointer, 32), typeHash)
                calldatacopy(pointer, head, size)
            }
            function readBudgets(base, typeHash) -> good, budgets, hash {
                let first, length
                good, first, length := list(base, add(base, 256), MAX_BUDGETS, 32)
                let hashes
                budgets, hashes := allocateList(length)
                for {
                    let i := 0
                } lt(i, length) {
                    i := add(i, 1)
                } {
                    let inRange, head := element(first, i, 288)
                    let budget := copyStruct(typeHash, head, 288)
                    let found, from, count := list(head, add(head, 256), MAX_RECIPIENTS, 32)
                    good := and(good, and(inRange, found))
                    let recipients := allocate(add(32, shl(5, count)))
                    mstore(recipients, count)
                    calldatacopy(add(recipients, 32), from, shl(5, count))
                    mstore(add(budget, 256), keccak256(add(recipients, 32), shl(5, count)))
                    mstore(add(hashes, shl(5, i)), keccak256(sub(budget, 32), 320))
                    mstore(add(budget, 256), recipients)
                    mstore(add(add(budgets, 32), shl(5, i)), budget)
                }
                hash := keccak256(hashes, shl(5, length))
            }
            function readRules(base, typeHash) -> good, rules, hash {
                let first, length
                good, first, length := list(base, add(base, 64), MAX_RULES, 96)
                let hashes
                rules, hashes := allocateList(length)
                for {
                    let i := 0
                } lt(i, length) {
                    i := add(i, 1)
                } {
                    let rule := copyStruct(typeHash, add(first, mul(i, 96)), 96)
                    mstore(add(hashes, shl(5, i)), keccak256(sub(rule, 32), 128))
                    mstore(add(add(rules, 32), shl(5, i)), rule)
                }
                hash := keccak256(hashes, shl(5, length))
            }
            function readActions(base, typeHash, ruleTypeHash) -> good, actions, hash {
                let first, length
                good, first, length := list(base, add(base, 288), MAX_ACTIONS, 32)
                let hashes
                actions, hashes := allocateList(length)
                for {
                    let i := 0
                } lt(i, length) {
                    i := add(i, 1)
                } {
                    let inRange, head := element(first, i, 96)
                    let action := copyStruct(typeHash, head, 96)
                    let found, rules, rulesHash := readRules(head, ruleTypeHash)
                    good := and(good, and(inRange, found))
                    mstore(add(action, 64), rulesHash)
                    mstore(add(hashes, shl(5, i)), keccak256(sub(action, 32), 128))
                    mstore(add(action, 64), rules)
                    mstore(add(add(actions, 32), shl(5, i)), action)
                }
                hash := keccak256(hashes, shl(5, length))
            }

            copy := copyStruct(sessionType, session, 320)
            let budgetsGood, budgets, budgetsHash := readBudgets(session, budgetType)
            let actionsGood, actions, actionsHash := readActions(session, actionType, ruleType)
            mstore(add(copy, 256), budgetsHash)
            mstore(add(copy, 288), actionsHash)
            id := keccak256(sub(copy, 32), 352)
            mstore(add(copy, 256), budgets)
            mstore(add(copy, 288), actions)
            ok := and(iszero(gt(add(session, 320), calldatasize())), and(budgetsGood, actionsGood))
        }
    }

    /* HASHING (EIP-712) */

    function keccakOf(bytes32[] memory words) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(words, 32), shl(5, mload(words)))
        }
    }

    /* CHECKING */

    /// @notice Reverts with MalformedSession unless the session keeps every bound of its own.
    function requireWellFormed(Session memory session, address module) internal pure {
        (bool flawed, Flaw flaw, uint256 index) = flawOf(session, module);
        if (flawed) revert ISessionErrors.MalformedSession(flaw, index);
    }

    /// @notice The first bound that the session breaks, if any. Asked before a session is enabled: the state ENABLED
    /// vouches for it from then on. A signature that carries a grant enables nothing, so it is asked at each of these.
    function flawOf(
        Session memory session,
        address module
    ) internal pure returns (bool flawed, Flaw flaw, uint256 index) {
        if (!_sessionFits(session)) return (true, Flaw.WIDTH, 0);
        address account = session.account;
        if (account == address(0) || session.key == address(0) || session.key == account) {
            return (true, Flaw.PARTIES, 0);
        }
        uint48 validUntil = session.validUntil;
        if (validUntil <= session.validAfter || validUntil < 2 || validUntil >= 1 << 47) {
            return (true, Flaw.WINDOW, 0);
        }
        for (uint256 i; i < session.budgets.length; ++i) {
            (flawed, flaw) = _budgetFlaw(session, i, module);
            if (flawed) return (true, flaw, i);
        }
        for (uint256 i; i < session.actions.length; ++i) {
            (flawed, flaw) = _actionFlaw(session, session.actions[i], module);
            if (flawed) return (true, flaw, i);
        }
    }

    function _budgetFlaw(Session memory session, uint256 i, address module) private pure returns (bool, Flaw) {
        SessionBudget memory budget = session.budgets[i];
        if (!_budgetFits(budget)) return (true, Flaw.WIDTH);
        if (budget.token == session.account || budget.token == module) return (true, Flaw.TOKEN);
        if (indexOf(session, budget.token) != i) return (true, Flaw.TOKEN);
        if (budget.perTransaction == 0 || budget.perTransaction > budget.perPeriod || budget.period == 0) {
            return (true, Flaw.LIMITS);
        }
        uint256 signatures = budget.signatures;
        uint256 sizes = budget.sizes;
        if (budget.initial != 0 && budget.perSecond == 0) return (true, Flaw.STREAM);
        if (budget.perSecond != 0 && signatures != 0) return (true, Flaw.STREAM);
        if (signatures == 0) {
            if (sizes != 0) return (true, Flaw.SLOTS);
        } else {
            if (signatures != EIP_3009 || budget.token == address(0)) return (true, Flaw.SLOTS);
            if (sizes == 0 || sizes > MAX_SIZES) return (true, Flaw.SLOTS);
            if (budget.perTransaction >> (2 * (sizes - 1)) == 0) return (true, Flaw.SLOTS);
        }
        address[] memory recipients = budget.recipients;
        if (recipients.length == 0) return (true, Flaw.RECIPIENTS);
        for (uint256 r; r < recipients.length; ++r) {
            if (recipients[r] == address(0)) return (true, Flaw.RECIPIENTS);
            if (recipients[r] == ANYONE && recipients.length != 1) return (true, Flaw.RECIPIENTS);
        }
        return (false, Flaw.ENCODING);
    }

    function _actionFlaw(
        Session memory session,
        SessionAction memory action,
        address module
    ) private pure returns (bool, Flaw) {
        if (_word(action, 0) >> 160 != 0 || _word(action, 1) << 32 != 0) return (true, Flaw.WIDTH);
        address target = action.target;
        if (target == address(0) || target == session.account || target == module) return (true, Flaw.TARGET);
        if (indexOf(session, target) != session.budgets.length) return (true, Flaw.TARGET);
        for (uint256 i; i < action.rules.length; ++i) {
            SessionRule memory rule = action.rules[i];
            if (_word(rule, 0) >> 16 != 0 || _word(rule, 1) >> 8 != 0) return (true, Flaw.WIDTH);
            if (rule.op > 5) return (true, Flaw.OPERATOR);
        }
        return (false, Flaw.ENCODING);
    }

    /// @notice The index of the token's budget, or the number of budgets where it has none.
    function indexOf(Session memory session, address token) internal pure returns (uint256 i) {
        SessionBudget[] memory budgets = session.budgets;
        uint256 count = budgets.length;
        for (; i < count; ++i) {
            if (budgets[i].token == token) break;
        }
    }

    function _sessionFits(Session memory session) private pure returns (bool) {
        uint256 excess = _word(session, 0) >> 160;
        excess |= _word(session, 1) >> 160;
        excess |= _word(session, 2) >> 48;
        excess |= _word(session, 3) >> 48;
        excess |= _word(session, 4) >> 64;
        excess |= _word(session, 6) >> 128;
        excess |= _word(session, 7) >> 160;
        return excess == 0;
    }

    function _budgetFits(SessionBudget memory budget) private pure returns (bool) {
        uint256 excess = _word(budget, 0) >> 160;
        excess |= _word(budget, 1) >> 128;
        excess |= _word(budget, 2) >> 128;
        excess |= _word(budget, 3) >> 32;
        excess |= _word(budget, 4) >> 128;
        excess |= _word(budget, 5) >> 128;
        excess |= _word(budget, 6) >> 8;
        excess |= _word(budget, 7) >> 8;
        address[] memory recipients = budget.recipients;
        for (uint256 i; i < recipients.length; ++i) {
            uint256 word;
            assembly ("memory-safe") {
                word := mload(add(add(recipients, 32), shl(5, i)))
            }
            excess |= word >> 160;
        }
        return excess == 0;
    }

    // The raw words of a struct: Solidity would clean them on the way.

    function _word(Session memory session, uint256 i) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(session, shl(5, i)))
        }
    }

    function _word(SessionBudget memory budget, uint256 i) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(budget, shl(5, i)))
        }
    }

    function _word(SessionAction memory action, uint256 i) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(action, shl(5, i)))
        }
    }

    function _word(SessionRule memory rule, uint256 i) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(rule, shl(5, i)))
        }
    }
}
