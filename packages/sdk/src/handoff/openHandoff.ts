import type { Writable } from "node:stream";
import { renderUnicodeCompact } from "uqr";
import {
  type Address,
  type Chain,
  type Client,
  getAddress,
  isAddressEqual,
  type LocalAccount,
  type Transport,
} from "viem";
import { readAccountKind } from "../accounts/readAccountKind.ts";
import { safeSessionModuleAddress } from "../addresses/safeSessionModuleAddress.ts";
import { Refusal } from "../errors/Refusal.ts";
import type { Grant } from "../grant/Grant.ts";
import { verifyGrant } from "../grant/verifyGrant.ts";
import { type CallbackServer, isTaken, openCallbackServer } from "./callbackServer.ts";
import { declined } from "./declined.ts";
import type { GrantedAnswer, HandoffAnswer } from "./HandoffAnswer.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { handoffCode } from "./handoffCode.ts";
import { handoffLink } from "./handoffLink.ts";
import { keyFingerprint } from "./keyFingerprint.ts";
import type { PermissionRequest } from "./PermissionRequest.ts";
import { pageUrl } from "./pageUrl.ts";
import { type HandoffAnswerParameters, parseHandoffAnswer } from "./parseHandoffAnswer.ts";
import { printHandoff } from "./printHandoff.ts";
import { settleHandoff } from "./settleHandoff.ts";
import { settlementRefusal } from "./settlementRefusal.ts";

/** Of an answer, in bytes. */
const MOST_BODY = 64 * 1024;
/** Milliseconds for simulating an answer's transactions; the page waits meanwhile. */
const PATIENCE = 5000;

/** How a request reaches its owner, and how the answer comes back. */
export type HandoffOptions = {
  /** Any viem client of the chain. */
  client: Client<Transport, Chain | undefined>;
  /** URL of the page: `https:`, or `http:` on this machine. */
  page: string;
  /** Whether to wait on this machine for the page's answer. Default: true. Without it the answer is pasted. */
  callback?: boolean;
  /** Session modules that the agent trusts. Default: the canonical ones of this version. */
  modules?: readonly Address[];
  /** Stops waiting. */
  signal?: AbortSignal;
  /** Where to print link, codes and QR code; for example `process.stderr`. Default: nowhere. */
  output?: Writable;
  /**
   * Stores a checked answer: before its transactions are sent, and before the page is told that it was accepted. If this
   * throws, the answer is not accepted, and the wait goes on. Default: nothing is stored.
   */
  keepAnswer?: (answer: GrantedAnswer, request: HandoffRequest) => Promise<void>;
};

/** A pending request. */
export type SessionHandoff = {
  request: HandoffRequest;
  /** For the owner to open. */
  link: string;
  /** To compare with what the page shows: {@link handoffCode}. */
  code: string;
  /** To compare with what the page shows: {@link keyFingerprint}. */
  fingerprint: string;
  /** The link as a QR code for a terminal; undefined if it is too long for one. */
  qr: string | undefined;
  /** The checked answer, before its transactions are sent: enough to retry {@link settleHandoff}. */
  received: Promise<GrantedAnswer>;
  /** The grant, once it works. Rejects with DECLINED, HANDOFF_CLOSED, or as {@link settleHandoff} does. */
  answer: Promise<Grant>;
  /**
   * Takes an answer that was pasted or read from a file.
   * @throws {Refusal} INVALID_ANSWER or the chain's reason: the wait goes on. HANDOFF_CLOSED: already answered.
   */
  receive(text: string): Promise<void>;
  /** Stops waiting. */
  close(): Promise<void>;
};

/**
 * Hands a request to an owner, and waits for the answer.
 *
 * @param create Makes the request for the callback, if there is one.
 * @param options.sender Pays the gas of the answer's transactions. Default: the client's account.
 * @param options.mostBody Of an answer, in bytes. Default: 64 KiB.
 * @param options.callbackUrl Of a request that was handed out before. Where it is taken, nobody waits there: the answer is pasted,
 * or arrives at the process that has taken it.
 * @throws {InvalidInput} The request is not valid.
 */
export async function openHandoff(
  create: (at: { callback?: string }) => Promise<HandoffRequest>,
  options: HandoffOptions & { sender?: LocalAccount; mostBody?: number; callbackUrl?: string },
): Promise<SessionHandoff> {
  const { client, sender, page, callback = true, modules, signal, output, keepAnswer } = options;
  const { mostBody = MOST_BODY, callbackUrl } = options;
  if (signal?.aborted) throw handoffClosed("The request was aborted before it started.", signal.reason);
  const { origin } = pageUrl(page);
  let settleReceived: (answer: GrantedAnswer) => void = () => {};
  let rejectReceived: (reason: Refusal) => void = () => {};
  const received = new Promise<GrantedAnswer>((resolve, reject) => {
    settleReceived = resolve;
    rejectReceived = reject;
  });
  let server: CallbackServer | undefined;
  let isOver = false;
  let isChecking = false;

  const requireWaiting = () => {
    if (isOver) throw handoffClosed("The request was already answered, or is no longer awaited.");
  };
  const end = async () => {
    isOver = true;
    signal?.removeEventListener("abort", abort);
    await server?.close();
  };
  const abort = () => {
    rejectReceived(handoffClosed("The request was aborted before an answer arrived.", signal?.reason));
    void end();
  };
  /** @returns Once the answer is accepted. */
  async function take(text: string): Promise<void> {
    requireWaiting();
    if (isChecking) throw handoffClosed("Another answer to the request is being checked.");
    isChecking = true;
    try {
      const answer = await readAnswer(client, text, request, modules ? { modules } : {});
      if (answer.status === "declined") rejectReceived(declined());
      else {
        if (answer.transactions.length === 0) await requireGood(client, answer.grant);
        else await requireSettleable(client, answer);
        // The caller may have stopped waiting meanwhile.
        requireWaiting();
        await keepAnswer?.(answer, request);
        settleReceived(answer);
      }
      isOver = true;
    } finally {
      isChecking = false;
    }
  }

  if (callback)
    server = await openCallbackServer({
      origin,
      mostBody,
      ...(callbackUrl === undefined ? {} : { url: callbackUrl }),
      async take(text) {
        await take(text);
        // After the page knows that its answer was accepted.
        setImmediate(() => void end());
      },
    }).catch((error: unknown) => {
      if (callbackUrl === undefined || !isTaken(error)) throw error;
      return undefined;
    });
  let request: HandoffRequest;
  let link: string;
  try {
    request = await create(server ? { callback: server.url } : {});
    link = handoffLink(page, request);
  } catch (error) {
    await server?.close();
    throw error;
  }
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();

  const answer = received.then((granted) => settleHandoff(client, granted, sender ? { sender } : {}));
  // A caller who awaits only one of the two must not fail because of the other.
  for (const promise of [received, answer]) promise.catch(() => {});

  const handoff: SessionHandoff = {
    request,
    link,
    code: handoffCode(request),
    fingerprint: keyFingerprint(getAddress((request.permissions[0] as PermissionRequest).to)),
    qr: qrCode(link),
    received,
    answer,
    async receive(text) {
      await take(text);
      await end();
    },
    async close() {
      rejectReceived(handoffClosed("The request was aborted before an answer arrived."));
      await end();
    },
  };
  if (output) printHandoff(handoff, output);
  return handoff;
}

/** An answer in the form of ERC-7715 does not name the account's kind: the chain knows it. */
async function readAnswer(
  client: Client<Transport, Chain | undefined>,
  text: string,
  request: HandoffRequest,
  parameters: HandoffAnswerParameters,
): Promise<HandoffAnswer> {
  const answer = parseHandoffAnswer(text, request, parameters);
  if (request.answer !== "erc7715" || answer.status === "declined") return answer;
  const { module, session } = answer.grant;
  if (isAddressEqual(module, safeSessionModuleAddress())) return answer;
  const accountKind = await readAccountKind(client, { account: session.account, module, named: undefined });
  return parseHandoffAnswer(text, request, { ...parameters, accountKind });
}

/** @throws {Refusal} Why the account rejects the grant; a grant that has not started is accepted. */
async function requireGood(client: Client<Transport, Chain | undefined>, grant: Grant): Promise<void> {
  const verdict = await verifyGrant(client, grant);
  if (!verdict.valid && verdict.reason.code !== "NOT_YET_VALID") throw verdict.reason;
}

/**
 * @throws {Refusal} Why the answer's transactions would fail. A node that does not respond in time does not
 * reject them.
 */
async function requireSettleable(
  client: Client<Transport, Chain | undefined>,
  answer: GrantedAnswer,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const impatience = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, PATIENCE, undefined);
  });
  const refusal = await Promise.race([settlementRefusal(client, answer), impatience]);
  clearTimeout(timer);
  if (refusal) throw refusal;
}

/** The refusal of an answer that is no longer awaited. */
const handoffClosed = (shortMessage: string, cause?: unknown) =>
  new Refusal({
    code: "HANDOFF_CLOSED",
    shortMessage,
    metaMessages: ["Create a new request: each request is answered once."],
    cause,
  });

/** Bytes that a QR code holds at its lowest error correction. */
const MOST = 2953;

/** A QR code of ASCII text for a terminal, dark on light, two rows a line; undefined where the text does not fit in one. */
const qrCode = (text: string): string | undefined =>
  text.length > MOST ? undefined : renderUnicodeCompact(text, { ecc: "L", boostEcc: false, border: 2 });
