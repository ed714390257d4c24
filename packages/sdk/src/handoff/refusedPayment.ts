import { type Address, maxUint128 } from "viem";
import { amountText, type TokenUnit } from "../errors/amountText.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import type { Refusal } from "../errors/Refusal.ts";
import { parseAddress } from "../internal/parseAddress.ts";

/** A refusal, or what `JSON.stringify` makes of one. */
export type RefusalToRaise = Pick<Refusal, "code" | "details">;

/** What a refusal for a limit says of the payment. */
export type RefusedPayment = {
  code: "PER_TRANSACTION" | "PERIOD" | "RECIPIENT";
  token: Address;
  amount: bigint | undefined;
  recipient: Address | undefined;
  /** How it was to be signed; undefined for an execution of the key. */
  method: "eip3009" | "permit2-exact" | "permit2-upto" | undefined;
};

/**
 * Reads from a refusal which payment it is about.
 *
 * @throws {InvalidInput} INVALID_INPUT: it is for no limit, or the payment may have been made; INVALID_ADDRESS.
 */
export function refusedPayment(refusal: RefusalToRaise): RefusedPayment {
  const { code, details } = Object(refusal) as RefusalToRaise;
  if (code !== "PER_TRANSACTION" && code !== "PERIOD" && code !== "RECIPIENT")
    throw invalid(`A refusal with the code ${String(code)} is not for a limit that the owner could raise.`, [
      "Pass one with the code PER_TRANSACTION, PERIOD or RECIPIENT. Of any other, do what its own message says;",
      "if the session is over, ask for a new one with requestSession.",
    ]);
  if (details && "nonce" in details)
    throw invalid("The refused payment is signed, and others have seen it: it may still settle.", [
      "Wait until details.validBefore, and check whether it was paid, before you ask for more.",
    ]);
  const { token, amount, recipient, method } = Object(details) as Refusal["details"];
  const isSigned = method === "eip3009" || method === "permit2-exact" || method === "permit2-upto";
  return {
    code,
    token: parseAddress(token as Address, "refusal.details.token"),
    amount: amount === undefined ? undefined : wholeAmount(amount),
    recipient:
      recipient === undefined ? undefined : parseAddress(recipient as Address, "refusal.details.recipient"),
    method: isSigned ? method : undefined,
  };
}

/**
 * Why the payment was refused, in one sentence for the owner.
 *
 * @param unit Of the token. Default: what the SDK knows.
 */
export function refusalText({ code, token, amount, recipient }: RefusedPayment, unit?: TokenUnit): string {
  const payment = `A payment${amount === undefined ? "" : ` of ${amountText(amount, token, unit)}`}${recipient === undefined ? "" : ` to ${recipient}`}`;
  return {
    PER_TRANSACTION: `${payment} exceeds the limit per payment.`,
    PERIOD: `${payment} exceeds what is left in this period.`,
    RECIPIENT: `${payment} is not to one of the recipients.`,
  }[code];
}

/** As a refusal has it, or its JSON. */
function wholeAmount(amount: unknown): bigint {
  const value =
    typeof amount === "string" && /^[0-9]{1,39}$/.test(amount)
      ? BigInt(amount)
      : typeof amount === "bigint"
        ? amount
        : 0n;
  if (value > 0n && value <= maxUint128) return value;
  throw invalid("refusal.details.amount is not an amount that a session can allow.", [
    "Pass the refusal as it was thrown, or its JSON.",
  ]);
}

const invalid = (shortMessage: string, metaMessages: [string, ...string[]]) =>
  new InvalidInput({ code: "INVALID_INPUT", shortMessage, metaMessages, details: { path: "refusal" } });
