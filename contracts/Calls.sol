// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ANYONE, Call, Session, SessionAction, SessionBudget, SessionRule, Sessions} from "./Session.sol";
import {ISessionErrors} from "./interfaces/ISessionErrors.sol";

/// What a call does to the account's money, as far as its bytes tell.
enum Kind {
    /// It moves `amount` of a budget's token, or of native coin, to one of the budget's recipients. It does more where
    /// that runs code: native coin runs a recipient that is a contract, a token with hooks runs whom it tells.
    PAYMENT,
    /// It allows `spender`, one of the budget's recipients, to pull `amount` of the budget's token.
    APPROVAL,
    /// It does whatever the target does, with `amount` of native coin.
    ACTION
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
    /// @return kind See Kind.
    /// @return budget The index of the budget concerned; for an action without value, nothing.
    /// @return amount In the token's base units, or wei.
    /// @return spender Of an approval.
    function assess(
        Session memory session,
        uint256 i,
        address target,
        uint256 value,
        bytes calldata data
    ) internal view returns (Kind kind, uint256 budget, uint256 amount, address spender) {
        if (target == address(0) || target == session.account || target == address(this)) {
            revert ISessionErrors.ForbiddenTarget(i, target);
        }
        if (data.length == 0) {
            budget = _nativeBudget(session, i, value);
            _requireRecipient(session.budgets[budget], i, target);
            return (Kind.PAYMENT, budget, value, spender);
        }
        budget = Sessions.indexOf(session, target);
        if (budget != session.budgets.length) {
            (kind, amount, spender) = _assessTokenCall(session.budgets[budget], i, value, data);
            return (kind, budget, amount, spender);
        }
        if (data.length < 4 || !_anyActionAllows(session.actions, target, data)) {
            revert ISessionErrors.CallNotAllowed(i, target, _selector(data));
        }
        if (value != 0) budget = _nativeBudget(session, i, value);
        return (Kind.ACTION, budget, value, spender);
    }

    /// @dev Of a token only `transfer` and `approve` can be called, in the one form that every token reads alike:
    /// a longer or a dirty one might be read as paying somebody else.
    function _assessTokenCall(
        SessionBudget memory budget,
        uint256 i,
        uint256 value,
        bytes calldata data
    ) private pure returns (Kind kind, uint256 amount, address spender) {
        bytes4 selector = _selector(data);
        uint256 recipient = uint256(_word(data, 4));
        bool known = selector == TRANSFER || selector == APPROVE;
        if (!known || data.length != 68 || value != 0 || recipient >> 160 != 0) {
            revert ISessionErrors.CallNotAllowed(i, budget.token, selector);
        }
        _requireRecipient(budget, i, address(uint160(recipient)));
        amount = uint256(_word(data, 36));
        if (selector == TRANSFER) return (Kind.PAYMENT, amount, spender);
        return (Kind.APPROVAL, amount, address(uint160(recipient)));
    }

    function _nativeBudget(Session memory session, uint256 i, uint256 value) private pure returns (uint256 index) {
        index = Sessions.indexOf(session, address(0));
        if (index == session.budgets.length) revert ISessionErrors.NoNativeBudget(i, value);
    }

    function _requireRecipient(SessionBudget memory budget, uint256 i, address recipient) private pure {
        if (!isRecipient(budget, recipient)) revert ISessionErrors.RecipientNotAllowed(i, budget.token, recipient);
    }

    /// @notice Whether the budget may pay it.
    function isRecipient(SessionBudget memory budget, address recipient) internal pure returns (bool) {
        address[] memory recipients = budget.recipients;
        uint256 count = recipients.length;
        for (uint256 r; r < count; ++r) {
            address allowed = recipients[r];
            if (allowed == recipient || allowed == ANYONE) return true;
        }
        return false;
    }

    function _anyActionAllows(
        SessionAction[] memory actions,
        address target,
        bytes calldata data
    ) private pure returns (bool) {
        bytes4 selector = _selector(data);
        for (uint256 a; a < actions.length; ++a) {
            SessionAction memory action = actions[a];
            if (action.target == target && action.selector == selector && _allHold(action.rules, data)) return true;
        }
        return false;
    }

    /// @dev A rule past the end of the calldata does not hold, whatever it asks for: what is not there has no value.
    /// Offsets in the calldata are not followed, and nothing is asked of its length: see SessionRule.
    function _allHold(SessionRule[] memory rules, bytes calldata data) private pure returns (bool) {
        for (uint256 r; r < rules.length; ++r) {
            SessionRule memory rule = rules[r];
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
