import type { PaymentRequired, PaymentRequirements } from "@x402/core/types";
import { Refusal } from "../../errors/Refusal.ts";
import type { PayableOffer } from "./checkOffer.ts";

/** Most offers of one response that the chain is asked about. */
const MOST_TRIED = 10;

/**
 * Checks what a server asks, as far as it concerns all of its offers.
 *
 * @throws {Refusal} OFFER_MALFORMED; NOT_OFFERED for an unknown version.
 */
export function requireReadable(required: PaymentRequired): void {
  // JSON may be null.
  const { x402Version, accepts, extensions } = Object(required);
  if (!Number.isInteger(x402Version))
    throw malformed("x402Version", "The server's payment offer states no version of x402.");
  if (x402Version !== 1 && x402Version !== 2) {
    throw new Refusal({
      code: "NOT_OFFERED",
      shortMessage: `The server uses x402 version ${x402Version}; versions 1 and 2 are supported.`,
      metaMessages: ["Nothing was signed. Ask the merchant for version 2."],
      details: { x402Version },
    });
  }
  if (!Array.isArray(accepts) || accepts.length === 0)
    throw malformed("accepts", "The server's payment offer lists no way to pay.");
  if (extensions !== undefined && (typeof extensions !== "object" || extensions === null))
    throw malformed("extensions", "The extensions of the server's payment offer are not an object.");
}

/**
 * The offers of a response that a session can pay, as far as that is known without the chain: the cheapest first. Amounts of
 * different tokens cannot be compared, so the tokens are in the server's order.
 *
 * @param check Throws the reason why the session cannot pay an offer.
 * @returns Those offers, and the reasons for the others.
 */
export function offersInOrder(
  { accepts }: PaymentRequired,
  check: (offer: PaymentRequirements) => PayableOffer,
): { payable: PaymentRequirements[]; refusals: Refusal[] } {
  const found: { offer: PaymentRequirements; budgetIndex: number; amount: bigint }[] = [];
  const refusals: Refusal[] = [];
  for (const offer of accepts) {
    try {
      found.push({ offer, ...check(offer) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusals.push(error);
    }
  }
  const budgets = [...new Set(found.map(({ budgetIndex }) => budgetIndex))];
  const payable = budgets.flatMap((index) =>
    found
      .filter(({ budgetIndex }) => budgetIndex === index)
      .sort((a, b) => (a.amount < b.amount ? -1 : a.amount > b.amount ? 1 : 0)),
  );
  return { payable: payable.slice(0, MOST_TRIED).map(({ offer }) => offer), refusals };
}

const malformed = (field: string, shortMessage: string): Refusal =>
  new Refusal({
    code: "OFFER_MALFORMED",
    shortMessage,
    metaMessages: ["Nothing was signed. Tell the merchant: no session can pay this offer."],
    details: { field },
  });
