import { parseHandoffRequest } from "@latchkey/sdk/handoff";
import { requestSession } from "@latchkey/sdk/node";
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { type Human, type HumanSettings, openHuman } from "./Human.ts";
import { openPageWorld, type PageWorld } from "./PageWorld.ts";

let started: Promise<PageWorld> | undefined;
let ready: PageWorld | undefined;
const humans: Human[] = [];
const agents: Agent[] = [];

/** Gives the tests of a `describe` the chain, the page, people and agents. */
export function usePage() {
  before(async function () {
    this.timeout(120_000);
    started ??= openPageWorld();
    ready = await started;
  });

  afterEach("nothing went wrong unseen", async () => {
    for (const agent of agents.splice(0)) await agent.handoff.close();
    const left = humans.splice(0);
    const problems = left.flatMap((human) => human.problems);
    await Promise.all(left.map((human) => human.close()));
    if (problems.length > 0) throw new Error(`The page had trouble that nobody saw:\n${problems.join("\n")}`);
  });
}

// Of the whole run, whichever of its files were asked for.
after(async () => {
  await ready?.close();
});

export const world = (): PageWorld => {
  if (!ready) throw new Error("usePage() is missing in the describe");
  return ready;
};

/** Beside how the browser is set up: the agents that the human's page may answer. */
export type NewHumanSettings = HumanSettings & { of?: readonly Agent[] };

/** A person with a new browser, and the page's address in mind. */
export async function newHuman({ of = [], ...settings }: NewHumanSettings = {}): Promise<Human> {
  const { page, rpcUrl } = world();
  const callbacks = of.flatMap(({ callback }) => (callback ? [new URL(callback).origin] : []));
  const human = await openHuman([new URL(page.url).origin, rpcUrl, ...callbacks], settings);
  humans.push(human);
  return human;
}

type Handoff = Awaited<ReturnType<typeof requestSession>>;

/** An agent that asks for a session. */
export type Agent = {
  key: PrivateKeyAccount;
  handoff: Handoff;
  /** Where it waits; nowhere if it is on another machine than the human. */
  callback: string | undefined;
};

/** What an agent of the tests asks for, unless it says otherwise: $1 a payment, $20 a day, to the shop, for a week. */
export async function newAgent(changes: Partial<Parameters<typeof requestSession>[0]> = {}): Promise<Agent> {
  const { client, usdc, shop, page, walletOf } = world();
  const key = privateKeyToAccount(generatePrivateKey());
  await walletOf(key);
  const handoff = await requestSession({
    client,
    key,
    page: page.url,
    name: "Research Bot",
    budgets: {
      usdc: { token: usdc.address, perTransaction: "1", perDay: "20", recipients: [shop.address] },
    },
    until: "7d",
    ...changes,
  });
  const agent = { key, handoff, callback: parseHandoffRequest(handoff.link).callback };
  agents.push(agent);
  return agent;
}
