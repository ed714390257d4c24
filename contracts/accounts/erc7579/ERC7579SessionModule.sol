// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Execution,
    IERC7579ModuleConfig,
    MODULE_TYPE_EXECUTOR,
    MODULE_TYPE_FALLBACK,
    MODULE_TYPE_VALIDATOR,
    VALIDATION_FAILED
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureRail} from "../../SignatureRail.sol";
import {Flaw} from "../../interfaces/ISessionErrors.sol";
import {IERC7579SessionModule} from "../../interfaces/IERC7579SessionModule.sol";
import {Budgets} from "../../libraries/Budgets.sol";
import {Calls} from "../../libraries/Calls.sol";
import {Meter} from "../../libraries/Meter.sol";
import {SessionChecks} from "../../libraries/SessionChecks.sol";
import {SessionReader} from "../../libraries/SessionReader.sol";
import {ANYONE, Call, Carried, Session, SessionBudget} from "../../types/Session.sol";
import {Answers, ERC1271_NO, ERC1271_YES} from "../Answers.sol";
import {SafeFallbackHandler} from "../safe/SafeFallbackHandler.sol";
import {AccountDomain} from "./AccountDomain.sol";
import {CanonicalExecution} from "./CanonicalExecution.sol";
import {PaymentUserOp} from "./PaymentUserOp.sol";

/// @title Sessions for ERC-7579 accounts
/// @notice Validator and executor in one. A session's userOp is validated here, and the account then calls this module
/// as an ordinary execution, where the clock can be read. A userOp with a single payment skips that call: it is charged
/// in validation, and the EntryPoint enforces the charged period.
///
/// Not supported: accounts that hook this validator (their callData has another form), ERC-7739 nested signatures for
/// the key (what the key signs contains the account), modes other than a single default call.
/// @dev Validation only accesses storage associated with the account, and uses no opcode banned by ERC-7562.
contract ERC7579SessionModule is SignatureRail, IERC7579SessionModule {
    using SessionChecks for Session;

    /// @dev Length of the key, which precedes a session's own bytes in installation data.
    uint256 private constant KEY_LENGTH = 20;

    /// @dev A single default call; in ERC-7579 every part of that mode is zero.
    bytes32 private constant SINGLE_DEFAULT = bytes32(0);

    /// @dev Maximum for gas limits and fees, so that five limits times a fee stay below 2**256.
    uint256 private constant MOST_GAS = type(uint120).max;

    /// @dev What the key signs for a userOp that makes a payment. It contains the session and the period, which the
    /// userOp's hash does not cover: otherwise a bundler could have another session of the key charged.
    bytes32 private constant PAYMENT_TYPEHASH = keccak256(
        "PaymentUserOp(bytes32 session,uint256 period,bytes32 userOpHash)"
    );

    /// @dev The type in which Kernel wraps a hash.
    bytes32 private constant KERNEL_TYPEHASH = keccak256("Kernel(bytes32 hash)");

    mapping(address account => uint256) private _installations;

    /* INSTALLATION */

    /// @notice See IERC7579SessionModule for the data. Called for both module types; accounts do not pass the type, so
    /// rejecting an already installed type is up to the account.
    function onInstall(bytes calldata data) external {
        _requireBytesOnly(data);
        _installations[msg.sender] += 1;
        if (data.length == 0) return;
        _requireNoFallbackHandler();
        bytes calldata granter = data[1:];
        uint256 length = uint8(data[0]);
        if (length > granter.length) revert MalformedSession(Flaw.ENCODING, 0);
        data = granter[length:];
        if (length != 0) _setGranter(granter[:length]);
        while (data.length != 0) {
            data = _enableInstalled(data);
        }
    }

    /// @dev Enables the first session in `sessions`. Expiry is not checked: an account may be created and install
    /// modules where ERC-7562 forbids reading the clock. An expired session cannot be used anyway.
    /// @return rest The bytes after it.
    function _enableInstalled(bytes calldata sessions) private returns (bytes calldata rest) {
        Carried memory carried;
        carried.session.account = msg.sender;
        if (sessions.length < KEY_LENGTH) revert MalformedSession(Flaw.ENCODING, 0);
        carried.session.key = address(bytes20(sessions));
        sessions = sessions[KEY_LENGTH:];
        uint256 length = SessionReader.read(carried, sessions);
        if (length == 0) revert MalformedSession(Flaw.ENCODING, 0);
        _requireWhole(carried);
        carried.session.requireWellFormed(address(this));
        _enableByAccount(carried, sessions[:length]);
        return sessions[length:];
    }

    /// @notice Ends every session and every unused grant of the account, and clears the granter. No data is needed.
    /// @dev Reads and writes two words, whatever was installed, so its gas is bounded. Data is only rejected if it
    /// could end in an outsider's address, and only if the account forwards such calls.
    function onUninstall(bytes calldata data) external {
        _requireBytesOnly(data);
        if (!_endsInZeros()) _requireNoFallbackHandler();
        if (_installations[msg.sender] != 0) _installations[msg.sender] -= 1;
        if (_standings[msg.sender].granterLength != 0) _setGranter("");
        _changeEpoch(msg.sender);
    }

    /// @notice Validator (1) and executor (2). Never fallback handler: outsiders could act as the account.
    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR || moduleTypeId == MODULE_TYPE_EXECUTOR;
    }

    /* ERC-4337 */

    /// @notice Accepts a userOp of the calling account in one of two forms, both in canonical ABI encoding:
    ///
    /// - callData `execute(bytes32(0), this ‖ uint256(0) ‖ execute(session, grant, calls))`, signed by the session's
    ///   key over `userOpHash` (65 bytes, low s). Every limit is enforced when the account calls this module.
    /// - callData `execute(bytes32(0), token ‖ uint256(0) ‖ transfer(to, amount))`, with a signature as described in
    ///   PaymentUserOp. The payment is charged immediately, even if the transfer fails later, and the key signs
    ///   `PaymentUserOp(bytes32 session,uint256 period,bytes32 userOpHash)` as EIP-712 typed data. Only for budgets
    ///   without signatures and without a stream.
    ///
    /// Both charge the session's gasAllowance with the userOp's maximum cost.
    /// @return validationData The session's or the period's window, or 1 if rejected. A rejection never reverts and
    /// writes nothing.
    function validateUserOp(
        PackedUserOperation calldata userOp,
        bytes32 userOpHash
    ) external returns (uint256 validationData) {
        // A genuine call ends in the signature's padding; a forwarded one, in an outsider's address.
        if (msg.sender != userOp.sender || !_endsInZeros()) return VALIDATION_FAILED;
        (bool ok, bytes calldata arguments) = CanonicalExecution.argumentsIn(userOp.callData);
        if (!ok) return _validatePayment(userOp, userOpHash);
        bytes calldata session;
        bytes calldata grant;
        (ok, session, grant) = CanonicalExecution.tryRead(arguments);
        Carried memory carried;
        if (!ok || !SessionReader.tryRead(carried, session)) return VALIDATION_FAILED;
        (address signer, , ) = ECDSA.tryRecoverCalldata(userOpHash, userOp.signature);
        if (!_mayUse(carried, session[SessionReader.PARTIES:], grant, userOp, signer)) return VALIDATION_FAILED;
        return _window(carried.session.validAfter, carried.session.validUntil);
    }

    /// @dev Validates a userOp that makes one payment, with the same two rules and the same recipients as in execution.
    function _validatePayment(PackedUserOperation calldata userOp, bytes32 userOpHash) private returns (uint256) {
        (bool ok, address token, address to, uint256 amount) = PaymentUserOp.tryReadCall(userOp.callData);
        if (!ok) return VALIDATION_FAILED;
        Carried memory carried;
        carried.session.account = msg.sender;
        bytes calldata packed;
        bytes calldata grant;
        (ok, packed, grant) = PaymentUserOp.tryReadSignature(carried, userOp.signature);
        if (!ok) return VALIDATION_FAILED;
        uint256 index = carried.session.indexOf(token);
        if (token == address(0) || index == carried.session.budgets.length) return VALIDATION_FAILED;
        SessionBudget memory budget = carried.session.budgets[index];
        if (!Calls.isRecipient(budget, to)) return VALIDATION_FAILED;

        uint256 total;
        uint256 from;
        uint256 until;
        uint48 period = PaymentUserOp.periodIn(userOp.signature);
        Record storage record = _records[carried.id][msg.sender];
        (ok, total, from, until) = Budgets.tryChargeIn(
            carried.session,
            budget,
            _meterAt(record, index),
            period,
            amount
        );
        if (!ok) return VALIDATION_FAILED;
        bytes32 hash = _digest(keccak256(abi.encode(PAYMENT_TYPEHASH, carried.id, period, userOpHash)));
        (address signer, , ) = ECDSA.tryRecoverCalldata(hash, PaymentUserOp.keySignatureIn(userOp.signature));
        if (!_mayUse(carried, packed, grant, userOp, signer)) return VALIDATION_FAILED;
        // Read again: the session may have just been enabled, which changes the first meter.
        Meter charged = _meterAt(record, index).withSpent(period, total);
        if (amount != 0) _store(carried, record, index, charged, period, amount);
        return _window(from, until);
    }

    /// @dev Whether the session may send the userOp signed by `signer`. If so, a carried grant enables the session, and
    /// its gasAllowance is charged.
    function _mayUse(
        Carried memory carried,
        bytes calldata packed,
        bytes calldata grant,
        PackedUserOperation calldata userOp,
        address signer
    ) private returns (bool) {
        Session memory session = carried.session;
        if (session.account != msg.sender || session.epoch != _standings[msg.sender].epoch) return false;
        if (!_allowsPaymaster(session, userOp.paymasterAndData)) return false;

        Record storage record = _records[carried.id][msg.sender];
        (bool ok, uint256 gasSpent) = _gasSpentWith(session, record, userOp);
        if (!ok) return false;
        Meter first = _firstMeter(record);
        bool enabled = first.isUsable();
        if (!enabled && !_mayEnable(carried, first, grant)) return false;

        // Last of the checks that cost gas and write nothing, so that an estimate with a dummy signature is close.
        if (signer == address(0) || signer != session.key) return false;

        if (!enabled) _enable(carried, record, first, packed);
        if (session.gasAllowance != type(uint128).max) record.gasSpent = gasSpent;
        return true;
    }

    /// @param until The first second that is too late; an EntryPoint expects the last valid one.
    function _window(uint256 from, uint256 until) private pure returns (uint256 validationData) {
        return (from << 208) | ((until - 1) << 160);
    }

    function _allowsPaymaster(Session memory session, bytes calldata paymasterAndData) private pure returns (bool) {
        if (paymasterAndData.length == 0) return true;
        if (paymasterAndData.length < 52) return false;
        address paymaster = address(bytes20(paymasterAndData[:20]));
        if (paymaster == address(0)) return false;
        return session.paymaster == ANYONE || session.paymaster == paymaster;
    }

    /// @dev The session's gas spending including this userOp, regardless of who pays for it.
    function _gasSpentWith(
        Session memory session,
        Record storage record,
        PackedUserOperation calldata userOp
    ) private view returns (bool ok, uint256 gasSpent) {
        uint256 verification = uint128(uint256(userOp.accountGasLimits) >> 128);
        uint256 execution = uint128(uint256(userOp.accountGasLimits));
        uint256 fee = uint128(uint256(userOp.gasFees));
        uint256 paymasterVerification;
        uint256 paymasterPostOp;
        if (userOp.paymasterAndData.length != 0) {
            paymasterVerification = uint128(bytes16(userOp.paymasterAndData[20:36]));
            paymasterPostOp = uint128(bytes16(userOp.paymasterAndData[36:52]));
        }
        uint256 largest = verification | execution | fee | paymasterVerification | paymasterPostOp;
        if ((largest | userOp.preVerificationGas) > MOST_GAS) return (false, 0);
        uint256 allowance = session.gasAllowance;
        if (allowance == type(uint128).max) return (true, 0);
        uint256 limits = verification + execution + paymasterVerification + paymasterPostOp + userOp.preVerificationGas;
        gasSpent = record.gasSpent + limits * fee;
        ok = gasSpent <= allowance;
    }

    /* THE SIGNATURE RAIL */

    /// @notice Whether `hash` is the digest of a payment, by EIP-3009 or Permit2, that a session of the calling account
    /// allows now.
    /// @param signature See Payload.sol.
    /// @return 0x1626ba7e or 0xffffffff. The account's caller is not checked, since facilitators call directly.
    function isValidSignatureWithSender(
        address,
        bytes32 hash,
        bytes calldata signature
    ) external view returns (bytes4) {
        return _authorizes(msg.sender, hash, signature) ? ERC1271_YES : ERC1271_NO;
    }

    /// @dev Most accounts pass on the hash unchanged. Kernel wraps it in its own EIP-712 domain.
    function _isAskedAbout(address account, bytes32 digest, bytes32 hash) internal view override returns (bool) {
        if (digest == hash) return true;
        (bool ok, bytes32 separator) = AccountDomain.trySeparator(account);
        bytes32 structHash = keccak256(abi.encode(KERNEL_TYPEHASH, digest));
        return ok && hash == MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    /* VIEWS */

    /// @inheritdoc IERC7579SessionModule
    function granterOf(address account) public view returns (bytes memory granter) {
        Standing storage standing = _standings[account];
        granter = abi.encodePacked(standing.granter);
        uint256 length = standing.granterLength;
        assembly ("memory-safe") {
            mstore(granter, length)
        }
    }

    /// @inheritdoc IERC7579SessionModule
    function isInitialized(address account) external view returns (bool) {
        return _installations[account] != 0;
    }

    /// @inheritdoc IERC7579SessionModule
    function gasSpentBy(bytes32 id, address account) external view returns (uint256) {
        return _records[id][account].gasSpent;
    }

    /* IMPLEMENTATION FOR ERC-7579 ACCOUNTS */

    /// @dev A userOp arrives as a call from the account. So could an outsider's call that the account forwards with the
    /// outsider's address appended (ERC-2771), so nothing may follow the last call. An address is never zero: if the
    /// calldata ends in 20 zero bytes of padding, as it does if the last call is a selector and words, nothing was
    /// appended. Otherwise the outsider's address could complete the arguments, and the account is asked, which is
    /// expensive.
    function _speaksForItself(Session memory session, Call[] calldata calls) internal view override returns (bool) {
        if (msg.sender != session.account || calls.length == 0) return false;
        if (Calls.endOf(calls) != msg.data.length) return false;
        return _endsInZeros() || !_isFallbackHandlerOf(msg.sender, address(this), msg.sig);
    }

    /// @dev Whether the calldata ends in 20 zero bytes, and so not in a sender's address.
    function _endsInZeros() private pure returns (bool) {
        return uint160(uint256(bytes32(msg.data[msg.data.length - 32:]))) == 0;
    }

    /// @dev Kernel and Safe7579 install a fallback handler without checking `isModuleType`, so this module may be one.
    /// The selector is passed as a word, which works both for accounts that decode the context and those that take its
    /// first bytes. An account that reverts or returns malformed data counts as having no such handler.
    ///
    /// A Safe7579's Safe also has one for every function: the adapter. Other accounts reject that query.
    function _isFallbackHandlerOf(
        address account,
        address handler,
        bytes4 selector
    ) internal view override returns (bool) {
        (bool success, bytes memory answer) = account.staticcall(
            abi.encodeCall(
                IERC7579ModuleConfig.isModuleInstalled,
                (MODULE_TYPE_FALLBACK, handler, abi.encode(selector))
            )
        );
        if (success && answer.length == 32) {
            if (bytes32(answer) != bytes32(0)) return true;
            // If this module were the Safe's handler, the query would have come here and found no function.
            if (handler == address(this)) return false;
        }
        (bool ok, address current) = SafeFallbackHandler.tryRead(account);
        return ok && handler == current;
    }

    function _executeFromAccount(
        address account,
        address target,
        uint256 value,
        bytes memory data
    ) internal override returns (bool success, bytes memory returned) {
        bytes memory request = abi.encodeCall(
            IERC7579Execution.executeFromExecutor,
            (SINGLE_DEFAULT, abi.encodePacked(target, value, data))
        );
        (success, returned) = account.call(request);
        if (!success) return (false, returned);
        // `abi.encode(bytes[] returnData)` with one element, used in place.
        bytes memory answer = returned;
        if (answer.length < 128) revert UnsupportedAccount(account);
        bool canonical;
        assembly ("memory-safe") {
            canonical := and(eq(mload(add(answer, 32)), 32), eq(mload(add(answer, 64)), 1))
            canonical := and(canonical, eq(mload(add(answer, 96)), 32))
            returned := add(answer, 128)
            canonical := and(canonical, iszero(gt(mload(returned), sub(mload(answer), 128))))
        }
        if (!canonical) revert UnsupportedAccount(account);
    }

    /// @dev On these accounts, a signature selects its own validator, and a weak one may accept any hash. So a grant
    /// must begin with the prefix that the account's owner set at installation.
    function _isGranted(address account, bytes32 digest, bytes calldata grant) internal view override returns (bool) {
        Standing storage standing = _standings[account];
        uint256 length = standing.granterLength;
        if (length == 0 || grant.length < length) return false;
        uint256 unused = 256 - 8 * length;
        if (bytes32(grant) >> unused != bytes32(standing.granter) >> unused) return false;
        return Answers.isYes(account, abi.encodeCall(IERC1271.isValidSignature, (digest, grant)));
    }

    /* WHO MAY GRANT */

    function _setGranter(bytes memory granter) private {
        if (granter.length > 23) revert GranterTooLong(granter.length);
        Standing storage standing = _standings[msg.sender];
        // Bytes past its length read as zeros.
        standing.granter = bytes23(granter);
        standing.granterLength = uint8(granter.length);
        emit GranterChanged(msg.sender, granter);
    }
}
