// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Budgets, Meter} from "./Budgets.sol";
import {Calls, Kind} from "./Calls.sol";
import {Payload, Payloads} from "./Payload.sol";
import {ANYONE, Call, EIP_3009, Flaw, MAX_SIZES, Session, SessionBudget, Sessions, State} from "./Session.sol";
import {Slots} from "./Slots.sol";
import {ISessionModule} from "./interfaces/ISessionModule.sol";

/// @title The life of a session, the doors of the execution rail, and the check of the signature rail
/// @notice What all kinds of accounts share. A contract in accounts/ says how one kind executes, who speaks for it,
/// and how it comes to ask.
///
/// Not supported: tokens that charge the sender on top, native coins with an ERC-20 face. Not seen by effect: tokens
/// without a budget, NFTs, targets that pull in a later transaction. docs/threat-model.md has the whole list.
///
/// @dev Each function keeps one order: who is asking, what is asked, charge, calls, events. Measured executions are
/// the exception: they charge after their calls, from what is stored by then.
/// @custom:security-contact see SECURITY.md
abstract contract SessionModule is ISessionModule {
    using Sessions for Session;
    using Payloads for Payload;

    /// Per session and account. The account is the innermost key and everything lies within 128 slots of it, so that
    /// ERC-7562 counts it as the account's associated storage.
    struct Record {
        /// A Meter for each budget; the first also holds the session's state. Words, since Solidity would read an
        /// array of Meters before it writes to it.
        uint256[8] meters;
        /// Most wei of ERC-4337 gas that the session's userOps may have cost so far.
        uint256 gasSpent;
    }

    /// What stands of an account, in one word.
    struct Standing {
        uint64 epoch;
        /// ERC-7579 only: what a grant must begin with, so that the account asks the validator that its owner named.
        bytes23 granter;
        /// How many bytes of `granter` count; 0: no signature grants.
        uint8 granterLength;
    }

    mapping(bytes32 id => mapping(address account => Record)) internal _records;
    mapping(address account => Standing) internal _standings;
    /// Keyed by hash of session id and nonce >> 8; bit number nonce & 255 is set once the nonce is used.
    mapping(bytes32 word => mapping(address account => uint256)) private _usedNonces;

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant NAME_HASH = keccak256("Latchkey");
    bytes32 private constant VERSION_HASH = keccak256("1");
    bytes32 private constant EXECUTE_TYPEHASH = keccak256(
        "Execute(bytes32 session,Call[] calls,address caller,uint256 nonce,uint48 deadline)"
        "Call(address target,uint256 value,bytes data)"
    );

    /* BY THE ACCOUNT */

    /// @inheritdoc ISessionModule
    function enable(Session calldata session) external {
        (Session memory copy, bytes32 id) = session.read();
        if (msg.sender != copy.account) revert NotAccount(msg.sender, copy.account);
        copy.requireWellFormed(address(this));
        bytes memory arguments = abi.encode(copy);
        _requireNothingTrails(4 + arguments.length);
        if (keccak256(msg.data[4:]) != keccak256(arguments)) revert MalformedSession(Flaw.ENCODING, 0);
        _enableByAccount(copy, id);
    }

    /// @dev For the calling account, of a session that is its own and well-formed.
    function _enableByAccount(Session memory copy, bytes32 id) internal {
        // Bytes that a fallback handler is passed end in the sender's address, which may be a session's last bytes.
        if (_isFallbackHandlerOf(msg.sender, address(this), msg.sig)) revert ModuleIsFallbackHandler(msg.sender);
        if (block.timestamp >= copy.validUntil) revert Expired(copy.validUntil);
        _requireEpoch(copy);
        Meter first = _firstMeter(_records[id][msg.sender]);
        if (first.isIn(State.REVOKED)) revert SessionIsRevoked(id);
        if (first.isIn(State.UNKNOWN)) _enable(copy, id);
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

    /* BY THE KEY */

    /// @inheritdoc ISessionModule
    function renounce(Session calldata session) external {
        (Session memory copy, bytes32 id) = session.read();
        if (msg.sender != copy.key) revert NotKey(msg.sender, copy.key);
        _revoke(id, copy.account);
    }

    /* THE DOORS OF THE EXECUTION RAIL */

    /// @inheritdoc ISessionModule
    function execute(
        Session calldata session,
        bytes calldata grant,
        Call[] calldata calls
    ) external returns (bytes[] memory) {
        (Session memory copy, bytes32 id) = session.read();
        if (msg.sender != copy.key && !_speaksForItself(copy, calls)) revert NotKey(msg.sender, copy.key);
        return _execute(copy, id, grant, calls);
    }

    /// @inheritdoc ISessionModule
    function executeSigned(
        Session calldata session,
        bytes calldata grant,
        Call[] calldata calls,
        address caller,
        uint256 nonce,
        uint48 deadline,
        bytes calldata keySignature
    ) external returns (bytes[] memory) {
        (Session memory copy, bytes32 id) = session.read();
        bool submits = caller == msg.sender || caller == ANYONE;
        if (!submits || caller == address(0)) revert CallerNotAllowed(msg.sender, caller);
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        bytes32 structHash = keccak256(abi.encode(EXECUTE_TYPEHASH, id, Calls.hash(calls), caller, nonce, deadline));
        (address signer, , ) = ECDSA.tryRecoverCalldata(_digest(structHash), keySignature);
        if (signer == address(0) || signer != copy.key) revert InvalidKeySignature();
        _useNonce(id, copy.account, nonce);
        return _execute(copy, id, grant, calls);
    }

    /// @dev Where every door ends.
    function _execute(
        Session memory session,
        bytes32 id,
        bytes calldata grant,
        Call[] calldata calls
    ) internal returns (bytes[] memory results) {
        address account = session.account;
        _enter(account);
        Record storage record = _records[id][account];
        _requireUsable(session, id, record, grant);
        (bool paymentsOnly, uint256[] memory amounts) = _assess(session, calls);
        if (paymentsOnly) {
            _charge(session, id, record, amounts);
            results = _perform(session, calls);
        } else {
            (results, amounts) = _performMeasured(session, calls);
            // The calls may have revoked the session, or everything.
            _requireEpoch(session);
            if (!_firstMeter(record).isIn(State.ENABLED)) revert SessionIsRevoked(id);
            _charge(session, id, record, amounts);
        }
        _leave(account);
    }

    /// @dev Window, epoch, state or grant. Enables the session where it rests on a grant.
    function _requireUsable(Session memory session, bytes32 id, Record storage record, bytes calldata grant) private {
        if (block.timestamp < session.validAfter) revert NotYetValid(session.validAfter);
        if (block.timestamp >= session.validUntil) revert Expired(session.validUntil);
        _requireEpoch(session);
        Meter first = _firstMeter(record);
        if (first.isIn(State.ENABLED)) return;
        if (first.isIn(State.REVOKED)) revert SessionIsRevoked(id);
        if (grant.length == 0) revert NotGranted(id);
        session.requireWellFormed(address(this));
        if (!_isGranted(session.account, _digest(id), grant)) revert NotGranted(id);
        _enable(session, id);
    }

    /// @dev Every call is looked at before any is made.
    /// @return paymentsOnly Whether all are payments, and none of native coin to a contract.
    /// @return amounts Then: what they pay out of each budget.
    function _assess(
        Session memory session,
        Call[] calldata calls
    ) private view returns (bool paymentsOnly, uint256[] memory amounts) {
        if (calls.length == 0) revert EmptyBatch();
        paymentsOnly = true;
        amounts = new uint256[](session.budgets.length);
        for (uint256 i; i < calls.length; ++i) {
            (address target, uint256 value, bytes calldata data) = Calls.read(calls, i);
            (Kind kind, uint256 budget, uint256 amount, ) = Calls.assess(session, i, target, value, data);
            if (kind == Kind.PAYMENT) {
                amounts[budget] = _sum(amounts[budget], amount);
                // Native coin for a contract is a call of it, which may pull by an allowance that it has of old.
                if (data.length == 0 && target.code.length != 0) paymentsOnly = false;
                continue;
            }
            paymentsOnly = false;
        }
    }

    /// @dev One execution's charge to each budget.
    function _charge(Session memory session, bytes32 id, Record storage record, uint256[] memory amounts) private {
        for (uint256 i; i < amounts.length; ++i) {
            uint256 amount = amounts[i];
            if (amount == 0) continue;
            Meter meter = Meter.wrap(record.meters[i]);
            uint256 period;
            (meter, period) = Budgets.charge(session, id, i, meter, amount);
            _store(session, id, record, i, meter, period, amount);
        }
    }

    /// @dev What a charge leaves of a budget.
    function _store(
        Session memory session,
        bytes32 id,
        Record storage record,
        uint256 i,
        Meter charged,
        uint256 period,
        uint256 amount
    ) internal {
        record.meters[i] = Meter.unwrap(charged);
        emit Spent(session.account, id, session.budgets[i].token, period, amount);
    }

    function _perform(Session memory session, Call[] calldata calls) private returns (bytes[] memory results) {
        results = new bytes[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            (address target, uint256 value, bytes calldata data) = Calls.read(calls, i);
            results[i] = _performOne(session.account, i, target, value, data, data.length != 0);
        }
    }

    /// @dev What the bytes of a call do not tell is measured: call by call, each budget is charged with what the call
    /// says that it pays, or with what the account's balance fell by while it ran, if that is more. What comes in
    /// during one call makes up for nothing that goes out during another.
    function _performMeasured(
        Session memory session,
        Call[] calldata calls
    ) private returns (bytes[] memory results, uint256[] memory amounts) {
        results = new bytes[](calls.length);
        amounts = new uint256[](session.budgets.length);
        uint256[] memory balances = new uint256[](amounts.length);
        for (uint256 b; b < balances.length; ++b) {
            balances[b] = _balanceOf(session.budgets[b].token, session.account);
        }
        for (uint256 i; i < calls.length; ++i) {
            (address target, uint256 value, bytes calldata data) = Calls.read(calls, i);
            (Kind kind, uint256 budget, uint256 paid, ) = Calls.assess(session, i, target, value, data);
            if (kind == Kind.ACTION) _requireNotFallbackHandler(session.account, i, target, data);
            if (kind == Kind.APPROVAL) paid = 0;
            bool tokenCall = kind != Kind.ACTION && data.length != 0;
            results[i] = _performOne(session.account, i, target, value, data, tokenCall);
            for (uint256 b; b < balances.length; ++b) {
                uint256 balance = _balanceOf(session.budgets[b].token, session.account);
                uint256 fell = balance < balances[b] ? balances[b] - balance : 0;
                uint256 says = b == budget ? paid : 0;
                amounts[b] = _sum(amounts[b], fell > says ? fell : says);
                balances[b] = balance;
            }
        }
        _requireNoAllowanceLeft(session, calls);
    }

    /// @dev A fallback handler reads the sender from the last 20 bytes of its calldata, so a call from the account
    /// could impersonate anyone. Asked right before the call: those before it may have installed the handler.
    function _requireNotFallbackHandler(address account, uint256 i, address target, bytes calldata data) private view {
        if (_isFallbackHandlerOf(account, target, bytes4(data))) revert ForbiddenTarget(i, target);
    }

    /// @dev An allowance outlives the period, and what is pulled by it later is charged to nobody.
    function _requireNoAllowanceLeft(Session memory session, Call[] calldata calls) private view {
        for (uint256 i; i < calls.length; ++i) {
            (address target, uint256 value, bytes calldata data) = Calls.read(calls, i);
            (Kind kind, , , address spender) = Calls.assess(session, i, target, value, data);
            if (kind != Kind.APPROVAL) continue;
            uint256 left = _allowanceOf(target, session.account, spender);
            if (left != 0) revert AllowanceLeft(target, spender, left);
        }
    }

    /// @param tokenCall Whether it is a transfer or an approval, which a token must confirm.
    function _performOne(
        address account,
        uint256 i,
        address target,
        uint256 value,
        bytes calldata data,
        bool tokenCall
    ) private returns (bytes memory returned) {
        bool success;
        (success, returned) = _executeFromAccount(account, target, value, data);
        if (!success) revert CallFailed(i, returned);
        if (tokenCall && !_agreed(target, returned)) revert TokenCallFailed(i, target, returned);
    }

    /// @dev Whether a token that was asked to transfer or approve did: it answered nothing, or true.
    function _agreed(address token, bytes memory returned) private view returns (bool) {
        if (returned.length == 0) return token.code.length != 0;
        return returned.length == 32 && bytes32(returned) == bytes32(uint256(1));
    }

    /* THE SIGNATURE RAIL */

    /// @dev Whether `hash` is the digest of an EIP-3009 authorization that a session of the account allows now.
    /// Never reverts. The caller adds what its kind of account asks for besides.
    function _authorizes(address account, bytes32 hash, bytes calldata signature) internal view returns (bool) {
        (bool ok, Payload memory payload) = Payloads.tryRead(signature);
        if (!ok) return false;
        Session memory session;
        bytes32 id;
        bytes calldata grant = signature[:0];
        if (payload.version == Payloads.GRANTED) {
            (ok, session, id, grant) = payload.tryReadGranted();
        } else {
            address key = payload.key;
            // Whoever signed the hash is the key, or there is no such session.
            if (payload.version == Payloads.ENABLED) (key, , ) = ECDSA.tryRecover(hash, payload.r, payload.vs);
            if (key == address(0)) return false;
            (ok, session, id) = payload.tryReadSession(account, key, _standings[account].epoch);
        }
        if (!ok || session.account != account) return false;
        return _isSlotPayment(session, id, hash, payload) && _isUsable(session, id, grant);
    }

    /// @dev The window, that the hash is that of a transfer from the account to a recipient, with the nonce of a slot
    /// of the current period, and the slot. Before the grant: checking that makes the account ask, perhaps this module.
    function _isSlotPayment(
        Session memory session,
        bytes32 id,
        bytes32 hash,
        Payload memory payload
    ) private view returns (bool) {
        if (block.timestamp < session.validAfter || block.timestamp >= session.validUntil) return false;
        uint256 index = payload.budgetIndex;
        if (index >= session.budgets.length) return false;
        SessionBudget memory budget = session.budgets[index];
        // Of a session that nobody has enabled these are anything yet.
        if (budget.period == 0 || budget.perTransaction == 0) return false;
        if (budget.signatures != EIP_3009 || budget.sizes > MAX_SIZES) return false;
        (bool found, address payee) = payload.payeeOf(budget);
        if (!found) return false;
        uint256 period = Budgets.periodAt(session, budget, block.timestamp);
        bytes32 nonce = Slots.nonceOf(id, index, period, payload.slot.lot, payload.slot.size, payload.slot.index);
        bytes32 digest = payload.digestOf(session.account, payee, nonce, budget.token);
        if (payload.version == Payloads.ENABLED) {
            if (digest != hash) return false;
        } else {
            if (!_isAskedAbout(session.account, digest, hash)) return false;
            (address signer, , ) = ECDSA.tryRecover(digest, payload.r, payload.vs);
            if (signer == address(0) || signer != session.key) return false;
        }
        uint256 spent = Meter.wrap(_records[id][session.account].meters[index]).spentIn(period);
        if (spent > budget.perPeriod) return false;
        return Slots.isGood(session.account, id, index, budget, period, spent, payload.slot, payload.value);
    }

    /// @dev Epoch, and state or grant.
    function _isUsable(Session memory session, bytes32 id, bytes calldata grant) private view returns (bool) {
        address account = session.account;
        if (session.epoch != _standings[account].epoch) return false;
        Meter first = _firstMeter(_records[id][account]);
        if (!first.isIn(State.UNKNOWN)) return first.isIn(State.ENABLED);
        if (grant.length == 0) return false;
        (bool flawed, , ) = session.flawOf(address(this));
        return !flawed && _isGranted(account, _digest(id), grant);
    }

    /* VIEWS */

    /// @inheritdoc ISessionModule
    function hashSession(Session calldata session) external pure returns (bytes32 id) {
        (, id) = session.read();
    }

    /// @inheritdoc ISessionModule
    function grantDigest(Session calldata session) external view returns (bytes32) {
        (, bytes32 id) = session.read();
        return _digest(id);
    }

    /// @inheritdoc ISessionModule
    function epochOf(address account) external view returns (uint64) {
        return _standings[account].epoch;
    }

    /// @inheritdoc ISessionModule
    function stateOf(bytes32 id, address account) public view returns (State) {
        return _firstMeter(_records[id][account]).state();
    }

    /// @inheritdoc ISessionModule
    function budgetOf(
        Session calldata session,
        uint256 index
    ) external view returns (uint256 period, uint256 released, uint256 spent, uint256 resetsAt) {
        (Session memory copy, bytes32 id) = session.read();
        copy.requireWellFormed(address(this));
        if (index >= copy.budgets.length) revert NoSuchBudget(index);
        SessionBudget memory budget = copy.budgets[index];
        if (block.timestamp >= copy.validAfter) {
            period = Budgets.periodAt(copy, budget, block.timestamp);
            released = Budgets.releasedAt(copy, budget, block.timestamp);
            spent = Meter.wrap(_records[id][copy.account].meters[index]).spentIn(period);
            if (spent > released) spent = released; // A meter of a period to come.
        }
        resetsAt = Budgets.resetsAt(copy, budget, period);
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
        return Slots.nonceOf(id, budgetIndex, period, lot, size, index);
    }

    /* HOW A KIND OF ACCOUNT DOES IT */

    /// @dev Makes the account perform one call. Never by delegatecall.
    function _executeFromAccount(
        address account,
        address target,
        uint256 value,
        bytes calldata data
    ) internal virtual returns (bool success, bytes memory returned);

    /// @dev Whether the account's owner signed `digest`, as far as the account itself says.
    function _isGranted(address account, bytes32 digest, bytes calldata grant) internal view virtual returns (bool);

    /// @dev Whether the account passes calls of this function on to `handler`, with the caller's address behind them.
    function _isFallbackHandlerOf(
        address account,
        address handler,
        bytes4 selector
    ) internal view virtual returns (bool);

    /// @dev Whether the session's account itself makes the call, and may. On most kinds of account only the key may.
    function _speaksForItself(Session memory session, Call[] calldata calls) internal view virtual returns (bool) {
        (session, calls);
        return false;
    }

    /// @dev Whether an account that is asked about an authorization's digest asks this module about `hash`.
    function _isAskedAbout(address account, bytes32 digest, bytes32 hash) internal view virtual returns (bool) {
        account;
        return digest == hash;
    }

    /* STATE */

    /// @dev The one that also holds the session's state.
    function _firstMeter(Record storage record) internal view returns (Meter) {
        return Meter.wrap(record.meters[0]);
    }

    function _setState(Record storage record, State state) private {
        record.meters[0] = Meter.unwrap(_firstMeter(record).withState(state));
    }

    function _enable(Session memory session, bytes32 id) internal {
        _setState(_records[id][session.account], State.ENABLED);
        emit SessionEnabled(session.account, id, session.key, session);
    }

    function _revoke(bytes32 id, address account) private {
        Record storage record = _records[id][account];
        if (_firstMeter(record).isIn(State.REVOKED)) return;
        _setState(record, State.REVOKED);
        emit SessionRevoked(account, id);
    }

    /// @dev Nobody can have signed for the new epoch, nor guess it before the last block is known.
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

    /// @dev One door of an account at a time. Transient: a transaction that ends in between leaves no lock behind.
    function _enter(address account) private {
        bool entered;
        assembly ("memory-safe") {
            entered := tload(account)
            tstore(account, 1)
        }
        if (entered) revert Reentered(account);
    }

    function _leave(address account) private {
        assembly ("memory-safe") {
            tstore(account, 0)
        }
    }

    /// @dev EIP-712. Computed each time: an immutable would make the code differ from chain to chain.
    function _digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domainSeparator = keccak256(
            abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this))
        );
        return keccak256(abi.encodePacked(hex"1901", domainSeparator, structHash));
    }

    /* WHAT TOKENS SAY */

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

    /// @dev A sum of amounts; the largest number where it would be larger: no limit is.
    function _sum(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            return a + b < a ? type(uint256).max : a + b;
        }
    }
}
