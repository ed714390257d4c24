/**
 * A charging server in a process of its own, over stdio, as hosts start one. Its settings are one JSON object, its argument:
 * where the facilitator is, the chain, the prices, and what goes wrong.
 */
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { type Fault, openChargingServer, type Price } from "./chargingServer.ts";

const { facilitator, chainId, prices, faults } = JSON.parse(process.argv[2] ?? "") as {
  facilitator: string;
  chainId: number;
  prices: Record<string, Omit<Price, "amount"> & { amount: string }>;
  faults: Fault[];
};
const charging = await openChargingServer(
  new HTTPFacilitatorClient({ url: facilitator }),
  chainId,
  Object.fromEntries(
    Object.entries(prices).map(([name, { amount, ...price }]) => [
      name,
      { ...price, amount: BigInt(amount) },
    ]),
  ),
);
charging.faults.push(...faults);
await charging.connect(new StdioServerTransport());
