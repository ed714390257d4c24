import { type Address, concat, type Hex, isAddressEqual, numberToHex, size } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { parseList } from "../internal/parseList.ts";
import { hashActions } from "./hashActions.ts";
import { hashBudget } from "./hashBudget.ts";
import { readSession } from "./readSession.ts";
import { type Action, ANYONE, type Budget, type Session } from "./Session.ts";
import { LEFT_OUT, type WholeParts } from "./WholeParts.ts";

/**
 * A session's own bytes, without its account and its key: the packed form that the modules read on every rail.
 * `contracts/libraries/SessionReader.sol` has it field by field.
 *
 * @param whole Which parts are whole; the others are replaced by their EIP-712 hashes. Default: everything.
 * @throws {InvalidInput} MALFORMED_SESSION for a session that cannot be packed: lists that are too long, no recipient
 * or {@link ANYONE} beside others, `initial` without `perSecond`, `signatures` above 7 or `sizes` above 15; INVALID_INPUT:
 * `whole` is not valid.
 */
export function packSession(session: Session, whole?: WholeParts): Hex {
  const { validAfter, validUntil, epoch, salt, gasAllowance, paymaster, budgets, actions } =
    readSession(session);
  const wholeBudgets = whole && parseList(whole.budgets, "whole.budgets", (index: number) => index);
  const coded = [code(epoch, 8), code(gasAllowance, 16), code(BigInt(paymaster), 20)] as const;
  if (budgets.length > 8) throw malformed("ENCODING", 0);
  const actionsWhole = whole?.actions ?? true;
  const parts = [
    numberToHex(validAfter, { size: 6 }),
    numberToHex(validUntil, { size: 6 }),
    byte(coded[0].code | (coded[1].code << 2) | (coded[2].code << 4)),
    ...coded.map(({ follows }) => follows),
    packNumber(salt),
    byte(budgets.length),
    ...budgets.map((budget, index) =>
      wholeBudgets && !wholeBudgets.includes(index)
        ? concat([byte(LEFT_OUT), hashBudget(budget)])
        : packBudget(budget, index),
    ),
    ...(actionsWhole || actions.length === 0 ? packActions(actions) : [byte(LEFT_OUT), hashActions(actions)]),
  ];
  return inLowerCase(concat(parts));
}

/**
 * What the modules' entry points and views take as `session`: the account, the key, then {@link packSession}.
 *
 * @throws {InvalidInput} MALFORMED_SESSION, as {@link packSession}.
 */
export function encodeSession(session: Session, whole?: WholeParts): Hex {
  const own = packSession(session, whole);
  return inLowerCase(concat([session.account, session.key, own]));
}

/** One byte with the number of bytes, then the bytes, without leading zeros. */
export function packNumber(value: bigint): Hex {
  if (value === 0n) return "0x00";
  const digits = value.toString(16);
  const bytes: Hex = `0x${digits.length % 2 ? "0" : ""}${digits}`;
  return concat([byte(size(bytes)), bytes]);
}

/** Bytes have no checksum: the same session has the same text, regardless of the case of its addresses. */
const inLowerCase = (bytes: Hex): Hex => bytes.toLowerCase() as Hex;

const byte = (value: number): Hex => numberToHex(value, { size: 1 });

/** The code of a field, and the bytes that follow. */
function code(value: bigint, width: number): { code: number; follows: Hex } {
  if (value === 0n) return { code: 0, follows: "0x" };
  if (value === (1n << BigInt(8 * width)) - 1n) return { code: 1, follows: "0x" };
  return { code: 2, follows: packNumber(value) };
}

function packBudget(budget: Budget, index: number): Hex {
  const { token, perTransaction, perPeriod, period, initial, perSecond, signatures, sizes, recipients } =
    budget;
  const isStream = perSecond !== 0n;
  if (initial !== 0n && !isStream) throw malformed("STREAM", index);
  if (signatures > 7 || sizes > 15 || (isStream && signatures === 7 && sizes === 15))
    throw malformed("SLOTS", index);
  return concat([
    byte((isStream ? 128 : 0) | (signatures << 4) | sizes),
    token,
    packNumber(perTransaction),
    packNumber(perPeriod),
    packNumber(BigInt(period)),
    ...(isStream ? [packNumber(initial), packNumber(perSecond)] : []),
    ...packRecipients(recipients, index),
  ]);
}

function packRecipients(recipients: readonly Address[], index: number): Hex[] {
  const anyone = recipients.some((recipient) => isAddressEqual(recipient, ANYONE));
  if (anyone && recipients.length === 1) return [byte(255)];
  if (anyone || recipients.length === 0 || recipients.length > 32) throw malformed("RECIPIENTS", index);
  return [byte(recipients.length), ...recipients];
}

function packActions(actions: readonly Action[]): Hex[] {
  if (actions.length > 32) throw malformed("ENCODING", 0);
  return [
    byte(actions.length),
    ...actions.flatMap(({ target, selector, rules }, index) => {
      if (rules.length > 8) throw malformed("ENCODING", index);
      return [
        target,
        selector,
        byte(rules.length),
        ...rules.map(({ offset, op, value }) =>
          concat([numberToHex(offset, { size: 2 }), byte(op), packNumber(BigInt(value))]),
        ),
      ];
    }),
  ];
}

const malformed = (flaw: "ENCODING" | "STREAM" | "SLOTS" | "RECIPIENTS", index: number) =>
  new InvalidInput({
    code: "MALFORMED_SESSION",
    shortMessage: `The session is malformed: ${flaw}, at index ${index}.`,
    metaMessages: ["Pass a session from proposeSession, createSession or parseGrant."],
    details: { flaw, index },
  });
