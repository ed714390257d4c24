import { tokenUnit } from "@latchkey/agent-tools";
import type { PaymentRequirements } from "@x402/core/types";
import { type Chain, type Client, formatUnits, isAddress, parseUnits, type Transport } from "viem";
import { CommandError } from "./CommandError.ts";
import { EXIT } from "./exitCodes.ts";
import { amountOf, offersIn, paymentIn, withOffers } from "./offers.ts";

/**
 * A `fetch` under a paying one, which keeps from it what costs more than a limit: such offers, and a payment of an earlier
 * attempt.
 *
 * @param most In whole tokens, of whichever token is asked for.
 * @param stop Ends the purchase: what a `fetch` throws would be taken for a failed connection once a payment is made.
 */
export function priceLimit(
  client: Client<Transport, Chain | undefined>,
  chainId: number,
  most: string,
  stop: (reason: CommandError) => void,
): typeof fetch {
  const limitOf = async (asset: unknown) => {
    if (typeof asset !== "string" || !isAddress(asset)) return undefined;
    const unit = await tokenUnit(client, asset, chainId).catch(() => undefined);
    return unit && { ...unit, limit: parseUnits(most, unit.decimals) };
  };
  const tooMuch = (price: string, isSigned: boolean) =>
    new CommandError({
      code: "PRICE",
      exitCode: EXIT.refused,
      message: `The price is ${price}, and --max is ${most}.`,
      whatToDo: [
        isSigned
          ? "An earlier attempt has signed a payment of this price: it was not sent again."
          : "Nothing was signed. Pass a higher --max, or another shop's URL.",
      ],
      details: { price, max: most },
    });

  /** Prices that were let through: payments of version 1 do not name their token. */
  const passed = new Set<bigint>();

  return async (input, init) => {
    const payment = paymentIn(new Headers(init?.headers));
    if (payment) {
      const known = await limitOf(payment.asset);
      if (known ? payment.units > known.limit : !passed.has(payment.units)) {
        const price = known ? `${formatUnits(payment.units, known.decimals)} ${known.symbol}` : "not known";
        const reason = tooMuch(price, true);
        stop(reason);
        throw reason;
      }
      return fetch(input, init);
    }
    const response = await fetch(input, init);
    const required = await offersIn(response);
    if (!required) return response;
    const cheap: PaymentRequirements[] = [];
    let price: string | undefined;
    for (const offer of required.accepts) {
      const known = await limitOf(offer.asset);
      const units = amountOf(offer);
      if (!known || units === undefined) continue;
      if (units <= known.limit) {
        cheap.push(offer);
        passed.add(units);
      } else price ??= `${formatUnits(units, known.decimals)} ${known.symbol}`;
    }
    if (cheap.length === required.accepts.length) return response;
    if (cheap.length > 0) return withOffers(response, required, cheap);
    throw tooMuch(price ?? "not known", false);
  };
}
