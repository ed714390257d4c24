import { formatUnits } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { SIZE_BITS, type SignedPaymentKind } from "../session/SignedPaymentKind.ts";
import { MOST_CHOSEN_SIZES } from "./defaultSlotSizes.ts";

/** What the chain supports. */
const MOST_SIZES = 8;
/** A period has room for this many payments of the chosen limit: so at most a twentieth of it is too little for one more. */
const LEAST_PAYMENTS = 20n;

/**
 * Fits a budget to the price of most of its signed payments. Such a payment uses up the limit per payment divided by 1,
 * 4, 16 and so on, with Permit2 by 1, 2, 4 and so on; for the typical price this must be the price itself.
 *
 * @param parameters.typicalPrice In base units, as all amounts.
 * @param parameters.perTransaction The limit per payment. Default: the typical price times the largest power of four
 * (with Permit2: two) that leaves room for twenty such payments in a period, at most 256 (128) times.
 * @param parameters.path The budget's path in the caller's arguments, for the message.
 * @throws {InvalidInput} INVALID_LIMIT: a payment of this price would waste more than an eighth, or exceeds a limit.
 */
export function fitTypicalPrice(parameters: {
  typicalPrice: bigint;
  perTransaction: bigint | undefined;
  perPeriod: bigint;
  decimals: number;
  kind: SignedPaymentKind;
  path: string;
}): { perTransaction: bigint; sizes: number } {
  const { typicalPrice, perPeriod, decimals, kind, path } = parameters;
  /** How many times the price a lot of so many sizes is worth, as a power of two. */
  const power = (sizes: number) => BigInt(SIZE_BITS[kind] * (sizes - 1));
  const refuse = (shortMessage: string, metaMessage: string) =>
    new InvalidInput({
      code: "INVALID_LIMIT",
      shortMessage: `${path}${shortMessage}`,
      metaMessages: [metaMessage],
      details: { typicalPrice, perPeriod },
    });
  const given = parameters.perTransaction;
  if (typicalPrice > (given ?? perPeriod))
    throw refuse(".x402.typicalPrice exceeds the budget's limits.", "Lower it, or raise the limits.");
  if (given === undefined) {
    let sizes = 1;
    while (
      sizes < MOST_CHOSEN_SIZES[kind] &&
      (typicalPrice << power(sizes + 1)) * LEAST_PAYMENTS <= perPeriod
    )
      sizes++;
    return { perTransaction: typicalPrice << power(sizes), sizes };
  }
  let sizes = 1;
  while (sizes < MOST_SIZES && given >> power(sizes + 1) >= typicalPrice) sizes++;
  const used = given >> power(sizes);
  if (8n * used <= 9n * typicalPrice) return { perTransaction: given, sizes };
  const text = (amount: bigint) => formatUnits(amount, decimals);
  const fitting = [sizes, sizes + 1].map((one) => typicalPrice << power(one));
  throw refuse(
    `: a payment of ${text(typicalPrice)} would use up ${text(used)} of the limit.`,
    `Set perTransaction to ${fitting
      .filter((one) => one <= perPeriod)
      .map(text)
      .join(" or ")}, or omit it.`,
  );
}
