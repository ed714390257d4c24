import {
  type Address,
  decodeAbiParameters,
  getAddress,
  type Hex,
  isHex,
  keccak256,
  numberToHex,
  parseAbiParameters,
  size,
  slice,
  toBytes,
  zeroHash,
} from "viem";
import { Refusal } from "../errors/Refusal.ts";
import { loggable } from "../json.ts";
import { ANYONE, type Budget, type Session } from "../Session.ts";
import type { Slot } from "./PayloadParameters.ts";
import { sessionParameters } from "./sessionParameters.ts";
import { knownTokenDomains } from "./tokenDomainCode.ts";

/** What a payload says, unjudged. */
export type DecodedPayload = {
  budgetIndex: number;
  slot: Slot;
  /** As packed: an index among the budget's recipients, or the address where the budget says anyone. */
  payee: bigint;
  /** The payee whom that number means. */
  to: Address;
  value: bigint;
  validAfter: bigint;
  validBefore: bigint;
  tokenDomain: { nameHash: Hex; versionHash: Hex };
  /** 64 bytes, EIP-2098. */
  keySignature: Hex;
} & (
  | {
      version: 1 | 3;
      /** Of version 3; in version 1 the signature gives it. */
      key: Address | undefined;
      session: Pick<Session, "validAfter" | "validUntil" | "salt" | "gasAllowance" | "paymaster">;
      actionsHash: Hex;
      /** Struct hashes of the session's other budgets, in order. */
      otherBudgets: readonly Hex[];
      budget: Budget;
    }
  | { version: 2; session: Session; grant: Hex }
);

/**
 * Reads a payload back, for tests and for anyone who wants to see what an agent signed. It refuses what the module's
 * parser refuses for its form: trailing bytes, numbers wider than their fields, unknown versions and codes. Numbers
 * with leading zeros are read, as the module does; {@link encodePayload} writes none.
 *
 * @throws {Refusal} INVALID_PAYLOAD
 */
export function decodePayload(payload: Hex): DecodedPayload {
  if (typeof payload !== "string" || !isHex(payload)) throw invalid("The payload is not valid hex.");
  let at = 0;
  const take = (bytes: number): Hex => {
    if (bytes === 0) return "0x";
    if (at + bytes > size(payload)) throw invalid("The payload ends too soon.");
    at += bytes;
    return slice(payload, at - bytes, at);
  };
  const byte = () => Number(take(1));
  const number = (width: number): bigint => {
    const bytes = byte();
    if (bytes > width)
      throw invalid(`A number of the payload has ${bytes} bytes where at most ${width} are read.`);
    return bytes === 0 ? 0n : BigInt(take(bytes));
  };
  const seconds = (width: number) => Number(number(width));
  const address = () => getAddress(take(20));

  const version = byte();
  if (version !== 1 && version !== 2 && version !== 3) throw invalid(`The payload's version is ${version}.`);
  const key = version === 3 ? address() : undefined;
  const budgetIndex = byte();
  const slot: Slot = { lot: number(16), size: byte(), index: number(2) };
  const payee = number(20);
  const value = number(16);
  const validAfter = number(32);
  const validBefore = number(32);
  const code = byte();
  const known = knownTokenDomains[code];
  if (code !== 0 && !known) throw invalid(`The payload's token domain is ${code}.`);
  const tokenDomain = known
    ? { nameHash: keccak256(toBytes(known.name)), versionHash: keccak256(toBytes(known.version)) }
    : { nameHash: take(32), versionHash: take(32) };
  const keySignature = take(64);
  const said = { budgetIndex, slot, payee, value, validAfter, validBefore, tokenDomain, keySignature };

  if (version === 2) {
    const [session, grant] = readGranted(slice(payload, at));
    const budget = session.budgets[budgetIndex];
    if (!budget) throw invalid(`The session has no budget ${budgetIndex}.`);
    return loggable({ ...said, version, to: payeeOf(budget, payee), session, grant });
  }

  const session = {
    validAfter: seconds(6),
    validUntil: seconds(6),
    salt: number(32),
    gasAllowance: number(16),
    paymaster: numberToAddress(number(20)),
  };
  const actions = number(32);
  const actionsHash = actions === 0n ? keccak256("0x") : numberToHex(actions, { size: 32 });
  const budgetCount = byte();
  if (budgetIndex >= budgetCount) throw invalid(`The session has no budget ${budgetIndex}.`);
  const otherBudgets = Array.from({ length: budgetCount - 1 }, () => take(32));
  const token = address();
  const perTransaction = number(16);
  const perPeriod = number(16);
  const period = seconds(4);
  const signatures = byte();
  const sizes = byte();
  const recipients = Array.from({ length: byte() }, address);
  const budget: Budget = {
    token,
    perTransaction,
    perPeriod,
    period,
    initial: 0n,
    perSecond: 0n,
    signatures,
    sizes,
    recipients: recipients.length === 0 ? [ANYONE] : recipients,
  };
  if (at !== size(payload)) throw invalid("The payload goes on after its end.");
  return loggable({
    ...said,
    version,
    key,
    to: payeeOf(budget, payee),
    session,
    actionsHash,
    otherBudgets,
    budget,
  });
}

/** The session and the grant that a payload of version 2 carries. */
function readGranted(bytes: Hex) {
  try {
    return decodeAbiParameters(grantedSession, bytes);
  } catch {
    throw invalid("The payload carries no session and grant that can be read.");
  }
}

const grantedSession = [sessionParameters, ...parseAbiParameters("bytes grant")] as const;

function payeeOf(budget: Budget, payee: bigint): Address {
  if (budget.recipients.length === 1 && BigInt(budget.recipients[0] ?? zeroHash) === BigInt(ANYONE))
    return numberToAddress(payee);
  const recipient = payee < 32n ? budget.recipients[Number(payee)] : undefined;
  if (!recipient) throw invalid(`The budget has no recipient ${payee}.`);
  return recipient;
}

const numberToAddress = (value: bigint): Address => getAddress(numberToHex(value, { size: 20 }));

const invalid = (shortMessage: string) =>
  new Refusal({
    code: "INVALID_PAYLOAD",
    shortMessage,
    metaMessages: ["Pass a payload by encodePayload, without what the account's kind puts around it."],
  });
