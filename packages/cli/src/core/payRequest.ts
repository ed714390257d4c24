import { isRefusal, type LedgerEntry, type PaidPayment, readLedger } from "@latchkey/sdk";
import type { OpenAgent } from "@latchkey/sdk/node";
import { CommandError } from "./CommandError.ts";
import type { ConnectParameters } from "./connection.ts";
import { EXIT } from "./exitCodes.ts";
import type { HttpRequest } from "./httpRequest.ts";
import { rememberRefusal } from "./lastRefusal.ts";
import { openSession } from "./openSession.ts";
import { priceLimit } from "./priceLimit.ts";
import { unreachable } from "./readPrice.ts";

/** What {@link payRequest} takes. */
export type PayRequestParameters = ConnectParameters & {
  request: HttpRequest;
  /** Most that it may cost, in whole tokens. */
  max?: string | undefined;
  /** Names the purchase: with the same name it is paid once. */
  idempotencyKey?: string | undefined;
  /** What it is for, for the ledger. */
  purpose?: string | undefined;
  signal: AbortSignal;
  /** Is told what goes on. */
  note(text: string): void;
};

/** A payment, as far as it is known. */
export type MadePayment = Pick<LedgerEntry, "to" | "amount" | "symbol" | "token" | "status" | "transaction">;

/** A shop's response, and what was paid for it. Its body is unread. */
export type PaidResponse = {
  response: Response;
  /** What this request paid; undefined: nothing. */
  paid?: MadePayment;
  /** What an earlier one with the same idempotency key paid. */
  paidBefore?: MadePayment;
};

const WAITING = {
  slot: "Waiting for earlier payments to settle …",
  period: "Waiting for the next period of the limit …",
  claim: "Waiting for another process that makes the same purchase …",
  response: "Waiting for the shop …",
} as const;

/**
 * Makes a request, and pays for it by x402 if the shop asks for it and the session allows it.
 *
 * @throws {CommandError} PRICE: it costs more than `max`. UNREACHABLE, INTERRUPTED; as openSession.
 * @throws {Refusal} As payingFetch.
 */
export async function payRequest(parameters: PayRequestParameters): Promise<PaidResponse> {
  const { request, max, idempotencyKey, purpose, signal, note } = parameters;
  const { url, init } = request;
  const ending = new AbortController();
  const abort = () => ending.abort();
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  let told: PaidPayment | undefined;
  const before = new Set<string>();
  let agent: OpenAgent | undefined;
  let limited: typeof fetch | undefined;
  try {
    const opened = await openSession(parameters, ({ client }) => ({
      ...(max === undefined
        ? {}
        : {
            fetch: async (...given: Parameters<typeof fetch>) => {
              limited ??= priceLimit(client, agent?.grant.chainId ?? 0, max, (reason) =>
                ending.abort(reason),
              );
              return limited(...given);
            },
          }),
      signal: ending.signal,
      onPaid(payment) {
        told = payment;
      },
      onWaiting: ({ reason }) => note(WAITING[reason]),
    }));
    agent = opened.agent;
    for (const { id } of (await readLedger(agent.ledger)).entries) before.add(id);
    const response = await agent.fetch(url, {
      ...init,
      signal: ending.signal,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(purpose === undefined ? {} : { purpose }),
    });
    return { response, ...(await paymentsOf(agent)) };
  } catch (error) {
    throw await rememberRefusal(parameters.folder, explained(error));
  } finally {
    signal.removeEventListener("abort", abort);
  }

  /** What was paid, as the hook or the ledger has it. */
  async function paymentsOf({ ledger }: OpenAgent): Promise<Omit<PaidResponse, "response">> {
    if (told) return { paid: madePayment(told) };
    const { entries } = await readLedger(ledger);
    const what = url.replace(/[?#].*$/, "");
    const own = entries.findLast((one) => !before.has(one.id) && one.kind === "x402" && one.what === what);
    if (own && own.status !== "not settled") return { paid: madePayment(own) };
    const earlier =
      idempotencyKey === undefined
        ? undefined
        : entries.findLast((one) => one.idempotencyKey === idempotencyKey && one.status !== "not settled");
    return earlier ? { paidBefore: madePayment(earlier) } : {};
  }

  function explained(error: unknown): unknown {
    const { reason } = ending.signal;
    if (reason instanceof CommandError) return reason;
    if (signal.aborted && !isRefusal(error, "OUTCOME_UNKNOWN"))
      return new CommandError({
        code: "INTERRUPTED",
        exitCode: EXIT.interrupted,
        message: "Interrupted.",
        whatToDo: [
          "If a payment was made already, the same command sends the same one again: it is paid once.",
        ],
      });
    return error instanceof TypeError ? unreachable(url, error) : error;
  }
}

function madePayment({
  to,
  amount,
  paidAmount,
  symbol,
  token,
  status,
  transaction,
}: LedgerEntry): MadePayment {
  const moved = paidAmount ?? amount;
  return {
    to,
    status,
    ...(moved === undefined ? {} : { amount: moved }),
    ...(symbol === undefined ? {} : { symbol }),
    ...(token === undefined ? {} : { token }),
    ...(transaction === undefined ? {} : { transaction }),
  };
}
