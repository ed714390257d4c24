// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Flaw, ISessionErrors} from "./interfaces/ISessionErrors.sol";

// In a list of recipients, or as a paymaster or a submitter: whoever it is. Zero never means this.
address constant ANYONE = address(type(uint160).max);

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
    Budget[] budgets;
    /// Which other calls: at most 32.
    Action[] actions;
}

/// How much of one token a session may move. Amounts are in the token's base units, or wei.
struct Budget {
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
    /// 0: no signature moves this token. n <= 8: the signature rail is open, with n slot sizes.
    uint8 slotSizes;
    /// Who may be paid or approved, 1 to 32; [ANYONE] says anyone.
    address[] recipients;
}

/// A call, other than a payment, that a session may make. At most 8 rules, all of which must hold.
struct Action {
    /// Never 0, the account, the module or a budget's token.
    address target;
    bytes4 selector;
    Rule[] rules;
}

/// One condition on one word of an action's calldata: `word op value`, as unsigned numbers.
struct Rule {
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
        "uint128 gasAllowance,address paymaster,Budget[] budgets,Action[] actions)"
        "Action(address target,bytes4 selector,Rule[] rules)"
        "Budget(address token,uint128 perTransaction,uint128 perPeriod,uint32 period,uint128 initial,"
        "uint128 perSecond,uint8 slotSizes,address[] recipients)"
        "Rule(uint16 offset,uint8 op,bytes32 value)"
    );
    bytes32 internal constant ACTION_TYPEHASH = keccak256(
        "Action(address target,bytes4 selector,Rule[] rules)Rule(uint16 offset,uint8 op,bytes32 value)"
    );
    bytes32 internal constant BUDGET_TYPEHASH = keccak256(
        "Budget(address token,uint128 perTransaction,uint128 perPeriod,uint32 period,uint128 initial,"
        "uint128 perSecond,uint8 slotSizes,address[] recipients)"
    );
    bytes32 internal constant RULE_TYPEHASH = keccak256("Rule(uint16 offset,uint8 op,bytes32 value)");

    uint256 internal constant MAX_BUDGETS = 8;
    uint256 internal constant MAX_RECIPIENTS = 32;
    uint256 internal constant MAX_ACTIONS = 32;
    uint256 internal constant MAX_RULES = 8;
    uint256 internal constant MAX_SLOT_SIZES = 8;

    /// The ABI encoding of a Session's own words, offsets included, in bytes; likewise below.
    uint256 private constant SESSION_HEAD = 320;
    uint256 private constant BUDGET_HEAD = 256;
    uint256 private constant ACTION_HEAD = 96;
    uint256 private constant RULE_SIZE = 96;

    /* READING */

    /// @notice The session and its id, or MalformedSession.
    function read(Session calldata session) internal pure returns (Session memory copy, bytes32 id) {
        bool ok;
        (ok, copy, id) = tryRead(session);
        if (!ok) revert ISessionErrors.MalformedSession(Flaw.ENCODING, 0);
    }

    /// @notice The session and its EIP-712 struct hash. Never reverts: `ok` is false where the bytes are no session.
    function tryRead(Session calldata session) internal pure returns (bool ok, Session memory copy, bytes32 id) {
        uint256 head;
        assembly ("memory-safe") {
            head := session
        }
        if (head + SESSION_HEAD > msg.data.length) return (false, copy, id);
        assembly ("memory-safe") {
            calldatacopy(copy, head, 256)
        }
        bytes32 budgetsHash;
        bytes32 actionsHash;
        (ok, copy.budgets, budgetsHash) = _readBudgets(head);
        if (!ok) return (false, copy, id);
        (ok, copy.actions, actionsHash) = _readActions(head);
        id = _hashSession(copy, budgetsHash, actionsHash);
    }

    function _readBudgets(uint256 session) private pure returns (bool ok, Budget[] memory budgets, bytes32 hash) {
        uint256 first;
        uint256 length;
        (ok, first, length) = _list(session, session + 256, MAX_BUDGETS, 32);
        if (!ok) return (false, budgets, hash);
        budgets = new Budget[](length);
        bytes32[] memory hashes = new bytes32[](length);
        for (uint256 i; i < length; ++i) {
            uint256 head;
            (ok, head) = _element(first, i, BUDGET_HEAD);
            if (!ok) return (false, budgets, hash);
            Budget memory budget = budgets[i];
            assembly ("memory-safe") {
                calldatacopy(budget, head, 224)
            }
            uint256 from;
            uint256 count;
            (ok, from, count) = _list(head, head + 224, MAX_RECIPIENTS, 32);
            if (!ok) return (false, budgets, hash);
            address[] memory recipients = new address[](count);
            assembly ("memory-safe") {
                calldatacopy(add(recipients, 32), from, shl(5, count))
            }
            budget.recipients = recipients;
            hashes[i] = hashBudget(budget);
        }
        hash = keccakOf(hashes);
    }

    function _readActions(uint256 session) private pure returns (bool ok, Action[] memory actions, bytes32 hash) {
        uint256 first;
        uint256 length;
        (ok, first, length) = _list(session, session + 288, MAX_ACTIONS, 32);
        if (!ok) return (false, actions, hash);
        actions = new Action[](length);
        bytes32[] memory hashes = new bytes32[](length);
        for (uint256 i; i < length; ++i) {
            uint256 head;
            (ok, head) = _element(first, i, ACTION_HEAD);
            if (!ok) return (false, actions, hash);
            Action memory action = actions[i];
            assembly ("memory-safe") {
                calldatacopy(action, head, 64)
            }
            bytes32 rulesHash;
            (ok, action.rules, rulesHash) = _readRules(head);
            if (!ok) return (false, actions, hash);
            hashes[i] = _hashAction(action, rulesHash);
        }
        hash = keccakOf(hashes);
    }

    function _readRules(uint256 head) private pure returns (bool ok, Rule[] memory rules, bytes32 hash) {
        uint256 from;
        uint256 length;
        (ok, from, length) = _list(head, head + 64, MAX_RULES, RULE_SIZE);
        if (!ok) return (false, rules, hash);
        rules = new Rule[](length);
        bytes32[] memory hashes = new bytes32[](length);
        for (uint256 i; i < length; ++i) {
            Rule memory rule = rules[i];
            assembly ("memory-safe") {
                calldatacopy(rule, add(from, mul(i, RULE_SIZE)), RULE_SIZE)
            }
            hashes[i] = _hashRule(rule);
        }
        hash = keccakOf(hashes);
    }

    /// @dev The list whose offset, counted from `base`, stands at `slot`: where its first element, or its first
    /// element's offset, begins in calldata.
    function _list(
        uint256 base,
        uint256 slot,
        uint256 most,
        uint256 width
    ) private pure returns (bool ok, uint256 first, uint256 length) {
        assembly ("memory-safe") {
            let offset := calldataload(slot)
            first := add(add(base, offset), 32)
            length := calldataload(sub(first, 32))
            // An offset below 2**32 cannot wrap; a length is bounded before it is multiplied.
            ok := and(iszero(shr(32, offset)), iszero(gt(length, most)))
            ok := and(ok, iszero(gt(add(first, mul(length, width)), calldatasize())))
        }
    }

    /// @dev Where element `i` begins, of which at least `size` bytes must be there.
    function _element(uint256 first, uint256 i, uint256 size) private pure returns (bool ok, uint256 head) {
        assembly ("memory-safe") {
            let offset := calldataload(add(first, shl(5, i)))
            head := add(first, offset)
            ok := and(iszero(shr(32, offset)), iszero(gt(add(head, size), calldatasize())))
        }
    }

    /* HASHING (EIP-712) */

    // A struct's memory is its encodeData but for two things: the type hash in front, and hashes in place of the
    // pointers to lists. Both are put there for the time of the keccak256, and what stood there is put back.

    function hashBudget(Budget memory budget) internal pure returns (bytes32 hash) {
        bytes32 typeHash = BUDGET_TYPEHASH;
        assembly ("memory-safe") {
            let front := sub(budget, 32)
            let back := add(budget, 224)
            let before := mload(front)
            let recipients := mload(back)
            mstore(front, typeHash)
            mstore(back, keccak256(add(recipients, 32), shl(5, mload(recipients))))
            hash := keccak256(front, 288)
            mstore(front, before)
            mstore(back, recipients)
        }
    }

    function _hashAction(Action memory action, bytes32 rulesHash) private pure returns (bytes32 hash) {
        bytes32 typeHash = ACTION_TYPEHASH;
        assembly ("memory-safe") {
            let front := sub(action, 32)
            let back := add(action, 64)
            let before := mload(front)
            let rules := mload(back)
            mstore(front, typeHash)
            mstore(back, rulesHash)
            hash := keccak256(front, 128)
            mstore(front, before)
            mstore(back, rules)
        }
    }

    function _hashRule(Rule memory rule) private pure returns (bytes32 hash) {
        bytes32 typeHash = RULE_TYPEHASH;
        assembly ("memory-safe") {
            let front := sub(rule, 32)
            let before := mload(front)
            mstore(front, typeHash)
            hash := keccak256(front, 128)
            mstore(front, before)
        }
    }

    function _hashSession(
        Session memory session,
        bytes32 budgetsHash,
        bytes32 actionsHash
    ) private pure returns (bytes32 hash) {
        bytes32 typeHash = SESSION_TYPEHASH;
        assembly ("memory-safe") {
            let front := sub(session, 32)
            let back := add(session, 256)
            let before := mload(front)
            let budgets := mload(back)
            let actions := mload(add(back, 32))
            mstore(front, typeHash)
            mstore(back, budgetsHash)
            mstore(add(back, 32), actionsHash)
            hash := keccak256(front, 352)
            mstore(front, before)
            mstore(back, budgets)
            mstore(add(back, 32), actions)
        }
    }

    /// @notice The hash of a session of which only the hashes of its lists are at hand: `session`'s own are ignored.
    function hashWithLists(
        Session memory session,
        bytes32[] memory budgetHashes,
        bytes32 actionsHash
    ) internal pure returns (bytes32) {
        return _hashSession(session, keccakOf(budgetHashes), actionsHash);
    }

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

    /// @notice The first bound that the session breaks, if any. Asked once in a session's life: whoever enables it
    /// asks, and the state ENABLED vouches for it from then on.
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
        Budget memory budget = session.budgets[i];
        if (!_budgetFits(budget)) return (true, Flaw.WIDTH);
        if (budget.token == session.account || budget.token == module) return (true, Flaw.TOKEN);
        if (indexOf(session, budget.token) != i) return (true, Flaw.TOKEN);
        if (budget.perTransaction == 0 || budget.perTransaction > budget.perPeriod || budget.period == 0) {
            return (true, Flaw.LIMITS);
        }
        uint256 sizes = budget.slotSizes;
        if (budget.initial != 0 && budget.perSecond == 0) return (true, Flaw.STREAM);
        if (budget.perSecond != 0 && sizes != 0) return (true, Flaw.STREAM);
        if (sizes != 0) {
            if (sizes > MAX_SLOT_SIZES || budget.token == address(0)) return (true, Flaw.SLOTS);
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
        Action memory action,
        address module
    ) private pure returns (bool, Flaw) {
        if (_word(action, 0) >> 160 != 0 || _word(action, 1) << 32 != 0) return (true, Flaw.WIDTH);
        address target = action.target;
        if (target == address(0) || target == session.account || target == module) return (true, Flaw.TARGET);
        if (indexOf(session, target) != session.budgets.length) return (true, Flaw.TARGET);
        for (uint256 i; i < action.rules.length; ++i) {
            Rule memory rule = action.rules[i];
            if (_word(rule, 0) >> 16 != 0 || _word(rule, 1) >> 8 != 0) return (true, Flaw.WIDTH);
            if (rule.op > 5) return (true, Flaw.OPERATOR);
        }
        return (false, Flaw.ENCODING);
    }

    /// @notice The index of the token's budget, or the number of budgets where it has none.
    function indexOf(Session memory session, address token) internal pure returns (uint256 i) {
        Budget[] memory budgets = session.budgets;
        while (i < budgets.length && budgets[i].token != token) ++i;
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

    function _budgetFits(Budget memory budget) private pure returns (bool) {
        uint256 excess = _word(budget, 0) >> 160;
        excess |= _word(budget, 1) >> 128;
        excess |= _word(budget, 2) >> 128;
        excess |= _word(budget, 3) >> 32;
        excess |= _word(budget, 4) >> 128;
        excess |= _word(budget, 5) >> 128;
        excess |= _word(budget, 6) >> 8;
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

    function _word(Budget memory budget, uint256 i) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(budget, shl(5, i)))
        }
    }

    function _word(Action memory action, uint256 i) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(action, shl(5, i)))
        }
    }

    function _word(Rule memory rule, uint256 i) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(rule, shl(5, i)))
        }
    }
}
