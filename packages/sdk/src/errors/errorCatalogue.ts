import { type CatalogueEntry, messageCatalogue } from "./messageCatalogue.ts";
import type { RefusalCode } from "./Refusal.ts";

/** Every code once: what it means, and what to do. */
export const errorCatalogue: Readonly<Record<RefusalCode, CatalogueEntry>> = {
  ...messageCatalogue,
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
    whatToDo: ["Create a new request: each request is answered once."],
  },
  ASKED_TOO_OFTEN: {
    meaning: "The owner has not answered the last request for more, or was asked three times within an hour.",
    whatToDo: ["Wait until details.retryAt. Owners who get too many requests stop reading them."],
  },
  NO_GAS: {
    meaning: "The sender's balance does not cover the gas of the transaction.",
    whatToDo: ["Send it some native coin, or send the transaction from another account. Then try again."],
  },
  INVALID_SIGNER: {
    meaning: "The signer is not an owner, or cannot sign this.",
    whatToDo: ["Sign with an owner of the account, in the form that the account accepts."],
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
  INVALID_CONTEXT: {
    meaning: "The permission context (ERC-7710) is not one of a session.",
    whatToDo: ["Use the context as the wallet returned it, with the delegation manager that came with it."],
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
    meaning: "The merchant offers no supported payment method.",
    whatToDo: ["Ask the merchant for x402 version 1 or 2, scheme exact, method eip3009."],
  },
  APPROVAL: {
    meaning: "Permit2's allowance is too small.",
    whatToDo: [
      "Nothing was signed. Ask the owner to approve Permit2: enableSession does, in the batch that enables the session.",
    ],
  },
  OFFER_MALFORMED: {
    meaning: "The merchant's offer cannot be read, or one of its fields is missing or not valid.",
    whatToDo: ["Nothing was signed. Tell the merchant: no session can pay this offer."],
  },
  STORE: {
    meaning: "The payment store or the ledger cannot be read, written or locked.",
    whatToDo: ["Nothing was sent. Check the file and its folder, or the server."],
  },
  IDEMPOTENCY_KEY: {
    meaning: "The idempotency key was used for another request.",
    whatToDo: ["Nothing was sent. Use a new key for each purchase, and the same request with it."],
  },
  KEY_FILE: {
    meaning: "The key file is missing, damaged or readable by other users, or already exists.",
    whatToDo: ["Check the path, its owner and its mode."],
  },
  GRANT_FILE: {
    meaning: "The grant file is missing, cannot be read or written, or another file has its name.",
    whatToDo: ["Check the path, its folder and its owner."],
  },
  FOLDER: {
    meaning: "The agent's folder cannot be used: other users can enter it, or a later version wrote it.",
    whatToDo: ["Check the path, its owner and its mode (0700), or update Latchkey."],
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
  OUTCOME_UNKNOWN: {
    meaning:
      "The connection failed, or nothing came back in time, after something was sent: its outcome is unknown.",
    whatToDo: ["Look for the payment or transaction before you send it again."],
  },
};
