import type { RefusalCode } from "./Refusal.ts";

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

/** Every code once. */
export const errorCatalogue: Readonly<Record<RefusalCode, CatalogueEntry>> = {
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
      "Sessions never call their account, the module, the account's fallback handler or the zero address.",
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
    whatToDo: ["Use a token that implements ERC-20, and EIP-3009 if its budget allows signatures."],
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
    meaning: "The execution needs a lot that signed payments already use.",
    message: "The execution needs lot {lot} of the budget, which signed payments already use.",
    whatToDo: ["Pay less, pay by signature, or wait for the next period."],
  },
  NO_SUCH_SLOT: {
    error: "NoSuchSlot",
    meaning: "No budget can have this slot.",
    message: "No budget has slot {index} of size {size} in lot {lot}.",
    whatToDo: ["Use a lot below 2^32, a size from 0 to 7 and an index below 4^size."],
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
      "Check sessionStatus: expired, revoked, a limit reached, or a slot that another payment used.",
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
  INVALID_AMOUNT: {
    meaning: "The amount is not a positive decimal number in units of the token.",
    whatToDo: ['Pass a string such as "1.50", with no more decimals than the token has.'],
  },
  INVALID_LIMIT: {
    meaning: "A limit or an option is missing, contradictory or not possible for the token.",
    whatToDo: ["Set every limit once. Zero never means unlimited."],
  },
  INVALID_TIME: {
    meaning: "A time or a duration is not valid, or the session would end before it starts.",
    whatToDo: ['Pass a valid Date, or a duration such as "7d".'],
  },
  INVALID_RECIPIENTS: {
    meaning: "The recipients are missing, empty, too many or include the account itself.",
    whatToDo: ['List 1 to 32 addresses, or pass "anyone" to allow every recipient.'],
  },
  INVALID_ADDRESS: {
    meaning: "An address is missing or not valid, or what is at the address is not what it must be.",
    whatToDo: ["Check the address, its checksum and the chain."],
  },
  INVALID_ACTION: {
    meaning: "The action's target, function or condition cannot be part of a session.",
    whatToDo: ["Change the action as the message says."],
  },
  UNKNOWN_TOKEN: {
    meaning: "The token is not known on this chain, or does not return its decimals.",
    whatToDo: ["Pass its address and decimals."],
  },
  UNKNOWN_MODULE: {
    meaning: "There is no session module at this address on this chain.",
    whatToDo: ["Deploy it, or pass another address."],
  },
  UNKNOWN_CHAIN: {
    meaning: "This version of the SDK knows no deployment of the contract on this chain.",
    whatToDo: ["Check that the contract is deployed at details.expected, then pass that address."],
  },
  INVALID_GRANT: {
    meaning: "The grant is not valid for this version, session or account.",
    whatToDo: ["Ask the owner for the original grant file."],
  },
  INVALID_REQUEST: {
    meaning: "The request cannot be read, or cannot become a session.",
    whatToDo: ["Do not sign it. The agent must create a new request."],
  },
  INVALID_ANSWER: {
    meaning: "The answer does not match the request.",
    whatToDo: ["Discard it. Copy the whole answer from the page, or create a new request."],
  },
  DECLINED: {
    meaning: "The owner declined the request.",
    whatToDo: ["Do not ask again unless the owner wants you to."],
  },
  HANDOFF_CLOSED: {
    meaning: "The agent no longer waits for an answer, or already has one.",
    whatToDo: ["Create a new request with requestSession: each request is answered once."],
  },
  NO_GAS: {
    meaning: "The sender's balance does not cover the gas of the transaction.",
    whatToDo: ["Send it some native coin, or send the transaction from another account. Then try again."],
  },
  INVALID_SIGNER: {
    meaning: "The signer is not an owner, or cannot sign this.",
    whatToDo: ["Sign with an owner of the account, in the form that the account accepts."],
  },
  NOT_SIGNED: {
    meaning: "The user rejected the request.",
    whatToDo: ["Nothing was signed. Ask again only if the user wants you to."],
  },
  INVALID_OWNERS: {
    meaning: "The new Safe would have no owner, or fewer than its threshold.",
    whatToDo: ["Pass a passkey or owners, and a threshold from 1 to their number."],
  },
  UNKNOWN_VALIDATOR: {
    meaning: "The account has several validators, and none was selected.",
    whatToDo: ["Pass the address of the owner's validator."],
  },
  INVALID_LANE: {
    meaning: "The nonce lane is not a whole number, or is too large for the account.",
    whatToDo: ["Use a smaller lane: up to 4 bytes, on a Nexus 3, on a Kernel 2."],
  },
  INVALID_PAYLOAD: {
    meaning: "The payload is malformed, or cannot be encoded.",
    whatToDo: ["Encode payloads with encodePayload, from the session's own budgets and key."],
  },
  INVALID_CALLDATA: {
    meaning: "The calldata is not what this function or the session's validator accepts.",
    whatToDo: ["Do not sign it."],
  },
  GAS_ALLOWANCE: {
    meaning: "The userOp's maximum gas cost exceeds the session's gas allowance.",
    whatToDo: ["Lower its gas limits or maxFeePerGas, or ask the owner for a larger allowance."],
  },
  PAYMASTER: {
    meaning: "The session does not allow this paymaster.",
    whatToDo: ["Send the userOp without it, or ask the owner for a session that allows it."],
  },
  UNSUPPORTED_SIGNATURE: {
    meaning: "A session key cannot sign messages or typed data for the account.",
    whatToDo: ["It signs userOps and payments: for x402 use payingFetch or latchkeyScheme."],
  },
  TOO_LARGE: {
    meaning: "The payment header exceeds 8,000 bytes, which most servers reject.",
    whatToDo: ["Enable the session once, so that payments carry far less."],
  },
  WRONG_CHAIN: {
    meaning: "The grant is for another chain.",
    whatToDo: ["Use a client of the grant's chain."],
  },
  WRONG_DOMAIN: {
    meaning: "The offer's EIP-712 name or version is not the token's.",
    whatToDo: ["Nothing was signed. The merchant must state the token's own EIP-712 name and version."],
  },
  NOT_OFFERED: {
    meaning: "The merchant's offer cannot be read, or has no supported payment method.",
    whatToDo: ["Ask the merchant for x402 version 2, scheme exact, method eip3009."],
  },
  SLOTS_TAKEN: {
    meaning: "The rest of this period is reserved for payments that have not settled yet.",
    whatToDo: [
      "Wait for these payments. Try again in a few seconds; unsettled ones expire within six minutes.",
    ],
  },
  STORE: {
    meaning: "The slot store cannot be read, written or locked.",
    whatToDo: ["Nothing was signed. Check the file and its folder."],
  },
  KEY_FILE: {
    meaning: "The key file is missing, damaged or readable by other users, or already exists.",
    whatToDo: ["Check the path, its owner and its mode."],
  },
  SPENT_MEANWHILE: {
    meaning: "The account holds less than when the owner looked, so the session was not replaced.",
    whatToDo: ["Review what was spent, then replace the session again. To end it in any case, revoke it."],
  },
  NO_GUARD: {
    meaning: "A transfer of this token to the account itself cannot guard the replacement.",
    whatToDo: ["Pass floors of other tokens only."],
  },
  INVALID_RANGE: {
    meaning: "The block range is empty, or its chunks are.",
    whatToDo: ["fromBlock must not be after toBlock, and mostBlocks must be above zero."],
  },
  NETWORK: {
    meaning: "The node could not be reached, or returned an error or a malformed response.",
    whatToDo: ["Check the client's transport and try again."],
  },
  OUTCOME_UNKNOWN: {
    meaning: "The connection failed after something was sent, so its outcome is unknown.",
    whatToDo: ["Look for the payment or transaction before you send it again."],
  },
  UNKNOWN: {
    meaning: "The reason for the failure is unknown.",
    whatToDo: ["See the cause: the node, the account's balance for gas, or a contract in between."],
  },
};
