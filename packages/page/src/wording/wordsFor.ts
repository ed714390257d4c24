import { decodeError, errorCatalogue, type RefusalCode } from "@latchkey/sdk";
import type { ChangeKind } from "../manage/SessionChange.ts";
import { plainText } from "../ui/plainText.ts";
import { changeWords } from "./changeWords.ts";
import { PageFailure, type PageFailureCode } from "./PageFailure.ts";

/** A failure in the user's terms. */
export type FailureWords = {
  code: PageFailureCode | RefusalCode;
  /** What happened, one sentence. */
  title: string;
  /** What the user can do about it, and what is not lost. */
  whatToDo: string;
  /** Technical detail that the user can pass on to the agent's operator. */
  detail?: string | undefined;
};

type Details = { readonly [name: string]: string };
type Words = readonly [title: string, whatToDo: string];

/** @param change A `ChangeKind`, as failures carry it. */
const wordsOf = (change = "stop") => changeWords[change as ChangeKind];

const again = "Nothing was signed. You can try again.";

/** Messages for every failure of the page itself. */
const pageWords: Record<PageFailureCode, (details: Details) => Words> = {
  NO_WEBAUTHN: () => [
    "This browser cannot use passkeys here.",
    "Open the link in an up-to-date browser, at an address that starts with https:// (or on localhost).",
  ],
  NO_PASSKEY_CREATED: () => [
    "No passkey was created.",
    "Your device may have no screen lock or no space for passkeys. Turn on the screen lock, or use another device.",
  ],
  CANCELLED: () => [
    "The passkey prompt was closed, or no matching passkey was found.",
    `${again} If this device does not have your passkey, use the one that does.`,
  ],
  PASSKEY_FAILED: () => [
    "Your device could not use the passkey.",
    `${again} If it fails again, use another browser or device.`,
  ],
  WRONG_PASSKEY: () => [
    "This passkey does not own this account.",
    "Nothing was allowed. Try again with the passkey that the account was created with. It may be on another device.",
  ],
  UNSUITABLE_PASSKEY: () => [
    "This passkey cannot own an account.",
    "Nothing was created. Use another device or password manager.",
  ],
  UNKNOWN_PASSKEY: () => [
    "This browser does not know which account this passkey owns.",
    "Enter the account's address above. Your passkey is checked against the account's owners on chain.",
  ],
  FRAMED: () => [
    "This page cannot be embedded in another site.",
    "The other site could cover what you are about to allow. Open the link in its own tab.",
  ],
  MALFORMED_REQUEST: () => [
    "This link does not contain a valid request.",
    "Nothing was allowed. Copy the entire link again, or ask your agent for a new one.",
  ],
  EXPIRED_REQUEST: ({ ended }) => [
    `This request has expired${ended ? `: the permission it asks for would have ended ${ended}` : ""}.`,
    "Ask your agent for a new link.",
  ],
  ANOTHER_ACCOUNT: ({ account }) => [
    `This request is for another account${account ? `: ${account}` : ""}.`,
    "Choose that account if it is yours. Otherwise, decline.",
  ],
  CHAIN_NOT_LISTED: ({ chainId }) => [
    `This page does not support chain ${chainId ?? "?"}, which the request is for.`,
    "Nothing was allowed. Ask your agent for a request on another chain.",
  ],
  CHAIN_UNREACHABLE: ({ chain }) => [
    `Could not connect to ${chain ?? "the chain"}.`,
    "Nothing was lost. Check your connection, or set another RPC URL under Settings, and try again.",
  ],
  CHAIN_MISMATCH: ({ chain, expected, actual }) => [
    `The RPC URL for ${chain ?? "the chain"} serves another chain: ${actual ?? "?"} instead of ${expected ?? "?"}.`,
    "Set another RPC URL under Settings. Nothing was signed.",
  ],
  CHAIN_INCOMPLETE: ({ chain, missing }) => [
    `A required contract is not deployed on ${chain ?? "the chain"}: ${missing ?? "Latchkey"}.`,
    "Nothing was signed. Ask your agent for a request on a chain that has it.",
  ],
  CLOCK_OFF: ({ minutes }) => [
    `This device's clock is off by ${minutes ?? "several"} minutes from the chain's time.`,
    "The dates on this page would be wrong. Correct the clock, then try again.",
  ],
  NO_ACCOUNT_THERE: ({ account, chain }) => [
    `No account exists at ${account ?? "this address"} on ${chain ?? "this chain"} yet.`,
    "Check the address and the chain. A new account appears when its first transaction is mined.",
  ],
  NOT_A_SAFE: ({ account }) => [
    `${account ?? "This address"} is not a supported account.`,
    "This page supports Safe accounts (1.3.0 to 1.5.0). For other accounts, use the wallet that created them.",
  ],
  OWNER_NOT_PASSKEY: ({ account }) => [
    `${account ?? "This account"} is not owned by a passkey that this page can use.`,
    "Allow the request in the wallet that owns the account, or create a new account here with a passkey.",
  ],
  THRESHOLD_ABOVE_ONE: ({ threshold }) => [
    `This account requires ${threshold ?? "several"} owners to sign; this page supports only one.`,
    "Allow the request in the wallet where the owners sign.",
  ],
  VERSION_UNKNOWN: ({ version }) => [
    `This Safe's version, ${version ?? "?"}, is not supported.`,
    "Supported versions are 1.3.0, 1.4.1 and 1.5.0. Use another account, or create a new one here.",
  ],
  LIMITS_RAISED: () => [
    "A limit is higher than your agent requested.",
    "You can lower the limits, not raise them. Correct the highlighted value.",
  ],
  SIMULATION_FAILED: () => [
    "This transaction would fail.",
    "Nothing was sent. Reload the page; if it happens again, decline and tell the agent's operator.",
  ],
  CHANGE_REPLACED: ({ change, hash }) => [
    `The transaction was canceled or replaced in the wallet: ${wordsOf(change).notMade}.`,
    `${wordsOf(change).meanwhile} ${hash ?? "Another transaction"} was mined instead. Send yours again; you do not need to sign again.`,
  ],
  CHANGE_NOT_MADE: ({ change, hash }) => [
    `A transaction was mined, but ${wordsOf(change).notMade}.`,
    `${wordsOf(change).meanwhile} Check ${hash ?? "the transaction"} in the wallet that sent it, and try again.`,
  ],
  CHANGE_OVERTAKEN: ({ change }) => [
    "The account has executed another transaction since you signed, so your signature is no longer valid.",
    `${wordsOf(change).meanwhile} Press the button again.`,
  ],
  CHANGE_FAILS: ({ change }) => [
    "This transaction would fail.",
    `${wordsOf(change).meanwhile} Reload the page and try again.`,
  ],
  HANDBACK_FAILED: () => [
    "Could not reach the waiting agent.",
    "Your response is not lost. Copy or save it below and give it to the agent, or try again.",
  ],
  ANSWER_REFUSED: () => [
    "The agent rejected the response.",
    "Your response is not lost: it is below. If the agent is no longer waiting, ask it for a new link.",
  ],
  NO_GAS_PAYER: () => [
    "No wallet is available to pay for gas.",
    "The transaction is signed and not lost: copy it below. Anyone can send it, with the same effect.",
  ],
  STORE_REFUSED: () => [
    "This browser cannot save data (a private window, or storage is full).",
    "You can continue, but save the response and write down your account's address. This page will not remember it.",
  ],
  FILE_UNREADABLE: () => [
    "This file was not exported from this page.",
    "Choose a file you exported under Settings.",
  ],
  CONFIG_UNREADABLE: () => [
    "This site is misconfigured: its list of chains cannot be read.",
    "Nothing can be allowed or stopped here. Tell the site's operator.",
  ],
};

/** Messages for the SDK's errors, where its own are written for developers. */
const refusalWords: Partial<Record<RefusalCode, Words>> = {
  NETWORK: pageWords.CHAIN_UNREACHABLE({}),
  WRONG_CHAIN: [
    "The RPC URL serves a different chain from the one the request is for.",
    "Set another RPC URL under Settings. Nothing was signed.",
  ],
  REVOKED: ["This has already been stopped.", "Stopping cannot be undone. Ask your agent for a new request."],
  PAUSED: ["Paused. Your agent cannot spend until you resume it.", "Wait for the owner to resume it."],
  EXPIRED: ["This has already expired.", "Ask your agent for a new request."],
  WRONG_EPOCH: [
    "All earlier permissions of this account were stopped.",
    "Reload the page to review the request again.",
  ],
  MODULE_NOT_ENABLED: [
    "Latchkey is not installed on this account.",
    "Reload the page to install it together with what you allow.",
  ],
  UNKNOWN_TOKEN: [
    "The request names a token whose details cannot be read, so its amounts cannot be shown.",
    "Do not allow what you cannot see. Decline, and ask your agent for another request.",
  ],
  UNKNOWN_MODULE: [
    "Latchkey is not deployed on this chain.",
    "Ask your agent for a request on a supported chain.",
  ],
  UNSUPPORTED_ACCOUNT: pageWords.NOT_A_SAFE({}),
  NOT_GRANTED: [
    "The account did not accept this passkey's signature.",
    "Nothing was allowed. Choose the passkey that owns the account.",
  ],
  OUTCOME_UNKNOWN: [
    "The connection was lost while the transaction was being sent.",
    "It may have been sent. Wait for this page to show the outcome before you send it again.",
  ],
};

/**
 * The message for a failure. The page's codes come first, then the SDK's. Anything else is not advice to the user and
 * is shown separately as a detail.
 */
export function wordsFor(error: unknown): FailureWords {
  if (error instanceof PageFailure) {
    const [title, whatToDo] = pageWords[error.code](error.details);
    const { reason } = error.details;
    return { code: error.code, title, whatToDo, detail: reason && plainText(reason, 200).text };
  }
  const { code, shortMessage } = decodeError(error);
  const words = refusalWords[code];
  if (words) return { code, title: words[0], whatToDo: words[1] };
  return {
    code,
    title: errorCatalogue[code].meaning,
    whatToDo: "Reload the page. If it happens again, tell the agent's operator.",
    detail: plainText(shortMessage, 200).text,
  };
}

/** Failures that a retry cannot fix. */
const lasting: readonly FailureWords["code"][] = ["EXPIRED_REQUEST", "MALFORMED_REQUEST", "UNKNOWN_TOKEN"];

/** Whether a retry cannot help, because the request itself is wrong. */
export const isLasting = (error: unknown): boolean => lasting.includes(wordsFor(error).code);
