import { isAddressEqual, type LocalAccount, zeroAddress } from "viem";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import type { Grant } from "../grant/Grant.ts";
import { requireGrantChain } from "../grant/requireGrantChain.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { getBlock } from "../internal/chainActions.ts";
import { type Duration, parseDuration } from "../internal/parseDuration.ts";
import { readTokenUnit } from "../internal/readTokenUnit.ts";
import { createSession } from "../propose/createSession.ts";
import { readDecimals } from "../propose/readDecimals.ts";
import type { BudgetRequests } from "../propose/SessionRequest.ts";
import { signedPaymentKinds } from "../propose/signedPaymentKinds.ts";
import { checkSession } from "../session/checkSession.ts";
import { hashSession } from "../session/hashSession.ts";
import { encodeSession } from "../session/packSession.ts";
import type { Budget, Session } from "../session/Session.ts";
import { sessionState } from "../session/sessionState.ts";
import type { HandoffRequest } from "./HandoffRequest.ts";
import { handoffOf } from "./handoffOf.ts";
import { type HandoffOptions, openHandoff, type SessionHandoff } from "./openHandoff.ts";
import { type RefusalToRaise, type RefusedPayment, refusalText, refusedPayment } from "./refusedPayment.ts";
import { widenedBudgets } from "./widenedBudgets.ts";

/** What the owner is asked for after a refusal. */
export type MoreRequest =
  | {
      /** A session beside the present one, for just the refused payment. The default. */
      for?: "payment";
      /** Its end. Default: in an hour. */
      until?: Duration | Date;
    }
  | {
      /** A wider session in place of the present one, with the same key. */
      for: "session";
      /** All budgets of the wider session. Default: the present ones, with what refused the payment doubled, or raised to it. */
      budgets?: BudgetRequests;
      /** Its end. Default: that of the present one. */
      until?: Duration | Date;
    };

/** Parameters of {@link requestMore}. */
export type MoreParameters = MoreRequest &
  HandoffOptions & {
    /** The session's key. It also sends the transactions of the answer, unless `sender` does. */
    key: LocalAccount;
    /** The session that refused the payment. */
    grant: Grant;
    /** Why the payment was refused: PER_TRANSACTION, PERIOD or RECIPIENT, as it was thrown, or its JSON. */
    refusal: RefusalToRaise;
    /** The agent's name, 1 to 64 characters. */
    name: string;
    /** The agent's reason, at most 500 characters. Default: which payment exceeds what. */
    justification?: string;
    /** Pays the gas of the answer's transactions. Default: the key. */
    sender?: LocalAccount;
  };

/** Seconds that a session for one payment lasts. */
const ONE_PAYMENT = 3600;

/**
 * Asks the owner for more than a session allows, after it refused a payment. Like {@link requestSession}, with a link to a
 * page and a checked answer. It asks once, when it is called: nothing in this SDK calls it by itself.
 *
 * - `for: "payment"`: a session beside the present one that allows exactly the refused payment, by the way it was to be made:
 *   that token, that payee, at most that amount in all, for an hour. The present session stays as it is.
 * - `for: "session"`: a wider session that replaces the present one. The account revokes the old session and enables the new one in
 *   the same transaction, by one signature of its owner, so their limits never add up. Payments signed under the old session that have not
 *   settled by then fail. Of a Safe only.
 *
 * @returns As {@link requestSession}. `answer` is the grant to pay with: of the one payment, or in place of the old grant. It rejects with
 * SPENT_MEANWHILE if the old session paid after the owner looked: that one stays valid, and nothing is lost.
 * @throws {InvalidInput} INVALID_INPUT: the refusal is not for a limit, does not name the payment, or the payment may still be made;
 * INVALID_TIME: the session is over; NOT_KEY: the grant is for another key; INVALID_RECIPIENTS; INVALID_REQUEST; as {@link createSession}.
 * @throws {Refusal} UNSUPPORTED_ACCOUNT: an ERC-7579 account's session cannot be replaced by a page; WRONG_CHAIN; NETWORK.
 *
 * @example
 * try { await fetch(url) } catch (refusal) {
 *   if (!isRefusal(refusal, "PER_TRANSACTION")) throw refusal;
 *   const more = await requestMore({ client, key, grant, refusal, page, name: "Research Bot", output: process.stderr });
 *   await payingFetch({ client, key, grant: await more.answer })(url);
 * }
 */
export async function requestMore(parameters: MoreParameters): Promise<SessionHandoff> {
  const { client, key, sender = key, page, callback, modules, signal, output, keepAnswer } = parameters;
  const payment = refusedPayment(parameters.refusal);
  const asked = await askedSession(parameters, payment);
  const { name, grant } = parameters;
  const unit = await readTokenUnit(client, payment.token, grant.chainId, "token").catch(() => undefined);
  const { justification = refusalText(payment, unit) } = parameters;
  const { account: from } = grant.session;
  return openHandoff(
    async (at) =>
      handoffOf(asked.session, { ...asked, name, chainId: grant.chainId, from, justification, ...at }),
    {
      client,
      sender,
      page,
      ...(callback === undefined ? {} : { callback }),
      ...(modules && { modules }),
      ...(signal && { signal }),
      ...(output && { output }),
      ...(keepAnswer && { keepAnswer }),
    },
  );
}

/** The session to ask for, and the one that it replaces. */
async function askedSession(
  parameters: MoreParameters,
  payment: RefusedPayment,
): Promise<{ session: Session; isAdjustmentAllowed: boolean; replaces?: HandoffRequest["replaces"] }> {
  const { client, key, grant } = parameters;
  await requireGrantChain(client, grant);
  const old = sessionIn(grant);
  if (!isAddressEqual(old.key, key.address))
    throw new InvalidInput({
      code: "NOT_KEY",
      shortMessage: `The grant is for the key ${old.key}, not for ${key.address}.`,
      metaMessages: ["Pass the key and the grant that belong together."],
    });
  const now = Number((await getBlock(client, { blockTag: "latest" })).timestamp);
  const window = (end: number) => ({ validAfter: now, validUntil: end });
  if (parameters.for !== "session") {
    const validUntil = endOf(parameters.until, now) ?? now + ONE_PAYMENT;
    const none = { gasAllowance: 0n, paymaster: zeroAddress, actions: [] };
    const session = {
      ...old,
      ...none,
      ...window(validUntil),
      budgets: [onePayment(payment, validUntil - now)],
    };
    checkSession(session, grant.module);
    // With less the payment cannot be made.
    return { session, isAdjustmentAllowed: false };
  }
  if (accountAdapterOf(grant.accountKind).sendsUserOps)
    throw new InvalidInput({
      code: "UNSUPPORTED_ACCOUNT",
      shortMessage: `The page replaces sessions of Safes; this is one of an account of the kind ${grant.accountKind}.`,
      metaMessages: [
        'Ask for the one payment: for: "payment". Or have the owner replace the session with replaceSession.',
      ],
    });
  const validUntil = endOf(parameters.until, now) ?? old.validUntil;
  if (validUntil <= now)
    throw new InvalidInput({
      code: "INVALID_TIME",
      shortMessage: "The session has expired, so a session in its place would end at once.",
      metaMessages: ["Pass until, or ask for a new session with requestSession."],
      details: { now, validUntil },
    });
  const { module, chainId, signature } = grant;
  const { budgets: named } = parameters;
  const context = { account: old.account, module, chainId };
  const budgets = named
    ? createSession(
        { account: old.account, key, budgets: named, until: new Date(1000 * validUntil) },
        {
          ...context,
          now,
          epoch: old.epoch,
          decimals: await readDecimals(client, named, chainId),
          kinds: await signedPaymentKinds(client, { ...context, budgets: named }),
        },
      ).budgets
    : widenedBudgets(old.budgets, payment);
  const session = { ...old, ...window(validUntil), budgets };
  checkSession(session, module);
  const state = await sessionState(client, { module, id: hashSession(old), account: old.account });
  const isUnused = state === "UNKNOWN";
  return {
    session,
    isAdjustmentAllowed: true,
    replaces: { module, session: encodeSession(old), signature: isUnused ? signature : "0x" },
  };
}

/** The budget that allows just one payment: its one period is the session's, and its one lot is not divided. */
function onePayment({ token, amount, recipient, method }: RefusedPayment, lifetime: number): Budget {
  if (amount === undefined || recipient === undefined)
    throw new InvalidInput({
      code: "INVALID_INPUT",
      shortMessage: "The refusal does not name the amount and the payee of one payment.",
      metaMessages: [
        "Make the payment with pay or payingFetch, and pass what that throws,",
        'or ask for a wider session: for: "session".',
      ],
      details: { path: "refusal" },
    });
  return {
    token,
    perTransaction: amount,
    perPeriod: amount,
    period: lifetime,
    initial: 0n,
    perSecond: 0n,
    signatures: method ? SIGNATURES[method] : 0,
    sizes: method ? 1 : 0,
    recipients: [recipient],
  };
}

const SIGNATURES = { eip3009: 1, "permit2-exact": 2, "permit2-upto": 4 } as const;

/** In seconds of Unix time. */
function endOf(until: Duration | Date | undefined, now: number): number | undefined {
  if (until === undefined) return undefined;
  if (!(until instanceof Date)) return now + parseDuration(until, "until");
  const end = Math.floor(until.getTime() / 1000);
  if (Number.isSafeInteger(end) && end > now) return end;
  throw new InvalidInput({
    code: "INVALID_TIME",
    shortMessage: "`until` is not a date in the future.",
    metaMessages: ['Pass a valid Date in the future, or a duration such as "7d".'],
    details: { path: "until" },
  });
}
