// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {SessionModule} from "./SessionModule.sol";
import {Budgets} from "./libraries/Budgets.sol";
import {Meter} from "./libraries/Meter.sol";
import {Nodes} from "./libraries/Nodes.sol";
import {Payloads} from "./libraries/Payloads.sol";
import {SessionChecks} from "./libraries/SessionChecks.sol";
import {SessionReader} from "./libraries/SessionReader.sol";
import {Slots} from "./libraries/Slots.sol";
import {Payload} from "./types/Payload.sol";
import {Carried, EIP_3009, MAX_SIZES, Session, SessionBudget} from "./types/Session.sol";

/// @title Validation of signed payments
/// @notice The only place that approves a signature. A contract in accounts/ defines how its kind of account calls it.
abstract contract SignatureRail is SessionModule {
    using Payloads for Payload;
    using SessionChecks for Session;

    /// @dev What the key signs for a Permit2 transfer. The transfer's digest does not contain the account: the key's
    /// signature over it alone would also move the key's own money, or that of another account of the key.
    bytes32 private constant SIGNED_PAYMENT_TYPEHASH = keccak256("SignedPayment(address account,bytes32 digest)");

    /// @dev Whether `hash` is the digest of a payment, by EIP-3009 or Permit2, that a session of the account allows
    /// now. Never reverts. The caller adds the checks that are specific to its kind of account.
    function _authorizes(address account, bytes32 hash, bytes calldata signature) internal view returns (bool) {
        (bool ok, Payload memory payload, bytes calldata rest) = Payloads.tryRead(signature);
        if (!ok) return false;
        Carried memory carried;
        carried.session.account = account;
        // The signer is the key, or no such session exists.
        address key = payload.key;
        if (!payload.namesKey) key = _signer(payload, account, hash);
        if (key == address(0)) return false;
        carried.session.key = key;
        // The rest is the session, or the session followed by the grant.
        uint256 length = SessionReader.read(carried, rest);
        if (length == 0 || (length == rest.length) == payload.hasGrant) return false;
        Record storage record = _records[carried.id][account];
        return _isPayment(carried, record, hash, payload) && _isUsable(carried, record, rest[length:]);
    }

    /// @dev Checks the window, that the hash is of a transfer from the account to a recipient with the nonce of a slot
    /// or node of the current period, and the slot or node. Done before the grant, whose check calls the account, which
    /// may call this module.
    function _isPayment(
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
        // For a session that is not enabled these can be anything; for an omitted budget, zero.
        if (budget.period == 0 || budget.perTransaction == 0) return false;
        if (budget.signatures & payload.method == 0 || budget.sizes > MAX_SIZES) return false;
        (bool found, address payee) = payload.payeeOf(budget);
        if (!found) return false;
        uint256 period = Budgets.periodAt(session, budget, block.timestamp);
        bytes32 prefix = Slots.prefixOf(carried.id, index, period);
        bytes32 digest = payload.digestOf(session.account, payee, prefix, budget.token);
        if (!payload.namesKey) {
            if (digest != hash) return false;
        } else {
            if (!_isAskedAbout(session.account, digest, hash)) return false;
            address signer = _signer(payload, session.account, digest);
            if (signer != session.key) return false;
        }
        uint256 spent = _meterAt(record, index).spentIn(period);
        if (spent > budget.perPeriod) return false;
        if (payload.method == EIP_3009) {
            return Slots.isGood(session.account, prefix, budget, spent, payload.slot, payload.value);
        }
        return Nodes.isGood(session.account, prefix, budget, spent, payload.slot, payload.value);
    }

    /// @dev Who signed the payment with that digest; 0 if the signature is invalid.
    function _signer(Payload memory payload, address account, bytes32 digest) private view returns (address signer) {
        if (payload.method != EIP_3009) {
            digest = _digest(
                EfficientHashLib.hash(uint256(SIGNED_PAYMENT_TYPEHASH), uint160(account), uint256(digest))
            );
        }
        (signer, , ) = ECDSA.tryRecover(digest, payload.r, payload.vs);
    }

    /// @dev Checks epoch, pause, and state or grant.
    function _isUsable(
        Carried memory carried,
        Record storage record,
        bytes calldata grant
    ) private view returns (bool) {
        if (carried.session.epoch != _standings[carried.session.account].epoch) return false;
        Meter first = _firstMeter(record);
        return first.isUsable() || _mayEnable(carried, first, grant);
    }

    /// @dev Whether an account that validates a payment's digest asks this module about `hash`.
    function _isAskedAbout(address account, bytes32 digest, bytes32 hash) internal view virtual returns (bool) {
        account;
        return digest == hash;
    }
}
