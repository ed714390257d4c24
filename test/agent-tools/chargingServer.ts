import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { type FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import type { PaymentPayload, PaymentRequired } from "@x402/core/types";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { UptoEvmScheme } from "@x402/evm/upto/server";
import type { Address } from "viem";
import { z } from "zod";

/** What a tool costs. */
export type Price = {
  /** In token base units. */
  amount: bigint;
  asset: Address;
  payTo: Address;
  scheme?: "exact" | "upto";
  extra?: Record<string, unknown>;
  /** By upto: what is charged. */
  charge?: bigint;
};

/** What can go wrong between a server and its customer, once it has a payment. */
export type Fault =
  | "close before settling"
  | "close after settling"
  | "silence after settling"
  | "402 before settling"
  | "error before settling"
  | "die after settling";

/** A server whose tools cost something: the MCP SDK's own, with x402's own parts. */
export type ChargingServer = {
  connect(transport: Transport): Promise<void>;
  /** Of the next calls with a payment, the first one first. */
  faults: Fault[];
  /** What it was paid with, in order. */
  payments: PaymentPayload[];
  /** How often it did its work. */
  runs: number;
  /** How often it was called, with a payment or without. */
  calls: number;
  /** Milliseconds that its work takes. */
  work: number;
};

/**
 * Opens a server with the tool `forecast` for each price by its name, and the free tool `prices`. It remembers what it has sold: the
 * same payment for the same call gets the same result again.
 *
 * @param chainId Of the chain that it is paid on.
 */
export async function openChargingServer(
  facilitator: FacilitatorClient,
  chainId: number,
  prices: Record<string, Price>,
): Promise<ChargingServer> {
  const network = `eip155:${chainId}` as const;
  const resources = new x402ResourceServer(facilitator)
    .register(network, new ExactEvmScheme())
    .register(network, new UptoEvmScheme());
  await resources.initialize();
  const sold = new Map<string, CallToolResult>();
  const charging: ChargingServer = { connect, faults: [], payments: [], runs: 0, calls: 0, work: 0 };

  async function connect(transport: Transport): Promise<void> {
    const server = new McpServer({ name: "weather", version: "1.0.0" });
    for (const [name, price] of Object.entries(prices))
      server.registerTool(
        name,
        {
          inputSchema: { city: z.string(), days: z.number().optional() },
          outputSchema: { forecast: z.string() },
        },
        async ({ city, days = 1 }, { _meta, sendNotification }) => {
          charging.calls++;
          const progress = (done: number) =>
            sendNotification({
              method: "notifications/progress",
              params: { progressToken: _meta?.progressToken ?? 0, progress: done, total: 2 },
            });
          if (_meta?.progressToken !== undefined) await progress(1);
          const {
            scheme = "exact",
            payTo,
            amount,
            asset,
            extra = { name: "USD Coin", version: "2" },
          } = price;
          const offered = { scheme, payTo, network, price: { amount: `${amount}`, asset, extra } };
          const required = await resources.createPaymentRequiredResponse(
            await resources.buildPaymentRequirementsFromOptions([offered], {}),
            { url: `mcp://tool/${name}`, description: `Forecasts by ${name}` },
          );
          const payment = _meta?.["x402/payment"] as PaymentPayload | undefined;
          if (!payment) return asking({ ...required, error: "Payment required" });
          charging.payments.push(payment);
          const fault = charging.faults.shift();
          if (fault === "close before settling") await server.close();
          if (fault === "402 before settling") return asking({ ...required, error: "Payment required" });
          if (fault === "error before settling")
            return { isError: true, content: [{ type: "text", text: "The model is down." }] };
          const call = JSON.stringify([name, city, days, payment]);
          const before = sold.get(call);
          if (before) return before;
          const accepted = resources.findMatchingRequirements(required.accepts, payment);
          if (!accepted) return asking({ ...required, error: "No matching payment requirements" });
          const verified = await resources.verifyPayment(payment, accepted);
          if (!verified.isValid) return asking({ ...required, error: verified.invalidReason ?? "invalid" });
          charging.runs++;
          await new Promise((done) => setTimeout(done, charging.work));
          if (_meta?.progressToken !== undefined) await progress(2);
          const settled = await resources.settlePayment(
            payment,
            accepted,
            undefined,
            undefined,
            price.charge === undefined ? undefined : { amount: `${price.charge}` },
          );
          if (!settled.success) return asking({ ...required, error: settled.errorReason ?? "not settled" });
          const forecast = `${city}: ${"sun, ".repeat(days)}then rain`;
          const result: CallToolResult = {
            content: [{ type: "text", text: forecast }],
            structuredContent: { forecast },
            _meta: { "x402/payment-response": settled },
          };
          sold.set(call, result);
          if (fault === "close after settling") await server.close();
          if (fault === "silence after settling") await new Promise(() => {});
          if (fault === "die after settling") process.kill(process.pid, "SIGKILL");
          return result;
        },
      );
    server.registerTool("prices", { description: "What forecasts cost: free" }, async () => {
      charging.calls++;
      return { content: [{ type: "text", text: JSON.stringify({ x402Version: 2, accepts: [] }) }] };
    });
    await server.connect(transport);
  }
  return charging;
}

/** What asks for a payment, as x402 writes it. */
export const asking = (required: PaymentRequired): CallToolResult => ({
  isError: true,
  structuredContent: required,
  content: [{ type: "text", text: JSON.stringify(required) }],
});
