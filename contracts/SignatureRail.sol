// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SessionModule} from "./SessionModule.sol";
import {Budgets} from "./libraries/Budgets.sol";
import {Meter} from "./libraries/Meter.sol";
import {Payloads} from "./libraries/Payloads.sol";
import {SessionChecks} from "./libraries/SessionChecks.sol";
import {SessionReader} from "./libraries/SessionReader.sol";
import {Slots} from "./libraries/Slots.sol";
import {Payload} from "./types/Payload.sol";
import {Carried, EIP_3009, MAX_SIZES, Session, SessionBudget, State} from "./types/Session.sol";

/// @title Whether a signed payment is one of a session's
/// @notice The one place that says yes to a signature. A contract in accounts/ says how its kind of account asks.
abstract contract SignatureRail is SessionModule {
    using Payloads for Payload;
    using SessionChecks for Session;

    /// @dev Whether `hash` is the digest of an EIP-3009 authorization that a session of the account allows now.
    /// Never reverts. The caller adds what its kind of account asks for besides.
    function _authorizes(address account, bytes32 hash, bytes calldata signature) internal view returns (bool) {
        (bool ok, Payload memory payload, bytes calldata rest) = Payloads.tryRead(signature);
        if (!ok) return false;
        Carried memory carried;
        carried.session.account = account;
        // Whoever signed the hash is the key, or there is no such session.
        address key = payload.key;
        if (!payload.namesKey) (key, , ) = ECDSA.tryRecover(hash, payload.r, payload.vs);
        if (key == address(0)) return false;
        carried.session.key = key;
        // The session is the rest, or what follows it is the grant.
        uint256 length = SessionReader.read(carried, rest);
        if (length == 0 || (length == rest.length) == payload.hasGrant) return false;
        Record storage record = _records[carried.id][account];
        return _isSlotPayment(carried, record, hash, payload) && _isUsable(carried, record, rest[length:]);
    }

    /// @dev The window, that the hash is that of a transfer from the account to a recipient, with the nonce of a slot
    /// of the current period, and the slot. Before the grant: checking that makes the account ask, perhaps this module.
    function _isSlotPayment(
        Carried memory carried,
        Record storage record,
        bytes32 hash,
        Payload memory payload
    ) private view returns (bool) {
        Session memory session = carried.session;
        if (block.timestamp < session.validAfter || block.timestamp >= session.validUntil) return false;
        uint256 index = payload.budgetIndex;
        if (index >= session.budgets.length) return false;
        SessionBudget memory budget = session.budgets[index];
        // Of a session that nobody has enabled these are anything yet; of a budget that is left out, zero.
        if (budget.period == 0 || budget.perTransaction == 0) return false;
        if (budget.signatures != EIP_3009 || budget.sizes > MAX_SIZES) return false;
        (bool found, address payee) = payload.payeeOf(budget);
        if (!found) return false;
        uint256 period = Budgets.periodAt(session, budget, block.timestamp);
        bytes32 prefix = Slots.prefixOf(carried.id, index, period);
        bytes32 nonce = Slots.nonceOf(prefix, payload.slot.lot, payload.slot.size, payload.slot.index);
        bytes32 digest = payload.digestOf(session.account, payee, nonce, budget.token);
        if (!payload.namesKey) {
            if (digest != hash) return false;
        } else {
            if (!_isAskedAbout(session.account, digest, hash)) return false;
            (address signer, , ) = ECDSA.tryRecover(digest, payload.r, payload.vs);
            if (signer == address(0) || signer != session.key) return false;
        }
        uint256 spent = _meterAt(record, index).spentIn(period);
        if (spent > budget.perPeriod) return false;
        return Slots.isGood(session.account, prefix, budget, spent, payload.slot, payload.value);
    }

    /// @dev Epoch, pause, and state or grant.
    function _isUsable(
        Carried memory carried,
        Record storage record,
        bytes calldata grant
    ) private view returns (bool) {
        Session memory session = carried.session;
        address account = session.account;
        if (session.epoch != _standings[account].epoch) return false;
        Meter first = _firstMeter(record);
        if (first.isUsable()) return true;
        if (!first.isIn(State.UNKNOWN) || first.isPaused()) return false;
        if (grant.length == 0 || carried.leftOut != 0) return false;
        (bool flawed, , ) = session.flawOf(address(this));
        return !flawed && _isGranted(account, _digest(carried.id), grant);
    }

    /// @dev Whether an account that is asked about an authorization's digest asks this module about `hash`.
    function _isAskedAbout(address account, bytes32 digest, bytes32 hash) internal view virtual returns (bool) {
        account;
        return digest == hash;
    }
}
