import { type Address, concat, type Hex, isAddressEqual, keccak256, numberToHex, toBytes } from "viem";
import type { Budget, Session } from "#sdk/session/Session.ts";
import type { LeftOut } from "../model/LeftOut.ts";
import type { Slot } from "../model/SlotRule.ts";
import type { TokenDomain, Transfer } from "../model/typedData.ts";
import { byte, number, packSession } from "./packSession.ts";

/** A signature by a secp256k1 key. */
export type KeySignature = { r: Hex; s: Hex; yParity: number };

/** What the signature rail is told of one payment. */
export type PayloadParts = {
  session: Session;
  leftOut: LeftOut;
  budgetIndex: number;
  /** Of a node its depth stands for the size. */
  slot: Slot;
  transfer: Pick<Transfer, "to" | "value" | "validAfter" | "validBefore">;
  /** The token's domain, or the scheme of a Permit2 transfer. */
  method: TokenDomain | "exact" | { upto: { facilitator: Address } };
  signature: KeySignature;
  /** The owner's signature; undefined: the session is enabled. */
  grant?: Hex;
  /** Whether the account wraps the digest before it asks, so that no signature over what it asks gives the key. */
  wrapsHash: boolean;
};

/** The token domains that have a code of one byte. */
const CODES: Record<string, number> = { "USD Coin/2": 1, "USDC/2": 2, "EURC/2": 3 };

/** How a payload says by which method it pays. */
function methodBytes(method: PayloadParts["method"]): Hex[] {
  if (method === "exact") return [byte(4)];
  if ("upto" in method) return [byte(5), method.upto.facilitator];
  const code = CODES[`${method.name}/${method.version}`] ?? 0;
  return [
    byte(code),
    ...(code === 0 ? [keccak256(toBytes(method.name)), keccak256(toBytes(method.version))] : []),
  ];
}

/** The payload of a payment, byte by byte as contracts/libraries/Payloads.sol documents it. */
export function packPayload({
  session,
  leftOut,
  budgetIndex,
  slot,
  transfer,
  method,
  signature,
  grant,
  wrapsHash,
}: PayloadParts): Hex {
  const budget = session.budgets[budgetIndex] as Budget;
  const { r, s, yParity } = signature;
  return concat([
    byte((grant === undefined ? 1 : 2) + (wrapsHash ? 2 : 0)),
    ...(wrapsHash ? [session.key] : []),
    byte(budgetIndex),
    number(slot.lot),
    byte(slot.size),
    number(slot.index),
    number(payeeOf(budget, transfer.to)),
    number(transfer.value),
    number(transfer.validAfter),
    number(transfer.validBefore),
    ...methodBytes(method),
    r,
    numberToHex(BigInt(s) | (BigInt(yParity) << 255n), { size: 32 }),
    packSession(session, leftOut),
    grant ?? "0x",
  ]);
}

/** Where the payee stands among the recipients; its address for ANYONE, and from a liar who hopes that it counts. */
function payeeOf({ recipients }: Budget, to: Address): bigint {
  const place = recipients.findIndex((recipient) => isAddressEqual(recipient, to));
  return place < 0 ? BigInt(to) : BigInt(place);
}
