// SPDX-License-Identifier: MIT
pragma solidity ^0.8.13;

/// Why a session is malformed.
enum Flaw {
    /// The bytes are not a valid packed session, see SessionReader.
    ENCODING,
    /// The key is 0 or the account, or the account is 0.
    PARTIES,
    /// validUntil is not after validAfter, below 2, or 2**47 and more.
    WINDOW,
    /// A budget's token is the account, the module or Permit2, or already has a budget.
    TOKEN,
    /// perTransaction is 0 or above perPeriod, or the period is 0.
    LIMITS,
    /// `initial` without perSecond, or a stream with signatures.
    STREAM,
    /// An unknown value of `signatures`, or signatures for the native coin; sizes without signatures, signatures
    /// without sizes, more than 8 sizes, a smallest slot or node worth 0, or 2**32 lots or more.
    SLOTS,
    /// A recipient is 0, or ANYONE is combined with others.
    RECIPIENTS,
    /// An action's target is 0, the account, the module, Permit2 or a budget's token.
    TARGET,
    /// A rule's operator is above 5.
    OPERATOR
}

/// @title One error for each rule that users or programs need to distinguish
/// @notice docs/errors.md explains the cause of each error and what to do.
interface ISessionErrors {
    /* THE SESSION */

    /// @notice Thrown when a session violates a bound that every session must satisfy.
    /// @param index The affected budget (up to RECIPIENTS) or action (TARGET, OPERATOR); else 0.
    error MalformedSession(Flaw flaw, uint256 index);
    /// @notice Thrown when someone other than the session's account calls a function reserved for the account.
    error NotAccount(address caller, address account);
    /// @notice Thrown when someone other than the session's key uses it. An ERC-7579 account may use it as well.
    error NotKey(address caller, address key);
    /// @notice Thrown when a call from the account has bytes beyond its arguments, as a call forwarded to a fallback
    /// handler does.
    error TrailingCalldata(uint256 length, uint256 expected);
    /// @notice Thrown when an account does not behave like this module's kind of account.
    error UnsupportedAccount(address account);
    /// @notice Thrown when the account has this module as its fallback handler: anyone could act as the account.
    error ModuleIsFallbackHandler(address account);
    /// @notice Thrown before a session's first second.
    error NotYetValid(uint48 validAfter);
    /// @notice Thrown from `validUntil` on.
    error Expired(uint48 validUntil);
    /// @notice Thrown when a session's epoch is not the account's.
    error WrongEpoch(uint64 epoch, uint64 current);
    /// @notice Thrown when a session was revoked, by its account or by its key.
    error SessionIsRevoked(bytes32 id);
    /// @notice Thrown while a session is paused by its account.
    error SessionIsPaused(bytes32 id);
    /// @notice Thrown when a use needs a part of the session that its bytes only contain as a hash.
    /// @param parts The omitted parts, one bit each: bit i is budget i, bit 8 is the list of actions.
    error PartLeftOut(uint256 parts);
    /// @notice Thrown when a session is not enabled and carries no grant that the account accepts.
    error NotGranted(bytes32 id);
    /// @notice Thrown when a session has no budget of that index.
    error NoSuchBudget(uint256 index);

    /* ENTRY POINTS */

    /// @notice Thrown on a re-entrant call, while an execution of the account runs.
    error Reentered(address account);
    /// @notice Thrown when a signed execution is submitted by someone other than the caller it names.
    error CallerNotAllowed(address caller, address allowed);
    /// @notice Thrown after the deadline of a signed execution; the deadline itself is still valid.
    error DeadlinePassed(uint48 deadline);
    /// @notice Thrown when a signed execution's nonce was used before.
    error NonceAlreadyUsed(uint256 nonce);
    /// @notice Thrown when a signature is not the key's: another key, not 65 bytes, high s, v other than 27 and 28.
    error InvalidKeySignature();

    /* THE CALLS */

    /// @notice Thrown when there is nothing to execute.
    error EmptyBatch();
    /// @notice Thrown when the bytes of a call are not ABI-encoded as a Call.
    error MalformedCall(uint256 index);
    /// @notice Thrown by `redeemDelegations` unless there are as many contexts as modes and executions, and at least
    /// one.
    error LengthMismatch();
    /// @notice Thrown if the permission context of entry `index` is not in canonical encoding, or is another delegation
    /// manager's.
    error MalformedContext(uint256 index);
    /// @notice Thrown if entry `index` has another mode than ERC-7579's default single or batch call.
    error UnsupportedMode(uint256 index, bytes32 mode);
    /// @notice Thrown if the execution of entry `index` is not encoded as its mode requires.
    error MalformedExecution(uint256 index);
    /// @notice Thrown when a call goes to 0, the account, the module, Permit2, a Safe's fallback handler, or an
    /// ERC-7579 module that the account has installed as the fallback handler of the function called; or when it
    /// approves Permit2.
    /// @param target The address that is forbidden.
    error ForbiddenTarget(uint256 index, address target);
    /// @notice Thrown when a call is neither a payment, nor an approval, nor one of the session's actions.
    error CallNotAllowed(uint256 index, address target, bytes4 selector);
    /// @notice Thrown when a payment or an approval names someone who is not among the budget's recipients.
    error RecipientNotAllowed(uint256 index, address token, address recipient);
    /// @notice Thrown when a call sends native coin and the session has no budget for it.
    error NoNativeBudget(uint256 index, uint256 value);
    /// @notice Thrown when a call of the account fails. `reason` is what it reverted with.
    error CallFailed(uint256 index, bytes reason);
    /// @notice Thrown when a token does not confirm a transfer or an approval, or is not a contract.
    error TokenCallFailed(uint256 index, address token, bytes returned);
    /// @notice Thrown when a token, or Permit2, does not answer a query that a limit depends on.
    error UnreadableToken(address token);

    /* THE BUDGETS */

    /// @notice Thrown when one execution moves more than perTransaction.
    error PerTransactionExceeded(address token, uint256 amount, uint256 limit);
    /// @notice Thrown when an execution moves more than the period has left.
    /// @param resetsAt Unix time at which the next period begins, or the session ends.
    error PeriodExceeded(address token, uint256 amount, uint256 remaining, uint256 resetsAt);
    /// @notice Thrown when an execution reaches a lot that signed payments have already used.
    error LotOpened(address token, uint256 lot);
    /// @notice Thrown for a slot or node that no budget can have: its lot is 2**32 or more, its size (or depth) above
    /// 7, or its index 4**size (or 2**depth) or more.
    error NoSuchSlot(uint256 lot, uint256 size, uint256 index);
    /// @notice Thrown when an allowance given in a batch is not zero at its end.
    error AllowanceLeft(address token, address spender, uint256 allowance);
}
