import { type Address, isAddressEqual, zeroAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { parseAmount } from "../internal/parseAmount.ts";
import { parseDuration } from "../internal/parseDuration.ts";
import { parseList } from "../internal/parseList.ts";
import { usdcAddress } from "../internal/usdcAddress.ts";
import { checkSession } from "../session/checkSession.ts";
import { randomSalt } from "../session/randomSalt.ts";
import { ANYONE, type Budget, type Session } from "../session/Session.ts";
import type { SignedPaymentKind } from "../session/SignedPaymentKind.ts";
import { budgetTokens } from "./budgetTokens.ts";
import { createAction } from "./createAction.ts";
import { defaultSlotSizes } from "./defaultSlotSizes.ts";
import { fitTypicalPrice } from "./fitTypicalPrice.ts";
import type { SessionRequest, TokenBudgetRequest } from "./SessionRequest.ts";

/** What a session depends on besides the request: facts that {@link proposeSession} reads from the chain. */
export type SessionContext = {
  chainId: number;
  module: Address;
  /** The chain's time, in seconds: the session's first second unless the request says otherwise. */
  now: number;
  /** The account's current epoch in the module. */
  epoch: bigint;
  /** Decimals of the tokens whose request does not have them; keys in lower case. USDC's are known. */
  decimals?: { readonly [token: string]: number };
  /** How `x402: true` is meant for a token; keys in lower case. Default: `"eip3009"`. */
  kinds?: { readonly [token: string]: SignedPaymentKind };
  /** Tells equal sessions apart. Default: 6 random bytes. */
  salt?: bigint;
};

/**
 * Turns what an owner is asked to allow into the session that the chain enforces. Pure except for the salt: reads
 * no chain. So the caller must check that the tokens exist and, if they are paid by signatures, that
 * they accept a contract's (EIP-3009 with ERC-1271, as Circle's USDC 2.2) or Permit2 is on the chain, that the key is not a contract, and that the module
 * is deployed. {@link proposeSession} does.
 *
 * @returns The session, checked by {@link checkSession}.
 * @throws {InvalidInput} With what to do about it: a limit missing, zero or malformed, no recipients, no end…
 */
export function createSession(request: SessionRequest, context: SessionContext): Session {
  const account = parseAddress(request.account, "account");
  const validAfter = request.from === undefined ? context.now : secondsOf(request.from, "from");
  const validUntil = readEnd(request, validAfter);
  if (validUntil <= context.now || validUntil <= validAfter)
    throw new InvalidInput({
      code: "INVALID_TIME",
      shortMessage: "`until` must be later than the start.",
      metaMessages: ["Pass an end in the future, after the start."],
      details: { now: context.now, validAfter, validUntil },
    });

  const budgets = budgetTokens(request.budgets, context.chainId).map(
    ({ path, token, request: budget, kind }) =>
      createBudget(budget, {
        path,
        account,
        token,
        decimals: decimalsOf(budget, token, kind, path, context),
        lifetime: validUntil - validAfter,
        paysBySignature: kind === "usdc",
        meant: context.kinds?.[token.toLowerCase()] ?? "eip3009",
      }),
  );
  const actions = parseList(request.actions ?? [], "actions", createAction);
  if (budgets.length === 0 && actions.length === 0)
    throw new InvalidInput({
      code: "INVALID_LIMIT",
      shortMessage: "The session allows nothing: it has neither budgets nor actions.",
      metaMessages: ["Pass a budget, for example budgets: { usdc: { perTransaction, perDay, recipients } }."],
    });

  const session: Session = {
    account,
    key: parseAddress(request.key, "key"),
    validAfter,
    validUntil,
    epoch: context.epoch,
    salt: context.salt ?? randomSalt(),
    gasAllowance:
      request.gasAllowance === undefined ? 0n : parseAmount(request.gasAllowance, 18, "gasAllowance"),
    paymaster:
      request.paymaster === undefined
        ? zeroAddress
        : request.paymaster === "anyone"
          ? ANYONE
          : parseAddress(request.paymaster, "paymaster"),
    budgets,
    actions,
  };
  checkSession(session, context.module);
  return loggable(session);
}

function createBudget(
  request: TokenBudgetRequest,
  at: {
    path: string;
    account: Address;
    token: Address;
    decimals: number;
    lifetime: number;
    paysBySignature: boolean;
    meant: SignedPaymentKind;
  },
): Budget {
  const { path, token, decimals } = at;
  const { perPeriod, period } = readLimit(request, at);
  const { perTransaction, signatures, sizes } = readPayments(request, perPeriod, at);
  const { stream } = request;
  const initial = stream
    ? parseAmount(stream.initial, decimals, `${path}.stream.initial`, { zero: true })
    : 0n;
  if (initial > perPeriod)
    throw new InvalidInput({
      code: "INVALID_LIMIT",
      shortMessage: `${path}.stream.initial exceeds the limit of its period.`,
      metaMessages: ["Lower initial, or raise the limit of the period."],
      details: { initial, perPeriod },
    });
  return {
    token,
    perTransaction,
    perPeriod,
    period,
    initial,
    perSecond: stream ? parseAmount(stream.perSecond, decimals, `${path}.stream.perSecond`) : 0n,
    signatures,
    sizes,
    recipients: readRecipients(request.recipients, `${path}.recipients`, at.account),
  };
}

const HOUR = 3600;

function readLimit(request: TokenBudgetRequest, at: { path: string; decimals: number; lifetime: number }) {
  const limits = {
    perHour: HOUR,
    perDay: 24 * HOUR,
    perWeek: 7 * 24 * HOUR,
    perPeriod:
      request.perPeriod === undefined ? undefined : parseDuration(request.period, `${at.path}.period`),
    inAll: at.lifetime,
  };
  const named = Object.entries(limits).filter(([name]) => request[name as keyof typeof limits] !== undefined);
  const [limit] = named;
  if (!limit || named.length > 1 || (request.period !== undefined && request.perPeriod === undefined))
    throw new InvalidInput({
      code: "INVALID_LIMIT",
      shortMessage: limit
        ? `${at.path} has more than one limit over time.`
        : `${at.path} has no limit over time.`,
      metaMessages: ["Set exactly one of perHour, perDay, perWeek, perPeriod with period, or inAll."],
      details: { named: named.map(([name]) => name) },
    });
  const [name, period] = limit;
  const amount = request[name as keyof typeof limits];
  if (period === undefined || period >= 2 ** 32)
    throw new InvalidInput({
      code: "INVALID_TIME",
      shortMessage: `${at.path}: a period of ${period} seconds is too long.`,
      metaMessages: ["A period is at most 136 years."],
    });
  return { perPeriod: parseAmount(amount as string, at.decimals, `${at.path}.${name}`), period };
}

/** Of `signatures`, by their kind: Permit2 by both of x402's schemes. */
const SIGNATURES: { readonly [kind in SignedPaymentKind]: number } = { eip3009: 1, permit2: 6 };

/** The limit per payment, which signed payments there are, and into how many sizes they divide it: 0 if there are none. */
function readPayments(
  request: TokenBudgetRequest,
  perPeriod: bigint,
  at: {
    path: string;
    token: Address;
    decimals: number;
    paysBySignature: boolean;
    meant: SignedPaymentKind;
  },
): Pick<Budget, "perTransaction" | "signatures" | "sizes"> {
  const { path, decimals } = at;
  const refuse = (shortMessage: string, metaMessage: string, details = {}) =>
    new InvalidInput({ code: "INVALID_LIMIT", shortMessage, metaMessages: [metaMessage], details });
  if (!["undefined", "boolean", "object"].includes(typeof request.x402) && !isKind(request.x402))
    throw refuse(
      `${path}.x402 is ${String(request.x402)}.`,
      'Pass true, "eip3009", "permit2", false or { typicalPrice }.',
    );
  const named = typeof request.x402 === "object" ? request.x402?.by : request.x402;
  if (typeof request.x402 === "object" && named !== undefined && !isKind(named))
    throw refuse(`${path}.x402.by is ${String(named)}.`, 'Pass "eip3009" or "permit2", or omit it.');
  const kind = isKind(named)
    ? named
    : named === undefined && typeof request.x402 !== "object"
      ? "eip3009"
      : at.meant;
  const typicalPrice =
    typeof request.x402 === "object"
      ? parseAmount(request.x402?.typicalPrice, decimals, `${path}.x402.typicalPrice`)
      : undefined;
  const given =
    request.perTransaction === undefined && typicalPrice !== undefined
      ? undefined
      : parseAmount(request.perTransaction as string, decimals, `${path}.perTransaction`);
  if (given !== undefined && given > perPeriod)
    throw refuse(
      `${path}.perTransaction exceeds the limit of its period.`,
      "Lower perTransaction, or raise the limit of the period.",
      { perTransaction: given, perPeriod },
    );
  const wanted = request.x402 ?? (at.paysBySignature && !request.stream);
  if (given !== undefined && !wanted) return { perTransaction: given, signatures: 0, sizes: 0 };
  if (isAddressEqual(at.token, zeroAddress))
    throw refuse(`${path} cannot be paid by x402.`, "The native coin has no authorizations.");
  if (request.stream)
    throw refuse(`${path} cannot be a stream and be paid by x402.`, "Omit stream, or set x402: false.");
  const { perTransaction, sizes } =
    typicalPrice !== undefined
      ? fitTypicalPrice({ typicalPrice, perTransaction: given, perPeriod, decimals, kind, path })
      : { perTransaction: given as bigint, sizes: defaultSlotSizes(given as bigint, decimals, kind) };
  if (perPeriod / perTransaction >= 1n << 32n)
    throw refuse(
      `${path} allows 2^32 payments or more in one period, which is too many for x402.`,
      "Raise perTransaction, lower the limit of the period, or set x402: false.",
    );
  return { perTransaction, signatures: SIGNATURES[kind], sizes };
}

const isKind = (named: unknown): named is SignedPaymentKind => named === "eip3009" || named === "permit2";

function readRecipients(
  recipients: TokenBudgetRequest["recipients"],
  path: string,
  account: Address,
): readonly Address[] {
  if (recipients === "anyone") return [ANYONE];
  const refuse = (shortMessage: string) =>
    new InvalidInput({
      code: "INVALID_RECIPIENTS",
      shortMessage,
      metaMessages: ['List 1 to 32 addresses that may be paid, or pass recipients: "anyone".'],
    });
  if (!Array.isArray(recipients)) throw refuse(`${path} is missing.`);
  if (recipients.length === 0) throw refuse(`${path} is empty, which does not mean anyone.`);
  const addresses = [
    ...new Set(recipients.map((recipient, index) => parseAddress(recipient, `${path}[${index}]`))),
  ];
  if (addresses.some((address) => isAddressEqual(address, ANYONE)))
    throw refuse(`${path} contains the address that means anyone.`);
  if (addresses.some((address) => isAddressEqual(address, zeroAddress)))
    throw refuse(`${path} contains the zero address.`);
  if (addresses.some((address) => isAddressEqual(address, account)))
    throw refuse(`${path} contains the account itself.`);
  if (addresses.length > 32) throw refuse(`${path} has ${addresses.length} addresses.`);
  return addresses;
}

function decimalsOf(
  request: TokenBudgetRequest,
  token: Address,
  kind: "usdc" | "native" | "token",
  path: string,
  context: SessionContext,
): number {
  const told = context.decimals?.[token.toLowerCase()];
  // A malicious node could change decimals, and so what "20" means: not those of known tokens.
  const isKnown = kind === "native" || (kind === "usdc" && usdcAddress(context.chainId) !== undefined);
  const usual = kind === "usdc" ? 6 : kind === "native" ? 18 : undefined;
  if (isKnown && told !== undefined && told !== usual)
    throw new InvalidInput({
      code: "UNKNOWN_TOKEN",
      shortMessage: `The node returned ${told} decimals for ${path} (${token}); expected ${usual}.`,
      metaMessages: ["Use another node: this one is wrong, or for another chain."],
      details: { token, decimals: told },
    });
  const decimals = told ?? request.decimals ?? usual;
  if (decimals === undefined || !Number.isInteger(decimals) || decimals < 0 || decimals > 255)
    throw new InvalidInput({
      code: "UNKNOWN_TOKEN",
      shortMessage: `The decimals of ${path} (${token}) are not known.`,
      metaMessages: ["Set decimals in the budget."],
      details: { token },
    });
  if (request.decimals !== undefined && request.decimals !== decimals)
    throw new InvalidInput({
      code: "UNKNOWN_TOKEN",
      shortMessage: `${path}.decimals is ${request.decimals}, but the token has ${decimals}.`,
      metaMessages: ["Omit decimals: they are read from the chain."],
      details: { token, decimals },
    });
  return decimals;
}

function readEnd(request: SessionRequest, validAfter: number): number {
  if (request.until instanceof Date) return secondsOf(request.until, "until");
  return validAfter + parseDuration(request.until, "until");
}

function secondsOf(date: Date, path: string): number {
  const seconds = date instanceof Date ? Math.floor(date.getTime() / 1000) : Number.NaN;
  if (!Number.isSafeInteger(seconds) || seconds < 0)
    throw new InvalidInput({
      code: "INVALID_TIME",
      shortMessage: `${path} is not a valid date.`,
      metaMessages: ["Pass a valid Date after 1970."],
    });
  return seconds;
}
