import type { Route } from "playwright-core";
import { world } from "./fixture.ts";
import type { Human } from "./Human.ts";

/** What can be wrong between a human's browser and the chain. */
export type ChainFault =
  /** Nothing listens there. */
  | "unreachable"
  /** Requests are taken and never answered. */
  | "silent"
  /** Another chain answers there. */
  | "another chain"
  /** The node has no accounts of its own, as no public node has. */
  | "no accounts";

const anywhere = () => `${world().rpcUrl}/**`;

/** Puts a fault between one human and the chain; the others, the agents among them, reach it as before. */
export async function breakChain(human: Human, fault: ChainFault): Promise<void> {
  await human.context.unroute(anywhere());
  if (fault === "another chain") return lie(human, "eth_chainId", "0x1");
  if (fault === "no accounts") return lie(human, "eth_accounts", []);
  // What the browser itself says of a connection that broke.
  human.expectProblem(/console error: Failed to load resource: net::ERR_/);
  await human.context.route(anywhere(), async (route) => {
    if (fault === "unreachable") await route.abort("connectionrefused");
  });
}

/** Takes the fault away. */
export const mendChain = (human: Human): Promise<void> => human.context.unroute(anywhere());

type Message = { id: number; method?: string; result?: unknown };

/** Answers a method with something else than the chain says, alone or in a batch. */
const lie = async (human: Human, method: string, result: unknown): Promise<void> => {
  await human.context.route(anywhere(), async (route: Route) => {
    const asked: Message | Message[] | null = route.request().postDataJSON();
    const ids = [asked ?? []].flat().flatMap((one) => (one.method === method ? one.id : []));
    if (ids.length === 0) return route.continue();
    const response = await route.fetch();
    const answered: Message | Message[] = await response.json();
    const mended = [answered]
      .flat()
      .map((one) => (ids.includes(one.id) ? { jsonrpc: "2.0", id: one.id, result } : one));
    await route.fulfill({ response, json: Array.isArray(answered) ? mended : mended[0] });
  });
};
