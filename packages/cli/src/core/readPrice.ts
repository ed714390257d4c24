import { tokenUnit } from "@latchkey/agent-tools";
import { isRefusal, latchkeyScheme, type Refusal } from "@latchkey/sdk";
import type { PaymentRequirements } from "@x402/core/types";
import { type Address, formatUnits, isAddress } from "viem";
import { CommandError } from "./CommandError.ts";
import { EXIT } from "./exitCodes.ts";
import type { HttpRequest } from "./httpRequest.ts";
import { amountOf, offersIn } from "./offers.ts";
import type { OpenSession } from "./openSession.ts";

/** An offer of a shop, and whether the session can pay it. */
export type JudgedOffer = {
  /** With its unit. */
  price: string;
  to: string;
  network: string;
  payable: boolean;
  /** Why not, if not. */
  code?: string;
  why?: string;
};

/** What a request costs. */
export type Price = { free: boolean; status: number; offers: readonly JudgedOffer[] };

/** Most offers that are looked at. */
const MOST_OFFERS = 10;

/**
 * Makes a request without paying, and reads what the shop asks for.
 *
 * @throws {CommandError} UNREACHABLE; NOT_OFFERED: it asks for payment, but not by x402.
 */
export async function readPrice(
  { agent, client }: Pick<OpenSession, "agent" | "client">,
  { url, init }: HttpRequest,
  signal?: AbortSignal,
): Promise<Price> {
  const response = await fetch(url, { ...init, ...(signal && { signal }) }).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw unreachable(url, cause);
  });
  const { status } = response;
  const required = await offersIn(response);
  await response.body?.cancel();
  if (status !== 402) return { free: response.ok, status, offers: [] };
  if (!required || required.accepts.length === 0)
    throw new CommandError({
      code: "NOT_OFFERED",
      exitCode: EXIT.refused,
      message: "The shop asks for payment, but not by x402.",
      whatToDo: ["latchkey cannot pay it."],
      details: { url: originOf(url) },
    });
  const { grant, key, store } = agent;
  const scheme = latchkeyScheme({ client, key, grant, store });
  const { x402Version } = required;
  const offers = await Promise.all(
    required.accepts.slice(0, MOST_OFFERS).map(async (offer): Promise<JudgedOffer> => {
      const facts = await factsOf(offer);
      try {
        scheme.checkOffer(offer, x402Version);
        const refusal = await scheme.refusalOf(offer, x402Version);
        return refusal ? { ...facts, ...reason(refusal) } : { ...facts, payable: true };
      } catch (error) {
        if (!isRefusal(error) || isRefusal(error, "NETWORK")) throw error;
        return { ...facts, ...reason(error) };
      }
    }),
  );
  return { free: false, status, offers };

  async function factsOf(offer: PaymentRequirements) {
    const units = amountOf(offer);
    const { asset, payTo, network } = Object(offer) as Record<string, unknown>;
    const isToken = typeof asset === "string" && isAddress(asset);
    const unit = isToken
      ? await tokenUnit(client, asset as Address, grant.chainId).catch(() => undefined)
      : undefined;
    return {
      price:
        units === undefined
          ? "not known"
          : unit
            ? `${formatUnits(units, unit.decimals)} ${unit.symbol}`
            : `${units} base units of ${asset}`,
      to: String(payTo),
      network: String(network),
    };
  }
}

const reason = ({ code, shortMessage }: Refusal) => ({ payable: false, code, why: shortMessage });

/** A URL's path and query may hold what is nobody's business. */
export const originOf = (url: string) => new URL(url).origin;

/** The failure of a request to a shop. */
export function unreachable(url: string, cause: unknown): CommandError {
  const { cause: inner } = Object(cause) as { cause?: unknown };
  const why = inner instanceof Error ? inner.message : cause instanceof Error ? cause.message : "";
  return new CommandError({
    code: "UNREACHABLE",
    exitCode: EXIT.network,
    message: `${originOf(url)} could not be reached${why ? `: ${why}` : ""}.`,
    whatToDo: ["Nothing was paid by this attempt. Check the URL, or try later."],
    details: { url: originOf(url) },
    cause,
  });
}
