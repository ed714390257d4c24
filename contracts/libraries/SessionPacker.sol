// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

import {Flaw, ISessionErrors} from "../interfaces/ISessionErrors.sol";
import {
    ANYONE,
    MAX_ACTIONS,
    MAX_BUDGETS,
    MAX_RECIPIENTS,
    MAX_RULES,
    Session,
    SessionAction,
    SessionBudget,
    SessionRule
} from "../types/Session.sol";
import {ACTION_TYPEHASH, BUDGET_TYPEHASH, RULE_TYPEHASH, SESSION_TYPEHASH} from "./SessionTypes.sol";

/// @title Packs and hashes sessions in Solidity
/// @notice The inverse of SessionReader, which documents the encoding. For contracts that create sessions; the modules
/// only read them.
library SessionPacker {
    bytes1 private constant LEFT_OUT = 0xff;

    /// @notice Packs a session as the modules' entry points and views take it: the account, the key, the session's own
    /// bytes.
    /// @param leftOut A bit for each part to replace with its hash: bit i is budget i, bit 8 is the list of actions. An
    /// empty list is never omitted.
    function pack(Session memory session, uint256 leftOut) internal pure returns (bytes memory) {
        return abi.encodePacked(session.account, session.key, packOwn(session, leftOut));
    }

    /// @notice The session's own bytes, without account and key. Reverts with MalformedSession if it cannot be encoded.
    function packOwn(Session memory session, uint256 leftOut) internal pure returns (bytes memory packed) {
        uint256 budgets = session.budgets.length;
        uint256 actions = session.actions.length;
        if (budgets > MAX_BUDGETS || actions > MAX_ACTIONS) revert ISessionErrors.MalformedSession(Flaw.ENCODING, 0);
        packed = abi.encodePacked(
            session.validAfter,
            session.validUntil,
            _code(session.epoch, type(uint64).max) |
                (_code(session.gasAllowance, type(uint128).max) << 2) |
                (_code(uint160(session.paymaster), type(uint160).max) << 4),
            _coded(session.epoch, type(uint64).max),
            _coded(session.gasAllowance, type(uint128).max),
            _coded(uint160(session.paymaster), type(uint160).max),
            _number(session.salt),
            uint8(budgets)
        );
        for (uint256 i; i < budgets; ++i) {
            bool absent = (leftOut >> i) & 1 != 0;
            packed =
                absent
                    ? abi.encodePacked(packed, LEFT_OUT, hashBudget(session.budgets[i]))
                    : abi.encodePacked(packed, _packBudget(session.budgets[i], i));
        }
        if (actions != 0 && (leftOut >> MAX_BUDGETS) & 1 != 0) {
            return abi.encodePacked(packed, LEFT_OUT, hashActions(session.actions));
        }
        packed = abi.encodePacked(packed, uint8(actions));
        for (uint256 i; i < actions; ++i) {
            packed = abi.encodePacked(packed, _packAction(session.actions[i], i));
        }
    }

    /// @notice The session's id: its EIP-712 struct hash.
    function hash(Session memory session) internal pure returns (bytes32) {
        bytes32[] memory budgets = new bytes32[](session.budgets.length);
        for (uint256 i; i < budgets.length; ++i) {
            budgets[i] = hashBudget(session.budgets[i]);
        }
        bytes memory head = abi.encode(
            SESSION_TYPEHASH,
            session.account,
            session.key,
            session.validAfter,
            session.validUntil,
            session.epoch,
            session.salt,
            session.gasAllowance,
            session.paymaster
        );
        return keccak256(bytes.concat(head, keccak256(abi.encodePacked(budgets)), hashActions(session.actions)));
    }

    /// @notice The hash that replaces an omitted budget.
    function hashBudget(SessionBudget memory budget) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    BUDGET_TYPEHASH,
                    budget.token,
                    budget.perTransaction,
                    budget.perPeriod,
                    budget.period,
                    budget.initial,
                    budget.perSecond,
                    budget.signatures,
                    budget.sizes,
                    keccak256(abi.encodePacked(budget.recipients))
                )
            );
    }

    /// @notice The hash that replaces an omitted list of actions.
    function hashActions(SessionAction[] memory actions) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](actions.length);
        for (uint256 i; i < hashes.length; ++i) {
            SessionRule[] memory rules = actions[i].rules;
            bytes32[] memory ruleHashes = new bytes32[](rules.length);
            for (uint256 r; r < rules.length; ++r) {
                ruleHashes[r] = keccak256(abi.encode(RULE_TYPEHASH, rules[r].offset, rules[r].op, rules[r].value));
            }
            hashes[i] = keccak256(
                abi.encode(
                    ACTION_TYPEHASH,
                    actions[i].target,
                    actions[i].selector,
                    keccak256(abi.encodePacked(ruleHashes))
                )
            );
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function _packBudget(SessionBudget memory budget, uint256 i) private pure returns (bytes memory) {
        bool stream = budget.perSecond != 0;
        if (!stream && budget.initial != 0) revert ISessionErrors.MalformedSession(Flaw.STREAM, i);
        uint256 kind = (stream ? 128 : 0) | (uint256(budget.signatures) << 4) | budget.sizes;
        if (budget.signatures > 7 || budget.sizes > 15 || kind == 255) {
            revert ISessionErrors.MalformedSession(Flaw.SLOTS, i);
        }
        bytes memory limits = abi.encodePacked(
            uint8(kind),
            budget.token,
            _number(budget.perTransaction),
            _number(budget.perPeriod),
            _number(budget.period)
        );
        if (stream) limits = abi.encodePacked(limits, _number(budget.initial), _number(budget.perSecond));
        return bytes.concat(limits, _packRecipients(budget.recipients, i));
    }

    function _packRecipients(address[] memory recipients, uint256 i) private pure returns (bytes memory packed) {
        uint256 count = recipients.length;
        if (count == 1 && recipients[0] == ANYONE) return hex"ff";
        if (count == 0 || count > MAX_RECIPIENTS) revert ISessionErrors.MalformedSession(Flaw.RECIPIENTS, i);
        packed = abi.encodePacked(uint8(count));
        for (uint256 r; r < count; ++r) {
            if (recipients[r] == ANYONE) revert ISessionErrors.MalformedSession(Flaw.RECIPIENTS, i);
            packed = abi.encodePacked(packed, recipients[r]);
        }
    }

    function _packAction(SessionAction memory action, uint256 i) private pure returns (bytes memory packed) {
        uint256 count = action.rules.length;
        if (count > MAX_RULES) revert ISessionErrors.MalformedSession(Flaw.ENCODING, i);
        packed = abi.encodePacked(action.target, action.selector, uint8(count));
        for (uint256 r; r < count; ++r) {
            SessionRule memory rule = action.rules[r];
            packed = abi.encodePacked(packed, rule.offset, rule.op, _number(uint256(rule.value)));
        }
    }

    /// @dev One byte with the length, then the bytes, the first of which is not zero.
    function _number(uint256 value) private pure returns (bytes memory packed) {
        uint256 length;
        while (length < 32 && value >> (8 * length) != 0) ++length;
        packed = abi.encodePacked(uint8(length), length == 0 ? value : value << (256 - 8 * length));
        assembly ("memory-safe") {
            mstore(packed, add(length, 1))
        }
    }

    function _code(uint256 value, uint256 allOnes) private pure returns (uint8) {
        if (value == 0) return 0;
        return value == allOnes ? 1 : 2;
    }

    function _coded(uint256 value, uint256 allOnes) private pure returns (bytes memory) {
        return _code(value, allOnes) == 2 ? _number(value) : bytes("");
    }
}
