import { docsPathOf } from "./docsPath.ts";
import { jsonOf } from "./json.ts";

/**
 * What a program switches on. Codes are stable: once published, a code keeps its meaning.
 *
 * The first group comes from the contracts (one code for each of their errors), the second from the account or the
 * token, the third from this SDK, before anything is sent. The exception is OUTCOME_UNKNOWN: something was sent.
 */
export type RefusalCode =
  // the session
  | "MALFORMED_SESSION"
  | "NOT_ACCOUNT"
  | "NOT_KEY"
  | "TRAILING_CALLDATA"
  | "UNSUPPORTED_ACCOUNT"
  | "MODULE_IS_FALLBACK_HANDLER"
  | "NOT_YET_VALID"
  | "EXPIRED"
  | "WRONG_EPOCH"
  | "REVOKED"
  | "PAUSED"
  | "PART_LEFT_OUT"
  | "NOT_GRANTED"
  | "NO_SUCH_BUDGET"
  // the entry points
  | "REENTERED"
  | "CALLER_NOT_ALLOWED"
  | "DEADLINE_PASSED"
  | "NONCE_USED"
  | "INVALID_KEY_SIGNATURE"
  | "LENGTH_MISMATCH"
  | "MALFORMED_CONTEXT"
  | "UNSUPPORTED_MODE"
  | "MALFORMED_EXECUTION"
  // the calls
  | "EMPTY_BATCH"
  | "MALFORMED_CALL"
  | "FORBIDDEN_TARGET"
  | "CALL_NOT_ALLOWED"
  | "RECIPIENT"
  | "NO_NATIVE_BUDGET"
  | "CALL_FAILED"
  | "TOKEN_CALL_FAILED"
  | "UNREADABLE_TOKEN"
  // the budgets
  | "PER_TRANSACTION"
  | "PERIOD"
  | "LOT_OPENED"
  | "NO_SUCH_SLOT"
  | "ALLOWANCE_LEFT"
  // what one kind of account has, and the lens
  | "NOT_BY_SAFE_ITSELF"
  | "NOT_A_SAFE"
  | "GRANTER_TOO_LONG"
  | "NOT_THE_SAME_SESSION"
  // the account and the token
  | "SAFE_ERROR"
  | "MODULE_NOT_ENABLED"
  | "TOKEN_INVALID_SIGNATURE"
  | "TOKEN_AUTHORIZATION_USED"
  | "TOKEN_AUTHORIZATION_EXPIRED"
  | "TOKEN_AUTHORIZATION_NOT_YET_VALID"
  | "TOKEN_INSUFFICIENT_BALANCE"
  | "TOKEN_BLACKLISTED"
  | "TOKEN_PAUSED"
  | "TOKEN_TRANSFER_FAILED"
  | "NOT_FACILITATOR"
  | "SETTLEMENT_AMOUNT"
  // this SDK
  | "INVALID_INPUT"
  | "INVALID_AMOUNT"
  | "INVALID_LIMIT"
  | "INVALID_TIME"
  | "INVALID_RECIPIENTS"
  | "INVALID_ADDRESS"
  | "INVALID_ACTION"
  | "UNKNOWN_TOKEN"
  | "UNKNOWN_MODULE"
  | "UNKNOWN_CHAIN"
  | "INVALID_GRANT"
  | "INVALID_REQUEST"
  | "INVALID_ANSWER"
  | "DECLINED"
  | "HANDOFF_CLOSED"
  | "ASKED_TOO_OFTEN"
  | "NO_GAS"
  | "INVALID_SIGNER"
  | "NOT_SIGNED"
  | "INVALID_OWNERS"
  | "UNKNOWN_VALIDATOR"
  | "INVALID_LANE"
  | "INVALID_PAYLOAD"
  | "INVALID_CALLDATA"
  | "INVALID_CONTEXT"
  | "GAS_ALLOWANCE"
  | "PAYMASTER"
  | "UNSUPPORTED_SIGNATURE"
  | "TOO_LARGE"
  | "WRONG_CHAIN"
  | "WRONG_DOMAIN"
  | "NOT_OFFERED"
  | "OFFER_MALFORMED"
  | "SLOTS_TAKEN"
  | "APPROVAL"
  | "STORE"
  | "IDEMPOTENCY_KEY"
  | "KEY_FILE"
  | "GRANT_FILE"
  | "FOLDER"
  | "SPENT_MEANWHILE"
  | "NO_GUARD"
  | "INVALID_RANGE"
  | "NETWORK"
  | "OUTCOME_UNKNOWN"
  | "UNKNOWN";

/**
 * The values of a refusal, as JSON-safe or bigint primitives: token amounts in base units (bigint), times in seconds of
 * Unix time (number), addresses and hashes as hex.
 *
 * `PERIOD` always has `remaining: bigint` and `resetsAt: number`; so does `LOT_OPENED` when a function of this SDK that
 * has a client throws it. Of a stream, `PERIOD` then also has `availableAt: number`, if the amount can still be paid.
 */
export type RefusalDetails = { readonly [name: string]: unknown };

/** What the constructor of {@link Refusal} takes. */
export type RefusalParameters = {
  /** What programs switch on. */
  code: RefusalCode;
  /** One sentence: what was refused and why. */
  shortMessage: string;
  /** What to do about it, one sentence a line; at least one. */
  metaMessages: readonly [string, ...string[]];
  /** The offending values. */
  details?: RefusalDetails;
  /** URL of the documentation of this code; made from the code if absent. */
  docsPath?: string;
  /** The error underneath. */
  cause?: unknown;
};

/** Marks a refusal for {@link isRefusal}, also one of another copy of this package: a program may load both of its forms. */
export const REFUSAL = Symbol.for("@latchkey/sdk/Refusal");

/**
 * The only error class that this SDK throws on purpose: a limit, a rule or an argument rejects the request. Programs
 * switch on `code`, people read `message`, which contains `shortMessage`, `metaMessages` and `docsPath`.
 *
 * Repeating the request gives the same refusal, with a few exceptions: with `details.resetsAt` it may succeed from then on;
 * SLOTS_TAKEN lasts until payments in flight have settled; NETWORK and NOT_SIGNED until the node or the signer responds.
 *
 * @example
 * try { await execute(client, { grant, calls }) }
 * catch (error) { if (error instanceof Refusal && error.code === "PERIOD") console.log(error.details.resetsAt) }
 */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
  readonly code: RefusalCode;
  readonly details: RefusalDetails;
  readonly shortMessage: string;
  readonly metaMessages: RefusalParameters["metaMessages"];
  readonly docsPath: string;

  constructor(parameters: RefusalParameters) {
    const { metaMessages } = parameters;
    const docsPath = parameters.docsPath ?? docsPathOf(parameters.code);
    super([parameters.shortMessage, ...metaMessages, `See ${docsPath}`].join("\n"), {
      cause: parameters.cause,
    });
    this.code = parameters.code;
    this.details = parameters.details ?? {};
    this.shortMessage = parameters.shortMessage;
    this.metaMessages = metaMessages;
    this.docsPath = docsPath;
  }

  get [REFUSAL](): true {
    return true;
  }

  /** For logs and tools that speak JSON; bigints become decimal strings, at any depth. */
  toJSON(): {
    code: RefusalCode;
    message: string;
    whatToDo: readonly string[];
    details: RefusalDetails;
    docsPath: string;
  } {
    const details = jsonOf(this.details) as RefusalDetails;
    const { code, shortMessage: message, metaMessages: whatToDo, docsPath } = this;
    return { code, message, whatToDo, details, docsPath };
  }
}
