// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {ISessionErrors} from "../interfaces/ISessionErrors.sol";
// ANYONE is used in assembly, which solhint does not check.
// solhint-disable-next-line no-unused-import
import {ANYONE, Call, Carried, Session, SessionAction, SessionBudget, SessionRule} from "../types/Session.sol";
import {PERMIT2} from "./Permit2.sol";
import {SessionChecks} from "./SessionChecks.sol";

/// What a call does to the account's money, according to its calldata.
enum Kind {
    /// Moves `amount` of a budget's token, or of native coin, to one of the budget's recipients. May have further
    /// effects if code runs: of a contract that receives native coin, or of a token's hooks.
    PAYMENT,
    /// Allows `spender`, one of the budget's recipients, to pull `amount` of the budget's token.
    APPROVAL,
    /// Calls the target with `amount` of native coin.
    ACTION
}

/// @title What one call may do, and what it pays
library Calls {
    bytes32 internal constant CALL_TYPEHASH = keccak256("Call(address target,uint256 value,bytes data)");

    bytes4 private constant TRANSFER = 0xa9059cbb; // transfer(address,uint256)
    bytes4 private constant APPROVE = 0x095ea7b3; // approve(address,uint256)

    /// @notice Copies the calls from calldata, or reverts with MalformedCall.
    function copy(Call[] calldata calls) internal pure returns (Call[] memory copies) {
        copies = new Call[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            bool ok;
            Call memory one = copies[i];
            assembly ("memory-safe") {
                let offset := calldataload(add(calls.offset, shl(5, i)))
                let head := add(calls.offset, offset)
                let target := calldataload(head)
                let tail := calldataload(add(head, 64))
                let start := add(head, tail)
                let length := calldataload(start)
                // Offsets and lengths below 2**32 cannot overflow.
                ok := iszero(or(shr(32, or(or(offset, tail), length)), shr(160, target)))
                ok := and(ok, iszero(gt(add(add(start, 32), length), calldatasize())))
                if ok {
                    let data := mload(0x40)
                    mstore(0x40, add(data, and(add(length, 63), not(31))))
                    calldatacopy(data, start, add(length, 32))
                    mstore(one, target)
                    mstore(add(one, 32), calldataload(add(head, 32)))
                    mstore(add(one, 64), data)
                }
            }
            if (!ok) revert ISessionErrors.MalformedCall(i);
        }
    }

    /// @notice The position in calldata where the last call ends, including its padding; 0 without calls.
    function endOf(Call[] calldata calls) internal pure returns (uint256 end) {
        if (calls.length == 0) return 0;
        assembly ("memory-safe") {
            let head := add(calls.offset, calldataload(add(calls.offset, shl(5, sub(calls.length, 1)))))
            let start := add(head, calldataload(add(head, 64)))
            end := add(add(start, 32), and(add(calldataload(start), 31), not(31)))
        }
    }

    /// @notice What call `i` does, if the session allows it.
    /// @return kind See Kind.
    /// @return budget The index of the affected budget; meaningless for an action without value.
    /// @return amount In the token's base units, or wei.
    /// @return spender An approval's spender.
    function assess(
        Carried memory carried,
        uint256 i,
        Call memory call
    ) internal view returns (Kind kind, uint256 budget, uint256 amount, address spender) {
        Session memory session = carried.session;
        address target = call.target;
        uint256 value = call.value;
        bytes memory data = call.data;
        if (target == address(0) || target == session.account || target == address(this) || target == PERMIT2) {
            revert ISessionErrors.ForbiddenTarget(i, target);
        }
        if (data.length == 0) {
            budget = _nativeBudget(carried, i, value);
            requireRecipient(session.budgets[budget], i, target);
            return (Kind.PAYMENT, budget, value, spender);
        }
        budget = SessionChecks.indexOf(session, target);
        if (budget != session.budgets.length) {
            (kind, amount, spender) = _assessTokenCall(session.budgets[budget], i, value, data);
            return (kind, budget, amount, spender);
        }
        if (data.length < 4 || !_anyActionAllows(session.actions, target, data)) {
            if (carried.leftOut != 0) revert ISessionErrors.PartLeftOut(carried.leftOut);
            revert ISessionErrors.CallNotAllowed(i, target, _selector(data));
        }
        if (value != 0) budget = _nativeBudget(carried, i, value);
        return (Kind.ACTION, budget, value, spender);
    }

    /// @notice The index of the budget that a transfer of `token` to `to` is paid from, if the session allows it.
    function assessTransfer(Carried memory carried, address token, address to) internal pure returns (uint256 index) {
        Session memory session = carried.session;
        if (token == address(0)) revert ISessionErrors.ForbiddenTarget(0, token);
        index = SessionChecks.indexOf(session, token);
        if (index == session.budgets.length) {
            if (carried.leftOut != 0) revert ISessionErrors.PartLeftOut(carried.leftOut);
            revert ISessionErrors.CallNotAllowed(0, token, TRANSFER);
        }
        requireRecipient(session.budgets[index], 0, to);
    }

    /// @dev On a token, only `transfer` and `approve` can be called, in the one encoding that every token parses in the
    /// same way: longer or dirty calldata might be parsed as paying someone else.
    function _assessTokenCall(
        SessionBudget memory budget,
        uint256 i,
        uint256 value,
        bytes memory data
    ) private pure returns (Kind kind, uint256 amount, address spender) {
        bytes4 selector = _selector(data);
        uint256 recipient = _wordAt(data, 4);
        bool known = selector == TRANSFER || selector == APPROVE;
        if (!known || data.length != 68 || value != 0 || recipient >> 160 != 0) {
            revert ISessionErrors.CallNotAllowed(i, budget.token, selector);
        }
        requireRecipient(budget, i, address(uint160(recipient)));
        amount = _wordAt(data, 36);
        if (selector == TRANSFER) return (Kind.PAYMENT, amount, spender);
        // Signed payments use such an allowance, and it would outlast what this session may do.
        spender = address(uint160(recipient));
        if (spender == PERMIT2) revert ISessionErrors.ForbiddenTarget(i, spender);
        return (Kind.APPROVAL, amount, spender);
    }

    function _nativeBudget(Carried memory carried, uint256 i, uint256 value) private pure returns (uint256 index) {
        index = SessionChecks.indexOf(carried.session, address(0));
        if (index != carried.session.budgets.length) return index;
        if (carried.leftOut != 0) revert ISessionErrors.PartLeftOut(carried.leftOut);
        revert ISessionErrors.NoNativeBudget(i, value);
    }

    /// @notice Reverts with RecipientNotAllowed unless the budget may pay `to`.
    function requireRecipient(SessionBudget memory budget, uint256 i, address recipient) internal pure {
        if (!isRecipient(budget, recipient)) revert ISessionErrors.RecipientNotAllowed(i, budget.token, recipient);
    }

    /// @notice Whether the budget may pay it.
    function isRecipient(SessionBudget memory budget, address recipient) internal pure returns (bool found) {
        address[] memory recipients = budget.recipients;
        // In assembly, since Solidity would check bounds for each of up to 32.
        assembly ("memory-safe") {
            let wanted := shr(96, shl(96, recipient))
            let at := add(recipients, 32)
            let end := add(at, shl(5, mload(recipients)))
            for {} lt(at, end) {
                at := add(at, 32)
            } {
                let allowed := mload(at)
                found := or(found, or(eq(allowed, wanted), eq(allowed, ANYONE)))
            }
        }
    }

    function _anyActionAllows(
        SessionAction[] memory actions,
        address target,
        bytes memory data
    ) private pure returns (bool) {
        bytes4 selector = _selector(data);
        for (uint256 a; a < actions.length; ++a) {
            SessionAction memory action = actions[a];
            if (action.target == target && action.selector == selector && _allHold(action.rules, data)) return true;
        }
        return false;
    }

    /// @dev A rule past the end of the calldata never holds. Offsets in the calldata are not followed, and its length
    /// is not restricted: see Rule.
    function _allHold(SessionRule[] memory rules, bytes memory data) private pure returns (bool) {
        for (uint256 r; r < rules.length; ++r) {
            SessionRule memory rule = rules[r];
            if (uint256(rule.offset) + 32 > data.length) return false;
            if (!_holds(_wordAt(data, rule.offset), rule.op, uint256(rule.value))) return false;
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
    function hash(Call[] memory calls) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            Call memory call = calls[i];
            hashes[i] = keccak256(abi.encode(CALL_TYPEHASH, call.target, call.value, keccak256(call.data)));
        }
        return EfficientHashLib.hash(hashes);
    }

    /// @dev False for fewer than four bytes.
    function _selector(bytes memory data) private pure returns (bytes4) {
        return data.length < 4 ? bytes4(0) : bytes4(data);
    }

    /// @dev Callers check the length first.
    function _wordAt(bytes memory data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), offset))
        }
    }
}
