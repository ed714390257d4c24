/** How one code is explained, wherever it is: in messages, in `docs/errors.md`, on the page. */
export type CatalogueEntry = {
  /** What happened: one sentence that holds for every case. */
  meaning: string;
  /** What to do about it, one sentence a line. */
  whatToDo: readonly [string, ...string[]];
  /** Name of the contracts' error that has this code. */
  error?: string;
  /** `meaning` with the values of the case: `{name}` is the value of that name. */
  message?: string;
};

const owner = "Ask the owner for a new session.";

/** The part of {@link errorCatalogue} that messages are made from. The other codes have their own message where they are thrown. */
export const messageCatalogue = {
  MALFORMED_SESSION: {
    error: "MalformedSession",
    meaning: "The session is malformed.",
    message: "The session is malformed: {flaw}, at index {index}.",
    whatToDo: ["Create sessions with proposeSession or createSession, which validate them first."],
  },
  NOT_ACCOUNT: {
    error: "NotAccount",
    meaning: "Only the session's account may call this function.",
    message: "Only the account {account} may call this, not {caller}.",
    whatToDo: ["Send the call from the account, or carry the owner's grant with the first use instead."],
  },
  NOT_KEY: {
    error: "NotKey",
    meaning: "Only the session's key may call this function.",
    message: "Only the session key {key} may call this, not {caller}.",
    whatToDo: ["Send it from the session key, or sign with that key and use executeSigned."],
  },
  TRAILING_CALLDATA: {
    error: "TrailingCalldata",
    meaning: "The calldata is longer than its arguments.",
    message: "The calldata has {length} bytes; expected {expected}.",
    whatToDo: ["Call the module directly from the account, not through a fallback handler."],
  },
  UNSUPPORTED_ACCOUNT: {
    error: "UnsupportedAccount",
    meaning: "The account is not of a kind that this module or function supports.",
    message: "{account} is not an account that this module supports.",
    whatToDo: ["Use the module for this kind of account."],
  },
  MODULE_IS_FALLBACK_HANDLER: {
    error: "ModuleIsFallbackHandler",
    meaning: "The module is the account's fallback handler, so anyone could call it as the account.",
    message: "The module is the fallback handler of {account}, so anyone could call it as the account.",
    whatToDo: ["Set another fallback handler, call revokeAll, then grant new sessions."],
  },
  NOT_YET_VALID: {
    error: "NotYetValid",
    meaning: "The session has not started.",
    message: "The session starts at {validAfter}.",
    whatToDo: ["Wait until then."],
  },
  EXPIRED: {
    error: "Expired",
    meaning: "The session has expired.",
    message: "The session expired at {validUntil}.",
    whatToDo: [owner],
  },
  WRONG_EPOCH: {
    error: "WrongEpoch",
    meaning: "The account has revoked all sessions of this session's epoch.",
    whatToDo: [owner],
  },
  REVOKED: {
    error: "SessionIsRevoked",
    meaning: "This session was permanently revoked.",
    whatToDo: ["Stop using it. Only the owner can grant a new session."],
  },
  PAUSED: {
    error: "SessionIsPaused",
    meaning: "The owner has paused this session.",
    whatToDo: ["Wait until the owner resumes it."],
  },
  PART_LEFT_OUT: {
    error: "PartLeftOut",
    meaning: "The session bytes omit a part that this call needs.",
    whatToDo: ["Send the whole session: encodeSession(session), without `whole`."],
  },
  NOT_GRANTED: {
    error: "NotGranted",
    meaning: "The session is not enabled, and the account does not accept the grant.",
    whatToDo: ["Check the grant with verifyGrant: its session, chain, module and owners must match."],
  },
  NO_SUCH_BUDGET: {
    error: "NoSuchBudget",
    meaning: "The session has no budget with this index.",
    message: "The session has no budget with index {index}.",
    whatToDo: ["Budgets are numbered from 0, in the order of the session."],
  },
  REENTERED: {
    error: "Reentered",
    meaning: "Re-entrant call: an execution of the account is in progress.",
    message: "Re-entrant call: an execution of {account} is in progress.",
    whatToDo: [
      "Do not call contracts that call back into the session. Make the calls one by one, or in one batch.",
    ],
  },
  CALLER_NOT_ALLOWED: {
    error: "CallerNotAllowed",
    meaning: "The signed execution names another caller.",
    message: "The signed execution may only be submitted by {allowed}, not by {caller}.",
    whatToDo: ['Submit it from that address, or sign it with caller: "anyone".'],
  },
  DEADLINE_PASSED: {
    error: "DeadlinePassed",
    meaning: "The deadline has passed.",
    message: "The signed execution expired at {deadline}.",
    whatToDo: ["Sign it again with the session key if it is still wanted."],
  },
  NONCE_USED: {
    error: "NonceAlreadyUsed",
    meaning: "The signed execution's nonce was already used.",
    message: "Nonce {nonce} was already used: the signed execution has been executed.",
    whatToDo: ["Do not sign it again unless it should happen twice."],
  },
  INVALID_KEY_SIGNATURE: {
    error: "InvalidKeySignature",
    meaning: "The signature is not the session key's.",
    whatToDo: ["Sign with signExecution and the session's own key: 65 bytes, low s, v 27 or 28."],
  },
  LENGTH_MISMATCH: {
    error: "LengthMismatch",
    meaning: "A redemption has no entries, or not as many contexts as modes and executions.",
    whatToDo: ["Pass one permission context, one mode and one execution for each entry."],
  },
  MALFORMED_CONTEXT: {
    error: "MalformedContext",
    meaning: "A permission context is not one of a session.",
    message: "The permission context of entry {index} is not one of a session.",
    whatToDo: ["Use the context as the wallet returned it, with the delegation manager that came with it."],
  },
  UNSUPPORTED_MODE: {
    error: "UnsupportedMode",
    meaning: "A redemption has a mode other than a single call or a batch in which no call may fail.",
    message: "Entry {index} has the mode {mode}, which is neither a single call nor a batch.",
    whatToDo: ["Use ERC-7579's default modes: zeros for a single call, 0x01 and zeros for a batch."],
  },
  MALFORMED_EXECUTION: {
    error: "MalformedExecution",
    meaning: "The execution of a redemption is not encoded as its mode requires.",
    message: "The execution of entry {index} is not encoded as its mode requires.",
    whatToDo: [
      "Encode a single call as abi.encodePacked(target, value, data), a batch as abi.encode(Call[]), even a batch of one.",
    ],
  },
  EMPTY_BATCH: {
    error: "EmptyBatch",
    meaning: "The batch contains no calls.",
    whatToDo: ["Pass at least one call."],
  },
  MALFORMED_CALL: {
    error: "MalformedCall",
    meaning: "A call is not ABI-encoded as (address target, uint256 value, bytes data).",
    message: "Call {index} is not ABI-encoded as (address target, uint256 value, bytes data).",
    whatToDo: ["Encode calls with encodeExecute."],
  },
  FORBIDDEN_TARGET: {
    error: "ForbiddenTarget",
    meaning: "A call has a target that no session may call.",
    message: "Call {index} has the target {target}, which no session may call.",
    whatToDo: [
      "Sessions never call their account, the module, the account's fallback handler, Permit2 or the zero address, and never approve Permit2.",
    ],
  },
  CALL_NOT_ALLOWED: {
    error: "CallNotAllowed",
    meaning: "A call is neither a payment nor an action that the session allows.",
    message:
      "Call {index} ({selector} of {target}) is neither a payment nor an action that the session allows.",
    whatToDo: ["Change the call's arguments, or ask the owner for a session with this action."],
  },
  RECIPIENT: {
    error: "RecipientNotAllowed",
    meaning: "The recipient is not allowed by the budget.",
    message: "{recipient} is not a recipient of this budget.",
    whatToDo: ["Pay one of the session's recipients, or ask the owner for a session that includes this one."],
  },
  NO_NATIVE_BUDGET: {
    error: "NoNativeBudget",
    meaning: "A call sends native coin, and the session has no budget for it.",
    message: "Call {index} sends {value} wei, and the session has no budget for the native coin.",
    whatToDo: ["Send no value, or ask the owner for a session with a native budget."],
  },
  CALL_FAILED: {
    error: "CallFailed",
    meaning: "A call of the account reverted, so the whole execution reverted.",
    message: "Call {index} of the account failed.",
    whatToDo: ["Nothing was spent. Decode details.reason with the target's ABI."],
  },
  TOKEN_CALL_FAILED: {
    error: "TokenCallFailed",
    meaning: "The token did not confirm a transfer or an approval.",
    message: "The token {token} did not confirm call {index}.",
    whatToDo: ["Check the token's address and the account's balance."],
  },
  UNREADABLE_TOKEN: {
    error: "UnreadableToken",
    meaning: "The token does not return a value that a limit depends on.",
    message: "The token {token} does not return a value that a limit depends on.",
    whatToDo: [
      "Use a token that implements ERC-20, and EIP-3009 or Permit2 if its budget allows such signatures.",
    ],
  },
  PER_TRANSACTION: {
    error: "PerTransactionExceeded",
    meaning: "The amount exceeds the limit per payment.",
    message: "{amount} exceeds the limit of {limit} per payment.",
    whatToDo: ["Pay less, or split the payment."],
  },
  PERIOD: {
    error: "PeriodExceeded",
    meaning: "The amount exceeds what is left in this period.",
    message: "{amount} exceeds the {remaining} left until {resetsAt}.",
    whatToDo: ["Pay less, or wait until then."],
  },
  LOT_OPENED: {
    error: "LotOpened",
    meaning: "The execution needs a part of the budget that is reserved for signed payments.",
    message: "The execution needs a part of the budget that is reserved for signed payments.",
    whatToDo: ["Pay less, pay by signature, or wait for the next period."],
  },
  NO_SUCH_SLOT: {
    error: "NoSuchSlot",
    meaning: "No signed payment can have this number.",
    message: "No signed payment can have the number {lot}/{size}/{index}.",
    whatToDo: [
      "The first is below 2^32, the second at most 7, and the third below 4 (with Permit2: 2) to the power of the second.",
    ],
  },
  ALLOWANCE_LEFT: {
    error: "AllowanceLeft",
    meaning: "An allowance remains after the batch.",
    message: "{spender} could still transfer {allowance} after the batch.",
    whatToDo: ["Approve exactly what the next call transfers, or end the batch with an approval of 0."],
  },
  NOT_BY_SAFE_ITSELF: {
    error: "NotBySafeItself",
    meaning: "setSessionModule was not called by the Safe itself.",
    message: "setSessionModule was called by {caller}, not by a Safe's call to itself.",
    whatToDo: ["Send a Safe transaction whose target is the Safe, not the handler."],
  },
  NOT_A_SAFE: {
    error: "NotASafe",
    meaning: "The address is not a Safe.",
    message: "{account} is not a Safe.",
    whatToDo: ["Call the handler through a Safe."],
  },
  GRANTER_TOO_LONG: {
    error: "GranterTooLong",
    meaning: "The granter is empty or too long.",
    message: "A granter has 1 to 23 bytes, not {length}.",
    whatToDo: ["Create it with granterPrefix, and the installation with erc7579Installation."],
  },
  NOT_THE_SAME_SESSION: {
    error: "NotTheSameSession",
    meaning: "SessionLens.requireSame was given one session and the bytes of another.",
    whatToDo: ["Do not sign the batch: its bytes do not match the session that it shows."],
  },
  SAFE_ERROR: {
    meaning: "The Safe reverted with one of its own error codes (GS…).",
    whatToDo: ["Look up the code in Safe's list of errors."],
  },
  MODULE_NOT_ENABLED: {
    meaning: "The account has not enabled the module.",
    whatToDo: ["Ask the owner to install it, in one batch of the account."],
  },
  TOKEN_INVALID_SIGNATURE: {
    meaning: "The account rejected the authorization's signature.",
    whatToDo: [
      "Check sessionStatus: expired, revoked, a limit reached, or the same part of the budget used by another payment.",
    ],
  },
  TOKEN_AUTHORIZATION_USED: {
    meaning: "The authorization was already used or canceled.",
    whatToDo: ["Look for the transfer before you pay again."],
  },
  TOKEN_AUTHORIZATION_EXPIRED: {
    meaning: "The authorization has expired.",
    whatToDo: ["It can never settle. Sign a new one if the payment is still wanted."],
  },
  TOKEN_AUTHORIZATION_NOT_YET_VALID: {
    meaning: "The authorization is not valid yet.",
    whatToDo: ["Wait for a block after its validAfter."],
  },
  TOKEN_TRANSFER_FAILED: {
    meaning: "The token refused the transfer that Permit2 asked for.",
    whatToDo: ["Check the account's balance, and its approval of Permit2 with permit2Standing."],
  },
  NOT_FACILITATOR: {
    meaning: "Only the facilitator that the payment names may settle it.",
    whatToDo: ["Settle it by that facilitator. Nobody else can charge it, and it expires by itself."],
  },
  SETTLEMENT_AMOUNT: {
    meaning: "The amount to be settled is zero, or more than was signed.",
    whatToDo: ["Settle at most what the payment allows. The payer has to sign a new one for more."],
  },
  TOKEN_INSUFFICIENT_BALANCE: {
    meaning: "The account's token balance is too low.",
    whatToDo: ["Fund the account, or pay less."],
  },
  TOKEN_BLACKLISTED: {
    meaning: "The token's issuer has blacklisted a party to the transfer.",
    whatToDo: ["Do not try again."],
  },
  TOKEN_PAUSED: {
    meaning: "The token's issuer has paused it.",
    whatToDo: ["Try again once it is unpaused."],
  },
  INVALID_INPUT: {
    meaning: "An argument is not valid.",
    whatToDo: ["Pass a value of the type in the function's reference."],
  },
  NOT_SIGNED: {
    meaning: "The user rejected the request.",
    whatToDo: ["Nothing was signed. Ask again only if the user wants you to."],
  },
  SLOTS_TAKEN: {
    meaning: "The rest of this period is reserved for payments that have not settled yet.",
    whatToDo: [
      "Wait for these payments. Try again in a few seconds; unsettled ones expire within six minutes.",
    ],
  },
  NETWORK: {
    meaning: "The node could not be reached, or returned an error or a malformed response.",
    whatToDo: ["Check the client's transport and try again."],
  },
  UNKNOWN: {
    meaning: "The reason for the failure is unknown.",
    whatToDo: ["See the cause: the node, the account's balance for gas, or a contract in between."],
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;
