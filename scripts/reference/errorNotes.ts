import type { RefusalCode } from "#sdk/errors/Refusal.ts";

/** What `docs/errors.md` adds to the catalogue: prose that no program needs, so that no page has to load it. */
export type ErrorGroup = {
  title: string;
  intro?: string;
  /** The codes in their order, each with what there is to add. */
  codes: { readonly [code in RefusalCode]?: string };
};

/** The sections of `docs/errors.md`. */
export const errorGroups: readonly ErrorGroup[] = [
  {
    title: "The session",
    codes: {
      MALFORMED_SESSION: `\`index\` is the budget (up to RECIPIENTS) or the action (TARGET, OPERATOR) concerned.

| flaw | what is wrong |
| --- | --- |
| 0 ENCODING | The bytes are not a packed session: they end early or have trailing bytes, a number has a leading zero or is wider than its field, a count or a code is out of range, a budget has no recipients or ANYONE beside others, or a stream adds nothing. |
| 1 PARTIES | The key is 0 or the account, or the account is 0. |
| 2 WINDOW | validUntil is not after validAfter, is below 2, or is 2**47 or more. |
| 3 TOKEN | A budget's token is the account, the module or Permit2, or already has a budget. |
| 4 LIMITS | perTransaction is 0 or above perPeriod, or the period is 0. |
| 5 STREAM | \`initial\` without perSecond, or a stream with signatures. |
| 6 SLOTS | \`signatures\` other than 0, 1, 2, 4 and 6, \`sizes\` other than 1 to 8 with signatures or other than 0 without, a smallest slot or node worth 0, 2**32 lots or more, or signatures of the native coin. |
| 7 RECIPIENTS | A recipient is 0; in the SDK and the lens also: no recipients, more than 32, or ANYONE beside others. |
| 8 TARGET | An action's target is 0, the account, the module, Permit2 or a budget's token. |
| 9 OPERATOR | A rule's operator is above 5. |

The SDK has one more, WIDTH: a value does not fit the type of its field.

A malformed session can never be used: create another one and have the owner grant that.`,
      NOT_ACCOUNT: "Someone other than the session's account called `enable`.",
      NOT_KEY: "Someone other than the session's key called `execute` or `renounce`.",
      TRAILING_CALLDATA:
        "A call that counts as the account's has bytes after its arguments, as a fallback handler appends them.",
      UNSUPPORTED_ACCOUNT: `SafeSessionModule supports Safes from 1.3.0 on. ERC7579SessionModule supports ERC-7579 accounts, and EOAs while they
delegate to one.

From the SDK: the account is not deployed or identifies itself as an account that was not tested (\`accountKind\` selects the
kind), or the module or the function is for another kind: \`toSessionSmartAccount\` is for ERC-7579 accounts, \`revokeSession\`
for Safes and Safe7579.`,
      MODULE_IS_FALLBACK_HANDLER: "",
      NOT_YET_VALID: "`validAfter` is the session's first second.",
      EXPIRED: "`validUntil` is the first second after the session.",
      WRONG_EPOCH:
        "The account has revoked all its sessions since this one was created, or this one was created for another account. A new session must have the current epoch.",
      REVOKED:
        "The account revoked the session, or its key renounced it, possibly during this very execution.",
      PAUSED:
        "Every use is rejected until the account resumes the session. Payments signed meanwhile are valid afterwards, within their period, their deadline and the session.",
      PART_LEFT_OUT:
        "`parts` has a bit for each omitted part: bit i is budget number i, bit 8 is the list of actions. A payment needs its own budget, an action the list of actions, everything else every budget; enabling and carrying a grant need all parts.",
      NOT_GRANTED:
        "Carry the owner's signature over this session, chain and module, or have the account call `enable`. A hash that the owners approved on chain is not a grant.",
      NO_SUCH_BUDGET: "From `budgetOf`.",
    },
  },
  {
    title: "The entry points",
    codes: {
      REENTERED: "A recipient, a token or a target called back into an entry point of the same account.",
      CALLER_NOT_ALLOWED: "The session key may also sign for ANYONE. The zero address allows no one.",
      DEADLINE_PASSED:
        "The deadline itself is the last valid second. For a userOp with which the account pays itself: its period has ended. Prepare it again from its `calls`.",
      NONCE_USED: "Use any other number. A nonce can be used again only if its execution reverted.",
      INVALID_KEY_SIGNATURE:
        "The signature is by another key or over other calls, terms, chain or module, is not 65 bytes long, has a high s, or a v other than 27 and 28. Sign exactly what is submitted.",
      LENGTH_MISMATCH: "",
      MALFORMED_CONTEXT:
        "Only the canonical ABI encoding is accepted. A context without a key signature has no caller, nonce or deadline.",
      UNSUPPORTED_MODE: "`try` modes and delegatecalls are never accepted.",
      MALFORMED_EXECUTION: "",
    },
  },
  {
    title: "The calls",
    codes: {
      EMPTY_BATCH: "",
      MALFORMED_CALL: "",
      FORBIDDEN_TARGET:
        "On ERC-7579 accounts a module that is installed as the fallback handler of the called function is forbidden too. A handler reads the sender from the last 20 bytes, so a call from the account could impersonate anyone.",
      CALL_NOT_ALLOWED:
        "A call must be a payment, an approval in its one form, or one of the session's actions that satisfies all its rules. A token with a budget accepts only `transfer` and `approve`, with exactly 68 bytes, a clean address and no native coin.",
      RECIPIENT: "This applies to payments and to approvals.",
      NO_NATIVE_BUDGET: "A call with empty calldata is a payment of native coin too.",
      CALL_FAILED: "`reason` is the revert data of call number `index`.",
      TOKEN_CALL_FAILED:
        "The token returned something other than nothing or true, or there is no contract at its address.",
      UNREADABLE_TOKEN:
        "`balanceOf`, `allowance` or `authorizationState` failed. The token may still support plain payments, but none if its budget has slots.",
    },
  },
  {
    title: "The budgets",
    codes: {
      PER_TRANSACTION:
        "The sum of a batch counts, and in executions other than plain payments everything that leaves the account. A function of the SDK adds the payee to `details`, if the refusal is about one payment, and `method` if it was to be signed; so it does for PERIOD and, with `amount`, for RECIPIENT. `requestMore` asks the owner for it.",
      PERIOD: "At `resetsAt` the next period starts or the session ends.",
      LOT_OPENED:
        "Functions of the SDK that execute add `details.remaining`, the most that an execution may still spend, and `details.resetsAt`.",
      NO_SUCH_SLOT: "",
      ALLOWANCE_LEFT: "Applies to every spender that the batch approved.",
    },
  },
  {
    title: "The Safe's handler, ERC-7579 accounts and the lens",
    codes: {
      NOT_BY_SAFE_ITSELF:
        "The handler reads the sender from the last 20 bytes of its calldata, so it must be called through the Safe.",
      NOT_A_SAFE: "Something other than a Safe called the handler, or asked it about another address.",
      GRANTER_TOO_LONG:
        "The grants of an ERC-7579 account start with its granter: the validator's address, 20 bytes, or what the account puts before a signature (Kernel's root validator: one zero byte). It has nothing of the signature itself.",
      NOT_THE_SAME_SESSION: "Pack the session that you want to grant.",
    },
  },
  {
    title: "The account and the token",
    intro: "Errors of the Safe and the token, which the SDK recognizes by their texts.",
    codes: {
      SAFE_ERROR: "`details.safeCode` is the code.",
      MODULE_NOT_ENABLED: "",
      TOKEN_INVALID_SIGNATURE: "",
      TOKEN_AUTHORIZATION_USED:
        "The payment may have been made. From `payingFetch`: each time another agent of the session used the same slot first, so nothing was paid and nothing is pending. Let all agents of a session share one store.",
      TOKEN_AUTHORIZATION_EXPIRED: "Its validBefore has passed.",
      TOKEN_AUTHORIZATION_NOT_YET_VALID: "",
      TOKEN_INSUFFICIENT_BALANCE: "A limit is not a balance.",
      APPROVAL:
        "In base units: `details.allowance`, and `details.needed` for this payment. Nothing was signed. The budget is paid from by Permit2, which takes tokens only as far as the account has approved it.",
      TOKEN_BLACKLISTED: "",
      TOKEN_PAUSED: "",
      TOKEN_TRANSFER_FAILED: "Permit2 does not pass on why.",
      NOT_FACILITATOR: "x402's `upto`: the payer signs who may charge.",
      SETTLEMENT_AMOUNT: "",
    },
  },
  {
    title: "The SDK",
    intro: "What the SDK rejects before anything is signed or sent.",
    codes: {
      INVALID_INPUT:
        "The argument is not hex, has another number of bytes, or is not a whole number, is negative or too large. `details.path` names it.",
      INVALID_AMOUNT: "",
      INVALID_LIMIT:
        "Options of `payingFetch` and `latchkeyScheme` that are not numbers, or too small, have this code too. A budget that signatures (x402) may spend needs a token with EIP-3009 that accepts contracts' signatures; bridged USDC and Circle's before version 2.2 do not. Set `x402: false`, or use another token.",
      INVALID_TIME: "",
      INVALID_RECIPIENTS: "",
      INVALID_ADDRESS:
        "A session's key must not be a contract. There must be a contract at `multiSendCallOnly`, which batches a Safe's calls.",
      INVALID_ACTION: "",
      UNKNOWN_TOKEN: "",
      UNKNOWN_MODULE: "",
      UNKNOWN_CHAIN:
        "`details.known` lists the chains with a deployment; `details.expected` is the contract's address on every chain that has it.",
      INVALID_GRANT: "",
      INVALID_REQUEST:
        "It was damaged, contains something unknown, does not expire, or exceeds what a session can hold. When a link is created: every page would reject the request or the page's address. Correct what the message names.",
      INVALID_ANSWER:
        "It has another nonce, chain, key, account or module, a session that allows more than was requested, a transaction that an agent must not send, or one that does not create the granting account.",
      DECLINED:
        "If an agent's folder remembers that this was declined, it does not ask again before `details.retryAt`, a day later.",
      HANDOFF_CLOSED: "",
      ASKED_TOO_OFTEN: "An agent's folder asks for one thing at a time, and three times an hour.",
      NO_GAS: "",
      INVALID_SIGNER: "",
      NOT_SIGNED:
        "A wallet, a passkey or a remote key rejected the request or could not sign it; its error is the `cause`. If a key is too slow for a payment, use a faster one, or a merchant that allows more time.",
      INVALID_OWNERS: "",
      UNKNOWN_VALIDATOR: "",
      INVALID_LANE: "",
      INVALID_PAYLOAD: "",
      INVALID_CALLDATA:
        "A userOp's callData is not of the form that the module's validator accepts, is of another session, or was already signed for another nonce. Pass the calls as `calls` each time, and leave out `callData` and `dataSuffix`. From `decodeCalldata`: it is not calldata of this version's contracts. From `decodeReviewableEnable`: the batch does something other than enable the session that it shows.",
      INVALID_CONTEXT:
        "It belongs to another delegation manager or version, or was truncated or extended. Nothing is read from it then.",
      GAS_ALLOWANCE:
        "The maximum cost is charged: all gas limits at `maxFeePerGas`, regardless of who pays. In wei: `details.cost`, `details.spent`, `details.allowance`.",
      PAYMASTER: "",
      UNSUPPORTED_SIGNATURE: "",
      TOO_LARGE: "",
      WRONG_CHAIN: "",
      WRONG_DOMAIN: "",
      NOT_OFFERED: "",
      OFFER_MALFORMED: "`details.field` names what is wrong. Another session would not help.",
      SLOTS_TAKEN: "",
      APPROVAL:
        "Signed payments by Permit2 need the account's approval, which is a transaction: a signed grant alone is not enough. `details.token` names the token. `permit2Standing` shows what is approved and what sessions need.",
      STORE:
        "A store that cannot be read is never treated as empty, as slots would then be used twice, and purchases paid twice.",
      IDEMPOTENCY_KEY:
        "A request is known by its method, URL and body. Where the body contains a time, repeat the same one.",
      KEY_FILE:
        "If other users of the machine can read the file, treat the key as leaked and renounce its session; otherwise `chmod 600` the file. An existing file is never overwritten, as its key would be lost.",
      GRANT_FILE:
        "A damaged grant file is `INVALID_GRANT`. `writeGrantFile` replaces an earlier grant, never another file.",
      FOLDER:
        "`agentFolder` and `openAgent` create the folder with mode 0700. One that others could write to might hold a grant that was replaced.",
      SPENT_MEANWHILE: "The old session, or someone else, has paid. Nothing changed.",
      NO_GUARD:
        "The token charges transfer fees, rejects a transfer to the sender, does not revert if the amount exceeds the balance, or the node cannot simulate it.",
      INVALID_RANGE: "",
      NETWORK: `The node took too long (two minutes for a request), is busy, lags behind or returned a malformed response, or was not
reached at all. The message and \`details.origin\` name the node without the path, the query and the credentials of its URL,
where providers put keys. The underlying error is the \`cause\`, which may contain them. The chain's own response is unknown.

If the details contain a \`nonce\`, a payment was signed and the node may have seen it: before you pay again, ask the token
whether the nonce is used.`,
      OUTCOME_UNKNOWN:
        "A payment by x402: send the same payment again, never a new one; `payingFetch` does when the same request is repeated. A transaction: look for `details.hash`, which is there if the client's account signs locally; otherwise check the sender's latest transactions.",
      UNKNOWN:
        "If a contract in between reverted, such as a Safe's module guard, the message has its text or the selector of its error; `revertData` has all of it.",
    },
  },
];
