import { decodeError, errorCatalogue, type RefusalCode } from "@latchkey/sdk";
import type { ChangeKind } from "../manage/SessionChange.ts";
import { plainText } from "../ui/plainText.ts";
import { changeWords } from "./changeWords.ts";
import { PageFailure, type PageFailureCode } from "./PageFailure.ts";

/** A failure in the reader's words. */
export type FailureWords = {
  code: PageFailureCode | RefusalCode;
  /** What happened, one sentence. */
  title: string;
  /** What the reader can do about it, and what is not lost. */
  whatToDo: string;
  /** What the reader can pass on to whoever runs the agent, in the words of programs. */
  detail?: string | undefined;
};

type Details = { readonly [name: string]: string };
type Words = readonly [title: string, whatToDo: string];

/** @param change A `ChangeKind`, as failures carry it. */
const wordsOf = (change = "stop") => changeWords[change as ChangeKind];

const again = "Nothing was signed. You can try again.";

/** The words of every failure of the page itself. */
const pageWords: Record<PageFailureCode, (details: Details) => Words> = {
  NO_WEBAUTHN: () => [
    "This browser cannot use passkeys here.",
    "Open the link in a current browser, at an address that begins with https:// (or at localhost).",
  ],
  NO_PASSKEY_CREATED: () => [
    "No passkey was created.",
    "Your device may have no screen lock, or no room for passkeys. Turn on its screen lock, or use another device.",
  ],
  CANCELLED: () => [
    "The passkey prompt was closed, or no passkey of yours was found.",
    `${again} If this device does not have your passkey, use the one that does.`,
  ],
  PASSKEY_FAILED: () => [
    "Your device could not use the passkey.",
    `${again} If it fails once more, use another browser or device.`,
  ],
  WRONG_PASSKEY: () => [
    "That passkey is not the owner of this account.",
    "Nothing was allowed. Try again and choose the passkey that the account was made with; it may be on another device.",
  ],
  UNSUITABLE_PASSKEY: () => [
    "This passkey cannot own an account.",
    "Nothing was made. Use another device or another password manager.",
  ],
  UNKNOWN_PASSKEY: () => [
    "This browser does not know the account of that passkey.",
    "Type the account's address above. Your passkey is checked against what the chain says of it.",
  ],
  FRAMED: () => [
    "This page does not work inside another page.",
    "Another site could cover what you allow. Open the link in a tab of its own.",
  ],
  MALFORMED_REQUEST: () => [
    "This link does not carry a request that can be shown.",
    "Nothing was allowed. Copy the whole link again, or ask your agent for a new one.",
  ],
  EXPIRED_REQUEST: ({ ended }) => [
    `This request is over: what it asks for would have ended ${ended ?? "already"}.`,
    "Ask your agent for a new link.",
  ],
  ANOTHER_ACCOUNT: ({ account }) => [
    `The request is for another account: ${account ?? "one that is not yours"}.`,
    "Choose that account if it is yours; otherwise decline.",
  ],
  CHAIN_NOT_LISTED: ({ chainId }) => [
    `The request is for chain ${chainId ?? "?"}, which this page does not know.`,
    "Nothing was allowed. Ask your agent for a request on another chain.",
  ],
  CHAIN_UNREACHABLE: ({ chain }) => [
    `${chain ?? "The chain"} cannot be reached.`,
    "Nothing was lost. Check your connection, or set another place to ask it under Settings, and try again.",
  ],
  CHAIN_MISMATCH: ({ chain, expected, actual }) => [
    `What answers for ${chain ?? "the chain"} is another chain: ${actual ?? "?"} instead of ${expected ?? "?"}.`,
    "Set another place to ask it under Settings. Nothing was signed.",
  ],
  CHAIN_INCOMPLETE: ({ chain, missing }) => [
    `${chain ?? "The chain"} lacks a contract that this needs: ${missing ?? "Latchkey"}.`,
    "Nothing was signed. Ask your agent for a request on a chain where Latchkey is deployed.",
  ],
  CLOCK_OFF: ({ minutes }) => [
    `The clock of this device and the chain's differ by ${minutes ?? "some"} minutes.`,
    "Dates on this page would mislead you. Set your clock, then try again.",
  ],
  NO_ACCOUNT_THERE: ({ account, chain }) => [
    `There is no account at ${account ?? "this address"} on ${chain ?? "this chain"} yet.`,
    "Check the address and the chain. A new account appears when its first transaction is mined.",
  ],
  NOT_A_SAFE: ({ account }) => [
    `${account ?? "This address"} is not an account that this page can work with.`,
    "This page works with Safe accounts (1.3.0 to 1.5.0). For others, use the wallet that made the account.",
  ],
  OWNER_NOT_PASSKEY: ({ account }) => [
    `The owner of ${account ?? "this account"} is not a passkey that this page can ask.`,
    "Allow the request in the wallet that owns the account, or create a new account here by a passkey.",
  ],
  THRESHOLD_ABOVE_ONE: ({ threshold }) => [
    `This account needs ${threshold ?? "several"} owners to agree; this page can ask only one.`,
    "Allow the request in the wallet where your owners sign together.",
  ],
  VERSION_UNKNOWN: ({ version }) => [
    `This Safe is of version ${version ?? "?"}, which this page does not know.`,
    "Known are 1.3.0, 1.4.1 and 1.5.0. Use another account, or create a new one here.",
  ],
  LIMITS_RAISED: () => [
    "A limit is higher than your agent asked for.",
    "Values can be lowered, never raised above what was asked. Change the marked value back.",
  ],
  SIMULATION_FAILED: () => [
    "The chain says that this would fail.",
    "Nothing was sent. Load the page again; if it stays, decline and tell whoever runs the agent.",
  ],
  CHANGE_REPLACED: ({ change, hash }) => [
    `The transaction was cancelled or replaced in the wallet: ${wordsOf(change).notMade}.`,
    `${wordsOf(change).meanwhile} What was mined instead is ${hash ?? "another transaction"}. Send it again: you need not sign anew.`,
  ],
  CHANGE_NOT_MADE: ({ change, hash }) => [
    `A transaction was mined, but the chain does not say that ${wordsOf(change).made}.`,
    `${wordsOf(change).meanwhile} Look at ${hash ?? "the transaction"} in the wallet that sent it, and try again.`,
  ],
  CHANGE_OVERTAKEN: ({ change }) => [
    "The account has made another transaction since you signed, so what you signed is void.",
    `${wordsOf(change).meanwhile} Press the button again.`,
  ],
  CHANGE_FAILS: ({ change }) => [
    "The chain says that this would fail.",
    `${wordsOf(change).meanwhile} Load the page again and try once more.`,
  ],
  HANDBACK_FAILED: () => [
    "The waiting agent could not be reached.",
    "Your answer is not lost: copy it or save it below, and give it to the agent. Or try again.",
  ],
  ANSWER_REFUSED: () => [
    "The agent did not take the answer.",
    "Your answer is not lost: it is below. Ask the agent for a new link if it no longer waits.",
  ],
  NO_GAS_PAYER: () => [
    "Nobody here can pay the gas of this transaction.",
    "It is signed and not lost: copy it below. Anyone can send it, it does the same whoever pays.",
  ],
  STORE_REFUSED: () => [
    "This browser keeps nothing (a private window, or storage is full).",
    "Go on if you like, but save the answer and write down your account's address: the page will not remember it.",
  ],
  FILE_UNREADABLE: () => [
    "This file was not written by this page.",
    "Choose a file that you saved under Settings.",
  ],
  CONFIG_UNREADABLE: () => [
    "This site is set up wrongly: its list of chains cannot be read.",
    "Nothing can be allowed or stopped here. Tell whoever runs this site.",
  ],
};

/** Words for what the SDK and the chain refuse, where its own are made for programmers. */
const refusalWords: Partial<Record<RefusalCode, Words>> = {
  NETWORK: pageWords.CHAIN_UNREACHABLE({}),
  WRONG_CHAIN: [
    "What answers is another chain than the one that the request is for.",
    "Set another place to ask it under Settings. Nothing was signed.",
  ],
  REVOKED: ["This was stopped already.", "Stopping cannot be undone. Ask your agent for a new request."],
  PAUSED: ["Your agent cannot spend until the account resumes it.", "Wait until the owner resumes it."],
  EXPIRED: ["This is over already.", "Ask your agent for a new request."],
  WRONG_EPOCH: [
    "Everything of that time was stopped on this account.",
    "Load the page again to allow the request anew.",
  ],
  MODULE_NOT_ENABLED: [
    "Latchkey is not installed on this account (any more).",
    "Load the page again: it offers to install it together with what you allow.",
  ],
  UNKNOWN_TOKEN: [
    "The request names a token that does not answer, so its amounts cannot be shown.",
    "Do not allow what cannot be shown. Decline, and ask your agent for another request.",
  ],
  UNKNOWN_MODULE: [
    "Latchkey is not deployed on this chain.",
    "Ask your agent for a request on a chain where it is.",
  ],
  UNSUPPORTED_ACCOUNT: pageWords.NOT_A_SAFE({}),
  NOT_GRANTED: [
    "The account does not accept this passkey's word.",
    "Nothing was allowed. Choose the passkey that owns the account.",
  ],
  OUTCOME_UNKNOWN: [
    "The connection broke while the transaction was on its way.",
    "It may have been sent. Wait until this page shows the outcome before you send it again.",
  ],
};

/**
 * What the reader is told about a failure. Codes of the page come first, then those of the SDK. Whatever else a program
 * says of it is no advice to the reader, and stands apart as a detail.
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
    whatToDo: "Load the page again. If it fails once more, tell whoever runs the agent.",
    detail: plainText(shortMessage, 200).text,
  };
}

/** Failures that stay whatever is tried. */
const lasting: readonly FailureWords["code"][] = ["EXPIRED_REQUEST", "MALFORMED_REQUEST", "UNKNOWN_TOKEN"];

/** Whether trying again cannot help: what was asked is wrong, not the way to it. */
export const isLasting = (error: unknown): boolean => lasting.includes(wordsFor(error).code);
