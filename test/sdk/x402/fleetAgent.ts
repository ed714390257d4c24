/**
 * An agent of a fleet, in a process of its own, for fleet.test.ts: makes named purchases, in any order, and writes one line
 * for each that was paid. What fails is tried again.
 *
 * Arguments: JSON of {@link FleetOrders}.
 */
import { type Grant, isRefusal, payingFetch } from "@latchkey/sdk";
import { redisPaymentStore } from "@latchkey/sdk/redis";
import { createClient } from "redis";
import { createPublicClient, type Hex, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** What an agent of the fleet is told. */
export type FleetOrders = {
  rpcUrl: string;
  redisUrl: string;
  /** The resource; each order adds its name. */
  url: string;
  privateKey: Hex;
  /** JSON, with bigints as strings that end in n. */
  grant: string;
  orders: readonly string[];
};

const told = JSON.parse(process.argv[2] as string) as FleetOrders;
const grant = JSON.parse(told.grant, (_, value) =>
  typeof value === "string" && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
) as Grant;
const redis = createClient({ url: told.redisUrl, socket: { reconnectStrategy: 50 } });
redis.on("error", () => {});
await redis.connect();
const pay = payingFetch({
  client: createPublicClient({ transport: http(told.rpcUrl) }),
  key: privateKeyToAccount(told.privateKey),
  grant,
  store: redisPaymentStore(redis),
  resends: 1,
  resendDelay: 50,
  pollingInterval: 100,
});
process.stdout.write("ready\n");
const left = [...told.orders];
while (left.length > 0) {
  const [order] = left.splice(Math.floor(Math.random() * left.length), 1) as [string];
  try {
    const response = await pay(`${told.url}?order=${order}`, { idempotencyKey: order });
    if (!response.ok) throw new Error(`status ${response.status}`);
    process.stdout.write(`paid ${order}\n`);
  } catch (error) {
    // Paid before its process was killed: the shop knows no answer any more.
    if (isRefusal(error, "OUTCOME_UNKNOWN") && error.details.settled === true) {
      process.stdout.write(`paid ${order}\n`);
      continue;
    }
    process.stderr.write(`${order}: ${error instanceof Error ? error.message.split("\n")[0] : error}\n`);
    left.push(order);
    await new Promise((done) => setTimeout(done, 100));
  }
}
process.exit(0);
