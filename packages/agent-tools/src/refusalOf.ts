import { decodeError, errorCatalogue, isRefusal, type Refusal, type RefusalCode } from "@latchkey/sdk";
import { type Address, BaseError, formatUnits, isAddress, isHash } from "viem";
import { type ToolCode, ToolFailure, type ToolRefusal } from "./ToolRefusal.ts";
import type { TokenUnits } from "./tokenUnits.ts";
import { untrusted } from "./untrusted.ts";

/** Their messages quote what a shop, a contract or a node has said. */
const QUOTING: ReadonlySet<RefusalCode> = new Set([
  "NOT_OFFERED",
  "OFFER_MALFORMED",
  "WRONG_CHAIN",
  "WRONG_DOMAIN",
  "INVALID_TIME",
  "CALL_FAILED",
  "TOKEN_CALL_FAILED",
  "TOKEN_TRANSFER_FAILED",
  "SAFE_ERROR",
  "UNKNOWN",
]);

/** The same call may succeed later by itself. */
const PASSING: ReadonlySet<ToolCode> = new Set([
  "NETWORK",
  "SLOTS_TAKEN",
  "PERIOD",
  "LOT_OPENED",
  "NOT_YET_VALID",
  "PAUSED",
  "OUTCOME_UNKNOWN",
  "TOKEN_AUTHORIZATION_USED",
  "TOKEN_PAUSED",
  "NOT_SIGNED",
  "STORE",
  "NO_GAS",
  "ASKED_TOO_OFTEN",
  "TOKEN_INSUFFICIENT_BALANCE",
]);

const askAgain =
  "Call request_session: it makes a link with which the owner can allow a new one. Only the owner can.";
const askMore = "If the user wants it, call request_more: it makes a link with which the owner can allow it.";

/** What a model can do, where the SDK's words are for a programmer. */
const ADVICE: Partial<Record<RefusalCode, readonly string[]>> = {
  PER_TRANSACTION: ["Pay at most `limit` at once, or do without.", askMore],
  PERIOD: ["Pay at most `remaining`, or wait until `resetsAt`.", askMore],
  LOT_OPENED: ["Pay at most `remaining`, pay with pay_request, or wait until `resetsAt`."],
  RECIPIENT: ["Only the recipients that get_limits lists can be paid.", askMore],
  UNKNOWN_TOKEN: ["Only the tokens that get_limits lists can be spent."],
  NO_NATIVE_BUDGET: ["Only the tokens that get_limits lists can be spent."],
  EXPIRED: [askAgain],
  REVOKED: ["The owner has ended this session. Do not ask for another unless the user wants it.", askAgain],
  WRONG_EPOCH: [
    "The owner has ended all sessions. Do not ask for another unless the user wants it.",
    askAgain,
  ],
  NOT_GRANTED: [askAgain],
  PAUSED: ["Wait until the owner resumes the session at the page."],
  SLOTS_TAKEN: ["Wait a few seconds: earlier payments have not settled yet. Then make the same call."],
  NETWORK: ["The node did not respond. Make the same call again in a while."],
  OUTCOME_UNKNOWN: [
    "It may have been paid. Make exactly the same call, with the same idempotencyKey: it does not pay twice.",
    "Do not pay in another way meanwhile.",
  ],
  TOKEN_INSUFFICIENT_BALANCE: ["The limits allow it, but the account lacks the money. Tell the owner."],
  APPROVAL: ["Tell the owner: the account has to approve Permit2 for this token."],
  NOT_OFFERED: ["This server cannot be paid with this session. Use another one."],
  OFFER_MALFORMED: ["This server's offer is faulty. Use another one."],
  WRONG_CHAIN: ["This server cannot be paid with this session. Use another one."],
  WRONG_DOMAIN: ["This server's offer is faulty. Use another one."],
  INVALID_TIME: ["This server's offer, or a time in the input, is not valid."],
  TOO_LARGE: ["Call send_payment once, which enables the session. Then payments are small enough."],
  UNSUPPORTED_ACCOUNT: [
    'Call request_more with for: "payment", which asks for the refused payment alone. The owner answers in an app for this kind of account.',
    "Or ask the owner to widen the session with the software that granted it, or to stop it: then call request_session.",
  ],
  IDEMPOTENCY_KEY: ["Use a new idempotencyKey for each purchase, and the same input with the same key."],
  STORE: ["A file of the agent cannot be used. Tell the person who runs this agent."],
  KEY_FILE: ["The key file cannot be used. Tell the person who runs this agent."],
  GRANT_FILE: ["The session's file cannot be used. Tell the person who runs this agent."],
  INVALID_GRANT: ["The session's file cannot be used. Tell the person who runs this agent."],
  DECLINED: ["The owner declined. Do not ask again: go on without, or tell the user."],
  ASKED_TOO_OFTEN: [
    "Wait until `retryAt`, and ask only if the user wants it. If a request is open, wait for its answer.",
  ],
  NO_GAS: ["Tell the owner: the key needs some of the chain's coin for gas. pay_request needs no gas."],
};

/** The refusals after which the owner may allow more. */
export const CAN_ASK: ReadonlySet<string> = new Set(["PER_TRANSACTION", "PERIOD", "RECIPIENT"]);

/**
 * What a tool answers for an error. Only what is known to be harmless of it is handed on.
 *
 * @param units For the amounts; absent where there is no session.
 */
export async function refusalOf(error: unknown, units?: TokenUnits): Promise<ToolRefusal> {
  if (error instanceof ToolFailure) return error.refusal;
  if (isRefusal(error)) return ofSdk(error as Refusal, units);
  if (error instanceof DOMException && ["AbortError", "TimeoutError"].includes(error.name)) return aborted;
  if (error instanceof BaseError) return ofSdk(decodeError(error), units);
  if (isOfDisk(error))
    return {
      ok: false,
      code: "FOLDER",
      message: `A file of the agent cannot be used (${error.code}).`,
      whatToDo: [
        "Tell the person who runs this agent: its folder has the wrong owner or mode, or the disk is full.",
        "Call list_payments to see whether something was paid.",
      ],
      retryable: false,
    };
  return {
    ok: false,
    code: "UNEXPECTED",
    message: "The tool failed unexpectedly.",
    whatToDo: ["Tell the person who runs this agent. Call list_payments to see whether something was paid."],
    retryable: false,
    untrusted: untrusted("an error message", error instanceof Error ? error.message : typeof error, 300),
  };
}

/** Errors of the file system have a path; those of the network have none, or are wrapped by `fetch`. */
const isOfDisk = (error: unknown): error is Error & { code: string } => {
  const { code, path, syscall } = Object(error);
  return (
    typeof code === "string" &&
    /^E[A-Z]{2,12}$/.test(code) &&
    typeof path === "string" &&
    syscall !== "connect"
  );
};

const aborted: ToolRefusal = {
  ok: false,
  code: "ABORTED",
  message: "The call was stopped.",
  whatToDo: ["Make exactly the same call again if it is still wanted: it does not pay twice."],
  retryable: true,
};

async function ofSdk(refusal: Refusal, units: TokenUnits | undefined): Promise<ToolRefusal> {
  const { code, shortMessage, metaMessages, details } = refusal;
  const { meaning, whatToDo } = errorCatalogue[code];
  const quotes = QUOTING.has(code);
  return {
    ok: false,
    code,
    message: quotes || code === "NETWORK" ? meaning : shortMessage,
    whatToDo: [...(outcomeAdvice(refusal) ?? ADVICE[code] ?? (quotes ? whatToDo : metaMessages))],
    retryable: PASSING.has(code),
    ...(await amountsOf(details, units)),
    ...timeOf("resetsAt", details.resetsAt),
    ...timeOf("retryAt", details.availableAt ?? details.retryAt ?? details.validAfter),
    ...(typeof details.recipient === "string" &&
      isAddress(details.recipient) && { recipient: details.recipient }),
    ...(typeof details.settled === "boolean" && { settled: details.settled }),
    ...(typeof details.hash === "string" && isHash(details.hash) && { transaction: details.hash }),
    ...(quotes && { untrusted: untrusted("the shop, a contract or the node", shortMessage, 500) }),
  };
}

/** Of a payment whose fate the chain shows. */
const outcomeAdvice = ({ code, details: { settled, expired } }: Refusal): readonly string[] | undefined =>
  code !== "OUTCOME_UNKNOWN"
    ? undefined
    : settled === true
      ? [
          "It was paid. Do not pay for it again in another way.",
          "The same call, with the same idempotencyKey, shows the server the same payment again.",
        ]
      : expired === true
        ? ["It was not paid, and cannot be any more. The same call is a new purchase."]
        : undefined;

async function amountsOf(
  { token, amount, limit, remaining }: Refusal["details"],
  units: TokenUnits | undefined,
): Promise<Pick<ToolRefusal, "asked" | "limit" | "remaining">> {
  if (typeof token !== "string" || !isAddress(token, { strict: false })) return {};
  const unit = await units?.(token as Address).catch(() => undefined);
  const text = (value: unknown) =>
    typeof value !== "bigint"
      ? undefined
      : unit
        ? `${formatUnits(value, unit.decimals)} ${unit.symbol}`
        : `${value} base units`;
  const named = { asked: text(amount), limit: text(limit), remaining: text(remaining) };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

/** @param time Unix time in seconds. */
const timeOf = (name: "resetsAt" | "retryAt", time: unknown) =>
  typeof time === "number" && time > 0 && time < 8.64e12
    ? { [name]: new Date(time * 1000).toISOString() }
    : {};
