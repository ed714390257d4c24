// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/interfaces/IERC20.sol";
import {TransientSlot} from "@openzeppelin/contracts/utils/TransientSlot.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Flaw} from "./interfaces/ISessionErrors.sol";
import {ISessionModule} from "./interfaces/ISessionModule.sol";
import {Budgets} from "./libraries/Budgets.sol";
import {CalldataWords} from "./libraries/CalldataWords.sol";
import {Calls, Kind} from "./libraries/Calls.sol";
import {DomainSeparator} from "./libraries/DomainSeparator.sol";
import {Meter} from "./libraries/Meter.sol";
import {Nodes} from "./libraries/Nodes.sol";
import {Redemptions} from "./libraries/Redemptions.sol";
import {SessionChecks} from "./libraries/SessionChecks.sol";
import {SessionReader} from "./libraries/SessionReader.sol";
import {Slots} from "./libraries/Slots.sol";
import {ANYONE, Call, Carried, MAX_SIZES, Session, SessionBudget, State} from "./types/Session.sol";

/// @title Session lifecycle and entry points of the execution rail
/// @notice Logic shared by all kinds of accounts. A contract in accounts/ defines how one kind executes, who acts for
/// it, and how it calls the module.
///
/// Not supported: tokens that charge the sender an additional fee, native coins with an ERC-20 interface. Not measured:
/// tokens without a budget, NFTs, targets that pull in a later transaction. See docs/threat-model.md for the full list.
///
/// @dev Every function follows the same order: check the caller, check the request, charge, make the calls, emit
/// events. Measured executions are the exception: they charge after their calls, from the state at that time.
/// @custom:security-contact see SECURITY.md
abstract contract SessionModule is ISessionModule {
    using CalldataWords for bytes;
    using SessionChecks for Session;
    using TransientSlot for *;

    /// Per session and account. The account is the innermost key and everything lies within 128 slots of it, so that
    /// ERC-7562 treats it as the account's associated storage.
    struct Record {
        /// One for each budget; the first also holds the session's state. See `_meterAt`.
        Meter[8] meters;
        /// Maximum wei of ERC-4337 gas that the session's userOps may have cost so far.
        uint256 gasSpent;
    }

    /// An account's state, in one word.
    struct Standing {
        uint64 epoch;
        /// ERC-7579 only: the prefix of every grant, so that the account asks the validator that its owner named.
        bytes23 granter;
        /// Length of `granter` in bytes; 0: no signature can grant.
        uint8 granterLength;
    }

    mapping(bytes32 id => mapping(address account => Record)) internal _records;
    mapping(address account => Standing) internal _standings;
    /// Keyed by hash of session id and nonce >> 8; bit number nonce & 255 is set once the nonce is used.
    mapping(bytes32 word => mapping(address account => uint256)) private _usedNonces;

    bytes32 private constant NAME_HASH = keccak256("Latchkey");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant EXECUTE_TYPEHASH = keccak256(
        "Execute(bytes32 session,Call[] calls,address caller,uint256 nonce,uint48 deadline)"
        "Call(address target,uint256 value,bytes data)"
    );

    /* BY THE ACCOUNT */

    /// @inheritdoc ISessionModule
    function enable(bytes calldata session) external {
        _requireBytesOnly(session);
        Carried memory carried = _read(session);
        if (msg.sender != carried.session.account) revert NotAccount(msg.sender, carried.session.account);
        _requireWhole(carried);
        carried.session.requireWellFormed(address(this));
        // Calldata forwarded to a fallback handler ends in the sender's address, which could be a session's last bytes.
        _requireNoFallbackHandler();
        if (block.timestamp >= carried.session.validUntil) revert Expired(carried.session.validUntil);
        _enableByAccount(carried, session[SessionReader.PARTIES:]);
    }

    /// @dev Enables the calling account's own session, which is complete and well-formed.
    function _enableByAccount(Carried memory carried, bytes calldata packed) internal {
        _requireEpoch(carried.session);
        Record storage record = _records[carried.id][msg.sender];
        Meter first = _firstMeter(record);
        if (first.isIn(State.REVOKED)) revert SessionIsRevoked(carried.id);
        if (first.isIn(State.UNKNOWN)) _enable(carried, record, first, packed);
    }

    /// @inheritdoc ISessionModule
    function revoke(bytes32 id) external {
        _requireNothingTrails(36);
        _revoke(id, msg.sender);
    }

    /// @inheritdoc ISessionModule
    function revokeAll() external {
        _requireNothingTrails(4);
        _changeEpoch(msg.sender);
    }

    /// @inheritdoc ISessionModule
    function pause(bytes32 id) external {
        _requireNothingTrails(36);
        _setPaused(id);
    }

    /// @inheritdoc ISessionModule
    function resume(bytes32 id) external {
        _requireNothingTrails(36);
        _requireNoFallbackHandler();
        _setPaused(id);
    }

    /* BY THE KEY */

    /// @inheritdoc ISessionModule
    function renounce(bytes calldata session) external {
        Carried memory carried = _read(session);
        _requireKey(carried);
        _revoke(carried.id, carried.session.account);
    }

    /* THE ENTRY POINTS OF THE EXECUTION RAIL */

    /// @inheritdoc ISessionModule
    function pay(bytes calldata session, bytes calldata grant, address token, address to, uint256 amount) external {
        Carried memory carried = _read(session);
        // As `_requireKey`, whose call would cost the most common payment more gas.
        if (msg.sender != carried.session.key) revert NotKey(msg.sender, carried.session.key);
        Record storage record = _enter(carried, session, grant);
        uint256 index = Calls.assessTransfer(carried, token, to);
        _charge(carried, record, index, amount);
        _performOne(carried.session.account, 0, Call(token, 0, abi.encodeCall(IERC20.transfer, (to, amount))), true);
        _leave(carried.session.account);
    }

    /// @inheritdoc ISessionModule
    function execute(
        bytes calldata session,
        bytes calldata grant,
        Call[] calldata calls
    ) external returns (bytes[] memory) {
        Carried memory carried = _read(session);
        if (!_speaksForItself(carried.session, calls)) _requireKey(carried);
        return _execute(carried, session, grant, Calls.copy(calls));
    }

    /// @inheritdoc ISessionModule
    function executeSigned(
        bytes calldata session,
        bytes calldata grant,
        Call[] calldata calls,
        address caller,
        uint256 nonce,
        uint48 deadline,
        bytes calldata keySignature
    ) external returns (bytes[] memory) {
        Carried memory carried = _read(session);
        Call[] memory copies = Calls.copy(calls);
        _requireSigned(carried, copies, caller, nonce, deadline, keySignature);
        return _execute(carried, session, grant, copies);
    }

    /// @inheritdoc ISessionModule
    function redeemDelegations(
        bytes[] calldata contexts,
        bytes32[] calldata modes,
        bytes[] calldata executions
    ) external {
        uint256 count = contexts.length;
        if (count == 0 || modes.length != count || executions.length != count) revert LengthMismatch();
        for (uint256 i; i < count; ++i) {
            _redeem(contexts[i], Redemptions.readExecution(executions[i], modes[i], i), i);
        }
    }

    function _redeem(bytes calldata context, Call[] memory calls, uint256 i) private {
        (bytes calldata session, bytes calldata grant, bytes calldata keySignature) = Redemptions.readContext(
            context,
            i
        );
        Carried memory carried = _read(session);
        if (keySignature.length == 0) {
            // An account does not speak for itself here: a fallback handler would hide whose call it passes on.
            _requireKey(carried);
        } else {
            address caller = address(uint160(context.wordAt(Redemptions.CALLER_AT)));
            uint48 deadline = uint48(context.wordAt(Redemptions.DEADLINE_AT));
            _requireSigned(carried, calls, caller, context.wordAt(Redemptions.NONCE_AT), deadline, keySignature);
        }
        _execute(carried, session, grant, calls);
    }

    /// @dev Requires the key's signature over this execution for this sender, and uses its nonce.
    function _requireSigned(
        Carried memory carried,
        Call[] memory calls,
        address caller,
        uint256 nonce,
        uint48 deadline,
        bytes calldata keySignature
    ) private {
        bool submits = caller == msg.sender || caller == ANYONE;
        if (!submits || caller == address(0)) revert CallerNotAllowed(msg.sender, caller);
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        bytes32 structHash = keccak256(
            abi.encode(EXECUTE_TYPEHASH, carried.id, Calls.hash(calls), caller, nonce, deadline)
        );
        (address signer, , ) = ECDSA.tryRecoverCalldata(_digest(structHash), keySignature);
        if (signer == address(0) || signer != carried.session.key) revert InvalidKeySignature();
        _useNonce(carried.id, carried.session.account, nonce);
    }

    function _requireKey(Carried memory carried) private view {
        address key = carried.session.key;
        if (msg.sender != key) revert NotKey(msg.sender, key);
    }

    /// @dev Start of every execution: takes the lock and checks window, epoch, pause, and state or grant. A valid grant
    /// enables the session.
    function _enter(
        Carried memory carried,
        bytes calldata packed,
        bytes calldata grant
    ) private returns (Record storage record) {
        Session memory session = carried.session;
        bytes32 id = carried.id;
        address account = session.account;
        TransientSlot.BooleanSlot lock = bytes32(uint256(uint160(account))).asBoolean();
        if (lock.tload()) revert Reentered(account);
        lock.tstore(true);

        if (block.timestamp < session.validAfter) revert NotYetValid(session.validAfter);
        if (block.timestamp >= session.validUntil) revert Expired(session.validUntil);
        _requireEpoch(session);
        record = _records[id][account];
        Meter first = _firstMeter(record);
        if (first.isUsable()) return record;
        _requireNotStopped(first, id);
        if (grant.length == 0) revert NotGranted(id);
        _requireWhole(carried);
        session.requireWellFormed(address(this));
        if (!_isGranted(account, _digest(id), grant)) revert NotGranted(id);
        _enable(carried, record, first, packed[SessionReader.PARTIES:]);
    }

    /// @dev Transient storage: a transaction that ends in between leaves no lock behind.
    function _leave(address account) private {
        bytes32(uint256(uint160(account))).asBoolean().tstore(false);
    }

    /// @dev End of every entry point for a list of calls. Every call is checked before any is made.
    function _execute(
        Carried memory carried,
        bytes calldata packed,
        bytes calldata grant,
        Call[] memory calls
    ) private returns (bytes[] memory results) {
        Record storage record = _enter(carried, packed, grant);
        if (calls.length == 0) revert EmptyBatch();
        // A single call pays from one budget and needs no list: this is the most common use.
        bool one = calls.length == 1;
        uint256[] memory amounts;
        if (!one) amounts = new uint256[](carried.session.budgets.length);
        bool measured;
        uint256 budget;
        uint256 amount;
        for (uint256 i; i < calls.length; ++i) {
            Call memory call = calls[i];
            Kind kind;
            (kind, budget, amount, ) = Calls.assess(carried, i, call);
            if (kind != Kind.PAYMENT)
                measured = true;
                // Native coin sent to a contract calls it, and it may pull through a pre-existing allowance.
            else if (call.data.length == 0 && call.target.code.length != 0) measured = true;
            else if (!one) amounts[budget] = _sum(amounts[budget], amount);
        }
        results = new bytes[](calls.length);
        if (measured) {
            _executeMeasured(carried, record, calls, results);
        } else {
            if (one) _charge(carried, record, budget, amount);
            else _chargeAll(carried, record, amounts);
            for (uint256 i; i < calls.length; ++i) {
                results[i] = _performOne(carried.session.account, i, calls[i], calls[i].data.length != 0);
            }
        }
        _leave(carried.session.account);
    }

    /// @dev Charges after the calls, which may have revoked or paused the session, or changed the epoch.
    function _executeMeasured(
        Carried memory carried,
        Record storage record,
        Call[] memory calls,
        bytes[] memory results
    ) private {
        if (carried.leftOut & (SessionReader.ACTIONS - 1) != 0) _requireWhole(carried);
        uint256[] memory amounts = _performMeasured(carried, calls, results);
        _requireEpoch(carried.session);
        _requireNotStopped(_firstMeter(record), carried.id);
        _chargeAll(carried, record, amounts);
    }

    /// @dev Charges each budget for one execution.
    function _chargeAll(Carried memory carried, Record storage record, uint256[] memory amounts) private {
        for (uint256 i; i < amounts.length; ++i) {
            _charge(carried, record, i, amounts[i]);
        }
    }

    function _charge(Carried memory carried, Record storage record, uint256 i, uint256 amount) private {
        if (amount == 0) return;
        (Meter charged, uint256 period) = Budgets.charge(carried.session, carried.id, i, _meterAt(record, i), amount);
        _store(carried, record, i, charged, period, amount);
    }

    /// @dev Stores a budget's meter after a charge.
    function _store(
        Carried memory carried,
        Record storage record,
        uint256 i,
        Meter charged,
        uint256 period,
        uint256 amount
    ) internal {
        _setMeter(record, i, charged);
        emit Spent(carried.session.account, carried.id, carried.session.budgets[i].token, period, amount);
    }

    /// @dev Measures effects that calldata does not reveal: for each call, each budget is charged with the amount the
    /// call declares, or with the decrease of the account's balance during the call, if that is more. Income in one
    /// call does not offset spending in another.
    /// @param results Filled in here.
    function _performMeasured(
        Carried memory carried,
        Call[] memory calls,
        bytes[] memory results
    ) private returns (uint256[] memory amounts) {
        Session memory session = carried.session;
        amounts = new uint256[](session.budgets.length);
        uint256[] memory balances = new uint256[](amounts.length);
        address[] memory spenders = new address[](calls.length);
        for (uint256 b; b < balances.length; ++b) {
            balances[b] = _balanceOf(session.budgets[b].token, session.account);
        }
        for (uint256 i; i < calls.length; ++i) {
            Call memory call = calls[i];
            (Kind kind, uint256 budget, uint256 paid, address spender) = Calls.assess(carried, i, call);
            if (kind == Kind.ACTION) _requireNotFallbackHandler(session.account, i, call);
            if (kind == Kind.APPROVAL) {
                paid = 0;
                spenders[i] = spender;
            }
            results[i] = _performOne(session.account, i, call, kind != Kind.ACTION && call.data.length != 0);
            _addSpent(session, budget, paid, balances, amounts);
        }
        _requireNoAllowanceLeft(session.account, calls, spenders);
    }

    /// @dev Adds what one call has spent.
    /// @param balances Before the call; updated to the current balances.
    function _addSpent(
        Session memory session,
        uint256 budget,
        uint256 paid,
        uint256[] memory balances,
        uint256[] memory amounts
    ) private view {
        for (uint256 b; b < balances.length; ++b) {
            uint256 balance = _balanceOf(session.budgets[b].token, session.account);
            uint256 fell = balance < balances[b] ? balances[b] - balance : 0;
            uint256 says = b == budget ? paid : 0;
            amounts[b] = _sum(amounts[b], fell > says ? fell : says);
            balances[b] = balance;
        }
    }

    /// @dev A fallback handler reads the sender from the last 20 bytes of its calldata, so a call from the account
    /// could impersonate anyone. Checked right before the call, since an earlier call may have installed the handler.
    function _requireNotFallbackHandler(address account, uint256 i, Call memory call) private view {
        if (_isFallbackHandlerOf(account, call.target, bytes4(call.data))) revert ForbiddenTarget(i, call.target);
    }

    /// @dev An allowance would outlive the period, and later pulls would not be charged.
    /// @param spenders For each call, the spender of an approval (a recipient, so not 0), otherwise 0.
    function _requireNoAllowanceLeft(address account, Call[] memory calls, address[] memory spenders) private view {
        for (uint256 i; i < spenders.length; ++i) {
            address spender = spenders[i];
            if (spender == address(0)) continue;
            address token = calls[i].target;
            uint256 left = _allowanceOf(token, account, spender);
            if (left != 0) revert AllowanceLeft(token, spender, left);
        }
    }

    /// @param tokenCall Whether the call is a transfer or an approval, which the token must confirm.
    function _performOne(
        address account,
        uint256 i,
        Call memory call,
        bool tokenCall
    ) private returns (bytes memory returned) {
        bool success;
        (success, returned) = _executeFromAccount(account, call.target, call.value, call.data);
        if (!success) revert CallFailed(i, returned);
        if (tokenCall && !_agreed(call.target, returned)) revert TokenCallFailed(i, call.target, returned);
    }

    /// @dev Whether a token confirmed a transfer or an approval: it has code and returned nothing, or it returned true.
    function _agreed(address token, bytes memory returned) private view returns (bool) {
        if (returned.length == 0) return token.code.length != 0;
        return returned.length == 32 && bytes32(returned) == bytes32(uint256(1));
    }

    /* VIEWS */

    /// @inheritdoc ISessionModule
    function hashSession(bytes calldata session) external pure returns (bytes32) {
        return _read(session).id;
    }

    /// @inheritdoc ISessionModule
    function grantDigest(bytes calldata session) external view returns (bytes32) {
        Carried memory carried = _read(session);
        _requireWhole(carried);
        return _digest(carried.id);
    }

    /// @inheritdoc ISessionModule
    function epochOf(address account) external view returns (uint64) {
        return _standings[account].epoch;
    }

    /// @inheritdoc ISessionModule
    function stateOf(bytes32 id, address account) public view returns (State state, bool paused) {
        Meter first = _firstMeter(_records[id][account]);
        return (first.state(), first.isPaused());
    }

    /// @inheritdoc ISessionModule
    function budgetOf(
        bytes calldata session,
        uint256 index
    ) external view returns (uint256 period, uint256 released, uint256 spent, uint256 resetsAt) {
        Carried memory carried = _read(session);
        if (index >= carried.session.budgets.length) revert NoSuchBudget(index);
        if ((carried.leftOut >> index) & 1 != 0) _requireWhole(carried);
        SessionBudget memory budget = carried.session.budgets[index];
        if (carried.leftOut == 0) carried.session.requireWellFormed(address(this));
        if (budget.period == 0) revert MalformedSession(Flaw.LIMITS, index);
        if (block.timestamp >= carried.session.validAfter) {
            period = Budgets.periodAt(carried.session, budget, block.timestamp);
            released = Budgets.releasedAt(carried.session, budget, block.timestamp);
            spent = _meterAt(_records[carried.id][carried.session.account], index).spentIn(period);
            if (spent > released) spent = released; // A meter of a later period.
        }
        resetsAt = Budgets.resetsAt(carried.session, budget, period);
    }

    /// @inheritdoc ISessionModule
    function nonceUsed(bytes32 id, address account, uint256 nonce) external view returns (bool) {
        return _usedNonces[_nonceWord(id, nonce)][account] & _nonceBit(nonce) != 0;
    }

    /// @inheritdoc ISessionModule
    function slotNonce(
        bytes32 id,
        uint256 budgetIndex,
        uint256 period,
        uint256 lot,
        uint256 size,
        uint256 index
    ) external pure returns (bytes32) {
        _requireSlot(lot, size, index, size << 1);
        return Slots.nonceOf(Slots.prefixOf(id, budgetIndex, period), lot, size, index);
    }

    /// @inheritdoc ISessionModule
    function nodeNonce(
        bytes32 id,
        uint256 budgetIndex,
        uint256 period,
        uint256 lot,
        uint256 depth,
        uint256 index
    ) external pure returns (uint256) {
        _requireSlot(lot, depth, index, depth);
        return Nodes.nonceOf(Slots.prefixOf(id, budgetIndex, period), lot, depth, index);
    }

    /// @param width A lot has 2**width slots of that size, or nodes of that depth.
    function _requireSlot(uint256 lot, uint256 size, uint256 index, uint256 width) private pure {
        if (lot >> 32 != 0 || size >= MAX_SIZES || index >> width != 0) revert NoSuchSlot(lot, size, index);
    }

    /* IMPLEMENTED BY EACH KIND OF ACCOUNT */

    /// @dev Executes one call from the account. Never a delegatecall.
    function _executeFromAccount(
        address account,
        address target,
        uint256 value,
        bytes memory data
    ) internal virtual returns (bool success, bytes memory returned);

    /// @dev Whether the account itself accepts `grant` as its owner's signature over `digest`.
    function _isGranted(address account, bytes32 digest, bytes calldata grant) internal view virtual returns (bool);

    /// @dev Whether the account forwards calls of this function to `handler`, with the caller's address appended.
    function _isFallbackHandlerOf(
        address account,
        address handler,
        bytes4 selector
    ) internal view virtual returns (bool);

    /// @dev Whether the call comes from the session's account itself and is allowed to. On most kinds of account, only
    /// the key is allowed.
    function _speaksForItself(Session memory session, Call[] calldata calls) internal view virtual returns (bool) {
        (session, calls);
        return false;
    }

    /* STATE */

    /// @dev The meter of budget `i`; a session has at most 8. In assembly, since Solidity would check bounds and read
    /// the word again before writing.
    function _meterAt(Record storage record, uint256 i) internal view returns (Meter meter) {
        assembly ("memory-safe") {
            meter := sload(add(record.slot, i))
        }
    }

    function _setMeter(Record storage record, uint256 i, Meter meter) internal {
        assembly ("memory-safe") {
            sstore(add(record.slot, i), meter)
        }
    }

    /// @dev The first meter also holds the session's state.
    function _firstMeter(Record storage record) internal view returns (Meter) {
        return _meterAt(record, 0);
    }

    /// @param first The session's first meter, as it is stored.
    /// @param packed The session's own bytes, without account and key.
    function _enable(Carried memory carried, Record storage record, Meter first, bytes calldata packed) internal {
        _setMeter(record, 0, first.withState(State.ENABLED));
        emit SessionEnabled(carried.session.account, carried.id, carried.session.key, packed);
    }

    /// @dev Whether a valid grant of a complete and well-formed session is carried along, and no revocation or pause is
    /// in its way. For callers that must not revert.
    function _mayEnable(Carried memory carried, Meter first, bytes calldata grant) internal view returns (bool) {
        if (!first.isIn(State.UNKNOWN) || first.isPaused()) return false;
        if (grant.length == 0 || carried.leftOut != 0) return false;
        (bool flawed, , ) = carried.session.flawOf(address(this));
        return !flawed && _isGranted(carried.session.account, _digest(carried.id), grant);
    }

    /// @dev One function for both, distinguished by selector, to save code size.
    function _setPaused(bytes32 id) private {
        bool paused = msg.sig == ISessionModule.pause.selector;
        Record storage record = _records[id][msg.sender];
        Meter first = _firstMeter(record);
        if (first.isPaused() == paused) return;
        _setMeter(record, 0, first.withPaused(paused));
        emit SessionPaused(msg.sender, id, paused);
    }

    function _revoke(bytes32 id, address account) private {
        Record storage record = _records[id][account];
        Meter first = _firstMeter(record);
        if (first.isIn(State.REVOKED)) return;
        _setMeter(record, 0, first.withState(State.REVOKED));
        emit SessionRevoked(account, id);
    }

    /// @dev Nobody can have signed for the new epoch, since it cannot be predicted before the last block is known.
    function _changeEpoch(address account) internal {
        Standing storage standing = _standings[account];
        uint64 epoch = uint64(uint256(keccak256(abi.encode(standing.epoch, blockhash(block.number - 1)))));
        standing.epoch = epoch;
        emit EpochChanged(account, epoch);
    }

    function _requireEpoch(Session memory session) internal view {
        uint64 current = _standings[session.account].epoch;
        if (session.epoch != current) revert WrongEpoch(session.epoch, current);
    }

    function _requireNothingTrails(uint256 expected) internal pure {
        if (msg.data.length != expected) revert TrailingCalldata(msg.data.length, expected);
    }

    /// @dev Requires the only argument in canonical position, zero-padded, without trailing bytes: otherwise the last
    /// bytes could be the address of an outsider whose call the account forwarded.
    function _requireBytesOnly(bytes calldata argument) internal pure {
        _requireNothingTrails(68 + ((argument.length + 31) & ~uint256(31)));
        uint256 start;
        uint256 padding;
        uint256 used = argument.length % 32;
        assembly ("memory-safe") {
            start := argument.offset
            padding := shl(shl(3, used), calldataload(sub(calldatasize(), 32)))
        }
        if (start != 68 || (used != 0 && padding != 0)) revert MalformedSession(Flaw.ENCODING, 0);
    }

    /// @dev Requires that the account does not forward other callers' calls to this module.
    function _requireNoFallbackHandler() internal view {
        if (_isFallbackHandlerOf(msg.sender, address(this), msg.sig)) revert ModuleIsFallbackHandler(msg.sender);
    }

    function _requireNotStopped(Meter first, bytes32 id) private pure {
        if (first.isIn(State.REVOKED)) revert SessionIsRevoked(id);
        if (first.isPaused()) revert SessionIsPaused(id);
    }

    function _requireWhole(Carried memory carried) internal pure {
        if (carried.leftOut != 0) revert PartLeftOut(carried.leftOut);
    }

    /// @dev Reads a session preceded by its account and key, or reverts with MalformedSession.
    function _read(bytes calldata packed) internal pure returns (Carried memory carried) {
        if (!SessionReader.tryRead(carried, packed)) revert MalformedSession(Flaw.ENCODING, 0);
    }

    function _useNonce(bytes32 id, address account, uint256 nonce) private {
        bytes32 word = _nonceWord(id, nonce);
        uint256 used = _usedNonces[word][account];
        if (used & _nonceBit(nonce) != 0) revert NonceAlreadyUsed(nonce);
        _usedNonces[word][account] = used | _nonceBit(nonce);
    }

    function _nonceWord(bytes32 id, uint256 nonce) private pure returns (bytes32) {
        return keccak256(abi.encode(id, nonce >> 8));
    }

    function _nonceBit(uint256 nonce) private pure returns (uint256) {
        return 1 << (nonce & 255);
    }

    /// @dev The EIP-712 digest in this module's domain.
    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return
            MessageHashUtils.toTypedDataHash(
                DomainSeparator.compute(NAME_HASH, VERSION_HASH, address(this)),
                structHash
            );
    }

    /* TOKEN QUERIES */

    function _balanceOf(address token, address account) private view returns (uint256) {
        if (token == address(0)) return account.balance;
        return _ask(token, abi.encodeWithSignature("balanceOf(address)", account));
    }

    function _allowanceOf(address token, address account, address spender) private view returns (uint256) {
        return _ask(token, abi.encodeWithSignature("allowance(address,address)", account, spender));
    }

    function _ask(address token, bytes memory question) private view returns (uint256) {
        (bool success, bytes memory answer) = token.staticcall(question);
        if (!success || answer.length != 32) revert UnreadableToken(token);
        return uint256(bytes32(answer));
    }

    /// @dev A saturating sum of amounts: no limit is as high as the maximum.
    function _sum(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            return a + b < a ? type(uint256).max : a + b;
        }
    }
}
