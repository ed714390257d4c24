import {
  type Address,
  getAddress,
  type Hex,
  isAddressEqual,
  isHex,
  keccak256,
  numberToHex,
  size,
  slice,
  toBytes,
} from "viem";
import { loggable } from "../../errors/json.ts";
import { Refusal } from "../../errors/Refusal.ts";
import { ANYONE, type Budget } from "../../session/Session.ts";
import type { Slot } from "../../session/Slot.ts";
import { type UnpackedSession, unpackSession } from "../../session/unpackSession.ts";
import { PERMIT2_EXACT_CODE, PERMIT2_UPTO_CODE } from "./paymentMethodCode.ts";
import { knownTokenDomains } from "./tokenDomainCode.ts";

/** A decoded payload, not validated. */
export type DecodedPayload = {
  budgetIndex: number;
  /** By Permit2 a node, whose depth is the slot's size. */
  slot: Slot;
  /** As packed: below 32 an index among the budget's recipients, else the address itself. */
  payee: bigint;
  /** The payee for that number. */
  to: Address;
  value: bigint;
  /** Of the authorization, or of x402's witness. */
  validAfter: bigint;
  /** Of the authorization, or Permit2's deadline. */
  validBefore: bigint;
  /** 64 bytes, EIP-2098. */
  keySignature: Hex;
  /** In versions 3 and 4; in 1 and 2 it is recovered from the signature. */
  key: Address | undefined;
  session: UnpackedSession;
} & ({ version: 1 | 3 } | { version: 2 | 4; grant: Hex }) &
  DecodedMethod;

/** How the payment is made. */
type DecodedMethod =
  | { method: "eip3009"; tokenDomain: { nameHash: Hex; versionHash: Hex } }
  | { method: "permit2-exact" }
  | {
      method: "permit2-upto";
      /** Who may settle. */
      facilitator: Address;
    };

/**
 * Decodes a payload, for tests and to inspect what an agent signed. It rejects what the module's
 * parser rejects as malformed: trailing bytes, numbers wider than their fields or with leading zeros, unknown versions and
 * codes.
 *
 * @throws {Refusal} INVALID_PAYLOAD
 */
export function decodePayload(payload: Hex): DecodedPayload {
  if (typeof payload !== "string" || !isHex(payload)) throw invalid("The payload is not valid hex.");
  let at = 0;
  const take = (bytes: number): Hex => {
    if (bytes === 0) return "0x";
    if (at + bytes > size(payload)) throw invalid("The payload is too short.");
    at += bytes;
    return slice(payload, at - bytes, at);
  };
  const byte = () => Number(take(1));
  const number = (width: number): bigint => {
    const bytes = byte();
    if (bytes > width) throw invalid(`A number in the payload has ${bytes} bytes; the maximum is ${width}.`);
    const digits = take(bytes);
    if (digits.startsWith("0x00")) throw invalid("A number in the payload has leading zeros.");
    return bytes === 0 ? 0n : BigInt(digits);
  };
  const address = () => getAddress(take(20));

  const version = byte();
  if (version !== 1 && version !== 2 && version !== 3 && version !== 4)
    throw invalid(`Payload version ${version} is not supported.`);
  const key = version > 2 ? address() : undefined;
  const budgetIndex = byte();
  const slot: Slot = { lot: number(16), size: byte(), index: number(2) };
  const payee = number(20);
  const value = number(16);
  const validAfter = number(32);
  const validBefore = number(32);
  const methodOf = (code: number): DecodedMethod => {
    if (code === PERMIT2_EXACT_CODE) return { method: "permit2-exact" };
    if (code === PERMIT2_UPTO_CODE) return { method: "permit2-upto", facilitator: address() };
    const known = knownTokenDomains[code];
    if (code !== 0 && !known) throw invalid(`The payload's token domain ${code} is unknown.`);
    const tokenDomain = known
      ? { nameHash: keccak256(toBytes(known.name)), versionHash: keccak256(toBytes(known.version)) }
      : { nameHash: take(32), versionHash: take(32) };
    return { method: "eip3009", tokenDomain };
  };
  const method = methodOf(byte());
  const keySignature = take(64);
  const { session, rest } = sessionIn(at < size(payload) ? slice(payload, at) : "0x");
  const budget = session.budgets[budgetIndex];
  if (!budget) throw invalid(`The session has no budget ${budgetIndex}.`);
  if (typeof budget === "string") throw invalid("The paying budget is omitted.");
  const to = payeeOf(budget, payee);
  const said = {
    key,
    budgetIndex,
    slot,
    payee,
    to,
    value,
    validAfter,
    validBefore,
    ...method,
    keySignature,
    session,
  };
  if (version === 1 || version === 3) {
    if (rest !== "0x") throw invalid("The payload has trailing bytes.");
    return loggable({ ...said, version });
  }
  if (rest === "0x") throw invalid("The payload carries no grant.");
  return loggable({ ...said, version, grant: rest });
}

function sessionIn(bytes: Hex) {
  try {
    return unpackSession(bytes);
  } catch (cause) {
    throw invalid(cause instanceof Refusal ? cause.shortMessage : "The payload carries no session.");
  }
}

function payeeOf(budget: Budget, payee: bigint): Address {
  const recipient = payee < 32n ? budget.recipients[Number(payee)] : numberToAddress(payee);
  if (!recipient) throw invalid(`The budget has no recipient ${payee}.`);
  const allowed = budget.recipients.some((one) => one === ANYONE || isAddressEqual(one, recipient));
  if (!allowed) throw invalid(`${recipient} is not a recipient of the budget.`);
  return recipient;
}

const numberToAddress = (value: bigint): Address => getAddress(numberToHex(value, { size: 20 }));

const invalid = (shortMessage: string) =>
  new Refusal({
    code: "INVALID_PAYLOAD",
    shortMessage,
    metaMessages: ["Pass a payload from encodePayload, without the account's wrapping."],
  });
