import { type Grant, isRefusal, payingFetch } from "@latchkey/sdk";
import { type Address, pad, toHex } from "viem";
import { putPasskey } from "./devicePasskey.ts";
import { type Agent, type NewHumanSettings, newAgent, newHuman, world } from "./fixture.ts";
import type { Human } from "./Human.ts";
import { latchkeySafe } from "./passkeySafe.ts";
import { button, chooseAccount, openReview } from "./screens.ts";

/** An agent with its grant. */
export type GrantedAgent = Agent & { grant: Grant };

/** A human with a Safe that has Latchkey and $100. */
export async function newOwner(settings: NewHumanSettings = {}): Promise<{ human: Human; safe: Address }> {
  const human = await newHuman(settings);
  return { human, safe: await latchkeySafe(await putPasskey(human), "1.4.1") };
}

/** The human allows what an agent asks for. */
export async function allow(
  { human, safe }: { human: Human; safe: Address },
  name = "Research Bot",
): Promise<GrantedAgent> {
  const agent = await newAgent({ account: safe, name });
  human.allow(agent.callback);
  await openReview(human, agent.handoff.link, name);
  await chooseAccount(human, safe);
  await button(human, "Allow with passkey").click();
  return { ...agent, grant: await agent.handoff.answer };
}

/** How the agent buys from the shop: what it is answered, or why the payment was refused. */
export function buyer({
  key,
  grant,
}: GrantedAgent): (what: "report" | "picture") => Promise<number | string> {
  const buy = payingFetch({ client: world().client, key, grant, pollingInterval: 20 });
  return (what) =>
    buy(world().shop.url(what)).then(
      ({ status }) => status,
      (error) => {
        if (isRefusal(error)) return error.code;
        throw error;
      },
    );
}

/** Has the Safe make another transaction. @param nonce The Safe's next one after it. */
export async function overtake(safe: Address, nonce: bigint): Promise<void> {
  const { testChain, usdc } = world();
  // The Safe's nonce is the sixth slot of its storage.
  await testChain.setStorageAt(safe, toHex(5n), pad(toHex(nonce)));
  // With a block, as a transaction would have it.
  await usdc.mint(safe, 1n);
}
