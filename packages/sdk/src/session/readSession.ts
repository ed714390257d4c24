import { type Address, type Hex, isAddress, isHex, size } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import type { Action, Budget, Session } from "./Session.ts";
import type { SessionJson } from "./sessionJson.ts";
import type { CarriedSession } from "./unpackSession.ts";

/**
 * A session with every value of the type and the width that the contract has for it, amounts as bigints. What does not fit
 * could not even be hashed. The bounds that a session keeps beyond that are those of `checkSession`.
 *
 * @param session As a proposal or a grant holds it.
 * @throws {InvalidInput} MALFORMED_SESSION, with `details.path` and `details.flaw`: ENCODING for a value of another type,
 * WIDTH for one that does not fit its field, WINDOW for a start or an end that is none.
 */
export function readSession(session: Session | SessionJson, path = "session"): Session {
  const from = objectAt(session, path);
  return loggable({
    ...readOwn(from),
    budgets: listAt(from.budgets, "budgets").map((budget, index) => readBudget(budget, `budgets[${index}]`)),
    actions: readActions(from.actions),
  });
}

/** The same of a session in which hashes may stand for parts. */
export function readCarriedSession(session: CarriedSession, path = "session"): CarriedSession {
  const from = objectAt(session, path);
  return loggable({
    ...readOwn(from),
    budgets: listAt(from.budgets, "budgets").map((budget, index) =>
      typeof budget === "string"
        ? bytesAt(budget, `budgets[${index}]`, 32)
        : readBudget(budget, `budgets[${index}]`),
    ),
    actions:
      typeof from.actions === "string" ? bytesAt(from.actions, "actions", 32) : readActions(from.actions),
  });
}

/** What a session has beside its lists. */
const readOwn = (from: { readonly [name: string]: unknown }) => ({
  account: addressAt(from.account, "account"),
  key: addressAt(from.key, "key"),
  validAfter: numberAt(from.validAfter, "validAfter", 48, "WINDOW"),
  validUntil: numberAt(from.validUntil, "validUntil", 48, "WINDOW"),
  epoch: amountAt(from.epoch, "epoch", 64n),
  salt: amountAt(from.salt, "salt", 256n),
  gasAllowance: amountAt(from.gasAllowance, "gasAllowance", 128n),
  paymaster: addressAt(from.paymaster, "paymaster"),
});

const readActions = (actions: unknown): Action[] =>
  listAt(actions, "actions").map((action, index) => readAction(action, `actions[${index}]`));

/** One budget of a session, in the same way. */
export function readBudget(budget: unknown, path = "budget"): Budget {
  const from = objectAt(budget, path);
  const amount = (name: string) => amountAt(from[name], `${path}.${name}`, 128n);
  return {
    token: addressAt(from.token, `${path}.token`),
    perTransaction: amount("perTransaction"),
    perPeriod: amount("perPeriod"),
    period: numberAt(from.period, `${path}.period`, 32),
    initial: amount("initial"),
    perSecond: amount("perSecond"),
    signatures: numberAt(from.signatures, `${path}.signatures`, 8),
    sizes: numberAt(from.sizes, `${path}.sizes`, 8),
    recipients: listAt(from.recipients, `${path}.recipients`).map((one, index) =>
      addressAt(one, `${path}.recipients[${index}]`),
    ),
  };
}

/** One action of a session, in the same way. */
export function readAction(action: unknown, path = "action"): Action {
  const from = objectAt(action, path);
  return {
    target: addressAt(from.target, `${path}.target`),
    selector: bytesAt(from.selector, `${path}.selector`, 4),
    rules: listAt(from.rules, `${path}.rules`).map((rule, index) => {
      const at = `${path}.rules[${index}]`;
      const { offset, op, value } = objectAt(rule, at);
      return {
        offset: numberAt(offset, `${at}.offset`, 16),
        op: numberAt(op, `${at}.op`, 8),
        value: bytesAt(value, `${at}.value`, 32),
      };
    }),
  };
}

function objectAt(value: unknown, path: string): { readonly [name: string]: unknown } {
  if (typeof value !== "object" || value === null) throw malformed("ENCODING", path, "an object");
  return value as { readonly [name: string]: unknown };
}

function listAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed("ENCODING", path, "a list");
  return value;
}

function addressAt(value: unknown, path: string): Address {
  if (typeof value !== "string" || !isAddress(value)) throw malformed("ENCODING", path, "a valid address");
  return value;
}

function bytesAt(value: unknown, path: string, bytes: number): Hex {
  if (typeof value !== "string" || !isHex(value) || value.length % 2 !== 0)
    throw malformed("ENCODING", path, "valid hex");
  if (size(value) !== bytes) throw malformed("WIDTH", path, `${bytes} bytes`);
  return value;
}

function numberAt(value: unknown, path: string, bits: number, flaw?: "WINDOW"): number {
  if (typeof value !== "number" || !Number.isInteger(value))
    throw malformed(flaw ?? "ENCODING", path, "a whole number");
  if (value < 0 || value >= 2 ** bits) throw malformed(flaw ?? "WIDTH", path, `within ${bits} bits`);
  return value;
}

function amountAt(value: unknown, path: string, bits: bigint): bigint {
  if (typeof value !== "bigint" && !(typeof value === "string" && /^\d{1,78}$/.test(value)))
    throw malformed("ENCODING", path, "a bigint or a decimal string");
  const amount = BigInt(value);
  if (amount < 0n || amount >= 1n << bits) throw malformed("WIDTH", path, `within ${bits} bits`);
  return amount;
}

const malformed = (flaw: "ENCODING" | "WIDTH" | "WINDOW", path: string, what: string) =>
  new InvalidInput({
    code: "MALFORMED_SESSION",
    shortMessage: `The session's ${path} is not ${what}.`,
    metaMessages: ["Pass a session as proposeSession or createSession made it, or as parseGrant read it."],
    details: { flaw, index: Number(/\[(\d+)\]/.exec(path)?.[1] ?? 0), path },
  });
