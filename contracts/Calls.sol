// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Action, ANYONE, Budget, Call, Rule, Session, Sessions} from "./Session.sol";
import {ISessionErrors} from "./interfaces/ISessionErrors.sol";

/// What a call does to the account's money, as far as its bytes tell.
enum Kind {
    /// It moves `amount` of a budget's token, or native coin, to one of the budget's recipients, and nothing else.
    PAYMENT,
    /// It allows `spender`, one of the budget's recipients, to pull `amount` of the budget's token.
    APPROVAL,
    /// It does whatever the target does, with `amount` of native coin.
    ACTION
}

/// A call that the session allows, as far as one call goes.
struct Move {
    Kind kind;
    /// The index of the budget concerned; for an action, of the native coin's.
    uint256 budget;
    /// In the token's base units, or wei.
    uint256 amount;
    /// Of an approval.
    address spender;
}

/// @title What one call may do, and what it pays
library Calls {
    bytes32 internal constant CALL_TYPEHASH = keccak256("Call(address target,uint256 value,bytes data)");

    bytes4 private constant TRANSFER = 0xa9059cbb; // transfer(address,uint256)
    bytes4 private constant APPROVE = 0x095ea7b3; // approve(address,uint256)

    /// @notice Call number `i`, or MalformedCall.
    function read(
        Call[] calldata calls,
        uint256 i
    ) internal pure returns (address target, uint256 value, bytes calldata data) {
        bool ok;
        assembly ("memory-safe") {
            let offset := calldataload(add(calls.offset, shl(5, i)))
            let head := add(calls.offset, offset)
            target := calldataload(head)
            value := calldataload(add(head, 32))
            let tail := calldataload(add(head, 64))
            data.offset := add(add(head, tail), 32)
            data.length := calldataload(sub(data.offset, 32))
            // Offsets and lengths below 2**32 cannot wrap.
            ok := iszero(or(shr(32, or(or(offset, tail), data.length)), shr(160, target)))
            ok := and(ok, iszero(gt(add(data.offset, data.length), calldatasize())))
        }
        if (!ok) revert ISessionErrors.MalformedCall(i);
    }

    /// @notice What call number `i` does, if the session allows it.
    function assess(
        Session memory session,
        uint256 i,
        address target,
        uint256 value,
        bytes calldata data
    ) internal view returns (Move memory move) {
        if (target == address(0) || target == session.account || target == address(this)) {
            revert ISessionErrors.ForbiddenTarget(i, target);
        }
        if (data.length == 0) {
            move.budget = _nativeBudget(session, i, value);
            move.amount = value;
            _requireRecipient(session.budgets[move.budget], i, target);
            return move;
        }
        uint256 index = Sessions.indexOf(session, target);
        if (index < session.budgets.length) {
            move.budget = index;
            _assessTokenCall(session.budgets[index], move, i, value, data);
            return move;
        }
        if (data.length < 4 || !_anyActionAllows(session.actions, target, data)) {
            revert ISessionErrors.CallNotAllowed(i, target, _selector(data));
        }
        move.kind = Kind.ACTION;
        if (value != 0) {
            move.budget = _nativeBudget(session, i, value);
            move.amount = value;
        }
    }

    /// @dev Of a token only `transfer` and `approve` can be called, in the one form that every token reads alike:
    /// a longer or a dirty one might be read as paying somebody else.
    function _assessTokenCall(
        Budget memory budget,
        Move memory move,
        uint256 i,
        uint256 value,
        bytes calldata data
    ) private pure {
        bytes4 selector = _selector(data);
        bool known = selector == TRANSFER || selector == APPROVE;
        if (!known || data.length != 68 || value != 0 || uint256(_word(data, 4)) >> 160 != 0) {
            revert ISessionErrors.CallNotAllowed(i, budget.token, selector);
        }
        address recipient = address(uint160(uint256(_word(data, 4))));
        _requireRecipient(budget, i, recipient);
        move.amount = uint256(_word(data, 36));
        if (selector == APPROVE) {
            move.kind = Kind.APPROVAL;
            move.spender = recipient;
        }
    }

    function _nativeBudget(Session memory session, uint256 i, uint256 value) private pure returns (uint256 index) {
        index = Sessions.indexOf(session, address(0));
        if (index == session.budgets.length) revert ISessionErrors.NoNativeBudget(i, value);
    }

    function _requireRecipient(Budget memory budget, uint256 i, address recipient) private pure {
        address[] memory recipients = budget.recipients;
        for (uint256 r; r < recipients.length; ++r) {
            if (recipients[r] == recipient || recipients[r] == ANYONE) return;
        }
        revert ISessionErrors.RecipientNotAllowed(i, budget.token, recipient);
    }

    function _anyActionAllows(Action[] memory actions, address target, bytes calldata data) private pure returns (bool) {
        bytes4 selector = _selector(data);
        for (uint256 a; a < actions.length; ++a) {
            Action memory action = actions[a];
            if (action.target == target && action.selector == selector && _allHold(action.rules, data)) return true;
        }
        return false;
    }

    /// @dev A rule past the end of the calldata does not hold, whatever it asks for: what is not there has no value.
    function _allHold(Rule[] memory rules, bytes calldata data) private pure returns (bool) {
        for (uint256 r; r < rules.length; ++r) {
            Rule memory rule = rules[r];
            if (uint256(rule.offset) + 32 > data.length) return false;
            if (!_holds(uint256(_word(data, rule.offset)), rule.op, uint256(rule.value))) return false;
        }
        return true;
    }

    function _holds(uint256 word, uint8 op, uint256 value) private pure returns (bool) {
        if (op == 0) return word == value;
        if (op == 1) return word != value;
        if (op == 2) return word < value;
        if (op == 3) return word <= value;
        if (op == 4) return word > value;
        return word >= value;
    }

    /// @notice The EIP-712 hash of a list of calls.
    function hash(Call[] calldata calls) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            (address target, uint256 value, bytes calldata data) = read(calls, i);
            hashes[i] = keccak256(abi.encode(CALL_TYPEHASH, target, value, keccak256(data)));
        }
        return Sessions.keccakOf(hashes);
    }

    /// @dev Fewer than four bytes read as if zeros followed: callers ask for the length themselves.
    function _selector(bytes calldata data) private pure returns (bytes4 selector) {
        assembly ("memory-safe") {
            selector := calldataload(data.offset)
        }
        if (data.length < 4) selector = bytes4(0);
    }

    function _word(bytes calldata data, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }
}
