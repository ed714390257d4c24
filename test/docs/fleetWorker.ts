/**
 * A worker of docs/recipes/fleet.md in a process of its own, for fleet.test.ts: runs the code of the page.
 *
 * Argument: JSON of {@link WorkerOrders}.
 */
import { createPublicClient, http } from "viem";
import { base } from "viem/chains";
import type { Given } from "./Given.ts";
import { runSnippets } from "./snippets.ts";

/** What a worker is told. */
export type WorkerOrders = Pick<
  Given,
  "rpcUrl" | "redisUrl" | "keyPath" | "grantPath" | "worker" | "orders" | "takeOverAfter"
>;

const { rpcUrl, ...told } = JSON.parse(process.argv[2] as string) as WorkerOrders;
const client = createPublicClient({
  chain: base,
  transport: http(rpcUrl),
  pollingInterval: 20,
  cacheTime: 0,
});
await runSnippets({ page: "docs/recipes/fleet.md", given: { client, fromBlock: 0n, ...told } });
process.exit(0);
