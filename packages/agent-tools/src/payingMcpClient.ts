import {
  type PayingFetchParameters,
  type PayingRequestInit,
  type PaymentStore,
  payingFetch,
  Refusal,
} from "@latchkey/sdk";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { RequestOptions } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { CallToolRequest } from "@modelcontextprotocol/sdk/types.js";
import {
  decodePaymentSignatureHeader,
  encodePaymentRequiredHeader,
  encodePaymentResponseHeader,
} from "@x402/core/http";
import type { PaymentRequired } from "@x402/core/types";
import {
  canonicalJson,
  offerInError,
  offersIn,
  PAYMENT,
  receiptIn,
  requireOneOffer,
  type ToolAnswer,
} from "./mcpPayment.ts";

/** Options of {@link payingMcpClient}. */
export type PayingMcpParameters = Omit<PayingFetchParameters, "fetch"> & {
  /**
   * Your own name for the server, as in your host's configuration: the same after every restart, and another one for each
   * server. Purchases are known by it, and the ledger has it in `what`: `mcp://weather/forecast`.
   */
  server: string;
  /** One for all servers, and all agents, that one session pays. */
  store: PaymentStore;
};

/** Options of one tool call: those of the MCP client, and the purchase's own. */
export type PayingToolOptions = RequestOptions & Pick<PayingRequestInit, "idempotencyKey" | "purpose">;

/** A client whose tool calls are paid. */
export type PayingToolCaller = {
  callTool(
    params: CallToolRequest["params"],
    resultSchema?: Parameters<Client["callTool"]>[1],
    options?: PayingToolOptions,
  ): ReturnType<Client["callTool"]>;
};

// biome-ignore lint/suspicious/noExplicitAny: a client with any messages of its own pays as well.
type AnyClient = Client<any, any, any>;
type ToolParams = CallToolRequest["params"];
type ToolRequest = { method: string; params?: ToolParams };
type ResultSchema = Parameters<AnyClient["request"]>[1];

/** One tool call, as the caller made it. */
type ToolCall = { params: ToolParams; resultSchema: ResultSchema; options: RequestOptions };

/** What a tool call came to: the server's result or its error, as it is. */
type Outcome = { result: ToolAnswer } | { error: unknown };

/** The header that leads from a request to its tool call. It never leaves this process. */
const CALL = "x-tool-call";

/** The status of a failure of the server's own, after which a payment stays open. */
const FAILED = 500;

/** The longest time that a timer has, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** By which the MCP client itself says that there was no answer: the connection was closed, or the time is over. */
const UNANSWERED = [-32000, -32001];

/** Statuses by which a gateway says that the server behind it still works. */
const STILL_WORKING = [504, 524];

/**
 * An MCP client that pays: if a server answers a tool call with an x402 offer that the session allows, the call is repeated
 * with a payment from the account. Otherwise it works as the client, on its connection.
 *
 * It gives the guarantees of `payingFetch`. One purchase pays at most once: it is known by server, tool and arguments, in
 * whichever order these are, or named by `idempotencyKey`. Its payment is stored before the server sees it, and is the only
 * one that is sent for it, also when the connection is lost and the call made again on another one.
 *
 * The MCP client's `timeout` applies to a call without a payment. One with a payment has the time that the offer gives it, or
 * the `timeout` in `parameters`; to give up earlier, abort the `signal`. Calls as tasks are not paid.
 *
 * @param mcp Stays as it is.
 * @returns A client that can be passed on as one. A result that still asks for a payment was not paid, as far as the chain
 * shows; it has its offer as text alone.
 * @throws {Refusal} INVALID_LIMIT for an option, and what `payingFetch` throws. A call throws what `payingFetch`, and what the
 * MCP client throws.
 *
 * @example
 * const weather = payingMcpClient(mcp, { server: "weather", client, key, grant, store });
 * const forecast = await weather.callTool({ name: "forecast", arguments: { city: "Oslo" } });
 */
export function payingMcpClient<client extends AnyClient>(
  mcp: client,
  { server, ...parameters }: PayingMcpParameters,
): client & PayingToolCaller {
  for (const [name, value] of Object.entries({ server, store: parameters.store }))
    if (!value) throw refuseMissing(name);
  const calls = new Map<string, ToolCall>();
  const outcomes = new WeakMap<Response, Outcome>();
  let count = 0;
  const pay = payingFetch({ ...parameters, fetch: (_, init) => exchange(init ?? {}) });

  /** Pays for a tool call. What is named is what is sent: whatever becomes of the caller's objects meanwhile. */
  async function request(
    params: ToolParams,
    resultSchema: ResultSchema,
    { idempotencyKey, purpose, ...options }: PayingToolOptions,
  ): Promise<ToolAnswer> {
    const { name, arguments: given = {} } = params;
    const body = canonicalJson({ name, arguments: given });
    const id = `${++count}`;
    calls.set(id, { params: { ...params, ...JSON.parse(body) }, resultSchema, options });
    try {
      const response = await pay(`mcp://${encodeURIComponent(server)}/${encodeURIComponent(name)}`, {
        method: "POST",
        body,
        headers: { [CALL]: id },
        signal: options.signal,
        idempotencyKey,
        purpose,
      });
      const outcome = outcomes.get(response) as Outcome;
      if ("error" in outcome) throw outcome.error;
      if (response.status !== 402) return outcome.result;
      // A client checks structured content by the tool's own schema, which an offer does not fit.
      const { structuredContent: _, ...result } = outcome.result;
      return result;
    } finally {
      calls.delete(id);
    }
  }

  /** Makes a tool call for the paying fetch: what that has in headers is in the `_meta` of the call and of the result. */
  async function exchange({ headers: own, signal }: RequestInit): Promise<Response> {
    const headers = new Headers(own);
    const { params, resultSchema, options } = calls.get(headers.get(CALL) ?? "") as ToolCall;
    const payment = headers.get("PAYMENT-SIGNATURE") ?? headers.get("X-PAYMENT");
    const _meta = payment
      ? { ...params._meta, [PAYMENT]: decodePaymentSignatureHeader(payment) }
      : params._meta;
    try {
      const result: ToolAnswer = await mcp.request(
        { method: "tools/call", params: { ...params, ...(_meta && { _meta }) } },
        resultSchema,
        // How long a payment may take is decided by the paying fetch, which aborts the signal.
        {
          ...options,
          ...(signal && { signal }),
          ...(payment && { timeout: LONGEST, maxTotalTimeout: LONGEST }),
        },
      );
      const offers = offersIn(result);
      if (!payment) requireOneOffer(offers);
      return respond({ result }, offers[0]);
    } catch (error) {
      const offer = offerInError(error);
      if (!offer && !(payment && isAnswer(error))) throw error;
      return respond({ error }, offer);
    }
  }

  /** What the paying fetch is told of an outcome. */
  function respond(outcome: Outcome, offer: PaymentRequired | undefined): Response {
    const { result = {}, error } = outcome as { result?: ToolAnswer; error?: unknown };
    const receipt = receiptIn(result, offer);
    const headers = {
      ...(offer && { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(offer) }),
      ...(receipt && { "PAYMENT-RESPONSE": encodePaymentResponseHeader(receipt) }),
    };
    const status = offer ? 402 : error ? statusOf(error) : result.isError === true ? FAILED : 200;
    const response = new Response(null, { status, headers });
    outcomes.set(response, outcome);
    return response;
  }

  const paying: client & PayingToolCaller = new Proxy(mcp, {
    get(target, name) {
      if (name === "request") return requestPaying;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function" || Object.hasOwn(target, name)) return value;
      // The client's own, which makes its request by the function above and checks the result.
      return value.bind(name === "callTool" ? paying : target);
    },
  });
  return paying;

  function requestPaying(asked: ToolRequest, resultSchema: ResultSchema, options: PayingToolOptions = {}) {
    const { method, params } = asked;
    const isPaid =
      method === "tools/call" &&
      !options.task &&
      !params?.task &&
      !Object.hasOwn(Object(params?._meta), PAYMENT);
    return isPaid && params
      ? request(params, resultSchema, options)
      : mcp.request(asked, resultSchema, options);
  }
}

/** Whether an error is the server's answer. All others say nothing about what has become of a payment. */
const isAnswer = (error: unknown): boolean => {
  const { name, code } = Object(error);
  if (name === "McpError") return !UNANSWERED.includes(code);
  return /ZodError$/.test(name) || STILL_WORKING.includes(code);
};

/** The status by which the paying fetch knows what an error means. */
const statusOf = (error: unknown): number => {
  const { code } = Object(error);
  return STILL_WORKING.includes(code) ? code : FAILED;
};

const refuseMissing = (option: string): Refusal =>
  new Refusal({
    code: "INVALID_LIMIT",
    shortMessage: `${option} is missing.`,
    metaMessages: [
      "Nothing was sent. Name the server, and share one store between all servers that one session pays.",
    ],
    details: { option },
  });
