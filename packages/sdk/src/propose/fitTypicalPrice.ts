import { formatUnits } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";

/** What the chain supports. */
const MOST_SIZES = 8;
/** More sizes than this cost each payment more gas than a larger limit is worth. */
const CHOSEN_SIZES = 5;
/** A period has room for this many payments of the chosen limit: so at most a twentieth of it is too little for one more. */
const LEAST_PAYMENTS = 20n;

/**
 * Fits a budget to the price of most of its signed payments. Such a payment uses up the limit per payment divided by 1,
 * 4, 16 and so on; for the typical price this must be the price itself.
 *
 * @param parameters.typicalPrice In base units, as all amounts.
 * @param parameters.perTransaction The limit per payment. Default: the typical price times the largest power of four
 * that leaves room for twenty such payments in a period, at most 256 times.
 * @param parameters.path The budget's path in the caller's arguments, for the message.
 * @throws {InvalidInput} INVALID_LIMIT: a payment of this price would waste more than an eighth, or exceeds a limit.
 */
export function fitTypicalPrice(parameters: {
  typicalPrice: bigint;
  perTransaction: bigint | undefined;
  perPeriod: bigint;
  decimals: number;
  path: string;
}): { perTransaction: bigint; sizes: number } {
  const { typicalPrice, perPeriod, decimals, path } = parameters;
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
    while (sizes < CHOSEN_SIZES && (typicalPrice << BigInt(2 * sizes)) * LEAST_PAYMENTS <= perPeriod) sizes++;
    return { perTransaction: typicalPrice << BigInt(2 * (sizes - 1)), sizes };
  }
  let sizes = 1;
  while (sizes < MOST_SIZES && given >> BigInt(2 * sizes) >= typicalPrice) sizes++;
  const used = given >> BigInt(2 * (sizes - 1));
  if (8n * used <= 9n * typicalPrice) return { perTransaction: given, sizes };
  const text = (amount: bigint) => formatUnits(amount, decimals);
  const fitting = [sizes - 1, sizes].map((power) => typicalPrice << BigInt(2 * power));
  throw refuse(
    `: a payment of ${text(typicalPrice)} would use up ${text(used)} of the limit.`,
    `Set perTransaction to ${fitting
      .filter((one) => one <= perPeriod)
      .map(text)
      .join(" or ")}, or omit it.`,
  );
}
