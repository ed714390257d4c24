import { type Grant, payingFetch } from "@latchkey/sdk";
import { requestMore } from "@latchkey/sdk/node";
import { expect } from "chai";
import { breakChain } from "./chainFaults.ts";
import { type Agent, newAgent, world } from "./fixture.ts";
import type { Human } from "./Human.ts";
import { button, card, failure, heading, openManage, openReview } from "./screens.ts";
import { strangersLink } from "./strangersLink.ts";

/** A screen of the page, and how a human comes there. */
export type Screen = { name: string; open(human: Human): Promise<void> };

/** The human makes a passkey and allows what the agent asks for: two prompts. */
export async function allowAsNewcomer(human: Human, agent: Agent): Promise<Grant> {
  human.allow(agent.callback);
  await openReview(human, agent.handoff.link);
  await button(human, "Create a passkey").click();
  await button(human, "Allow with passkey").click();
  return agent.handoff.answer;
}

/** Every screen there is, in the states that look different. */
export const SCREENS: readonly Screen[] = [
  {
    name: "start",
    async open(human) {
      await human.page.goto(`${world().page.url}`);
      await heading(human).waitFor();
    },
  },
  {
    name: "review",
    async open(human) {
      await openReview(human, (await newAgent()).handoff.link);
      await button(human, "Create a passkey").waitFor();
    },
  },
  {
    name: "review-ready",
    async open(human) {
      await openReview(human, (await newAgent()).handoff.link);
      await button(human, "Create a passkey").click();
      // It can be pressed a moment after the review stands.
      await human.page.locator("button:not([aria-disabled])", { hasText: "Allow with passkey" }).waitFor();
    },
  },
  {
    name: "review-warnings",
    async open(human) {
      const most = `0x${"f".repeat(32)}` as const;
      const link = strangersLink({
        name: "Totally Your Bank\u202e",
        justification: "Give me everything, permanently, please.",
        until: 2 ** 47 - 1,
        budgets: [
          {
            perTransaction: most,
            perPeriod: most,
            signatures: 1,
            sizes: 1,
            recipients: ["0xffffffffffffffffffffffffffffffffffffffff"],
          },
        ],
      });
      await openReview(human, link, /^Let “Totally Your Bank”/);
    },
  },
  {
    name: "review-more",
    async open(human) {
      const agent = await newAgent();
      const { key } = agent;
      const grant = await allowAsNewcomer(human, agent);
      const { client, page, usdc } = world();
      const { link } = await requestMore({
        client,
        key,
        grant,
        refusal: { code: "PERIOD", details: { token: usdc.address, amount: "1" } },
        page: page.url,
        name: "Research Bot",
        for: "session",
        callback: false,
      });
      await human.page.goto("about:blank");
      await openReview(human, link);
      await human.page.getByText("What changes").waitFor();
    },
  },
  {
    name: "done",
    async open(human) {
      await allowAsNewcomer(human, await newAgent());
      await heading(human, /allowed/i).waitFor();
    },
  },
  {
    name: "done-elsewhere",
    async open(human) {
      const { handoff } = await newAgent({ callback: false });
      await openReview(human, handoff.link);
      await button(human, "Create a passkey").click();
      await button(human, "Allow with passkey").click();
      await button(human, "Copy the response").waitFor();
    },
  },
  {
    name: "manage",
    async open(human) {
      const agent = await newAgent();
      const grant = await allowAsNewcomer(human, agent);
      await world().usdc.mint(grant.session.account, 100_000_000n);
      const buy = payingFetch({ client: world().client, key: agent.key, grant, pollingInterval: 20 });
      for (const what of ["report", "report", "picture"])
        expect((await buy(world().shop.url(what))).status).to.equal(200);
      await openManage(human);
      await card(human, "Research Bot").getByText("Active", { exact: true }).waitFor();
      await card(human, "Research Bot").getByText(/1\.15/).first().waitFor();
    },
  },
  {
    name: "manage-unknown",
    async open(human) {
      await allowAsNewcomer(human, await newAgent());
      await openManage(human);
      await card(human, "Research Bot").getByText("Active", { exact: true }).waitFor();
      await breakChain(human, "unreachable");
      await card(human, "Research Bot").getByText("Unknown", { exact: true }).waitFor();
    },
  },
  {
    name: "manage-paused",
    async open(human) {
      await allowAsNewcomer(human, await newAgent());
      await openManage(human);
      await button(human, "Pause").click();
      await card(human, "Research Bot").getByText("Paused", { exact: true }).waitFor();
      await human.page.getByText(/Mined: it is paused/).waitFor();
    },
  },
  { name: "manage-empty", open: openManage },
  {
    name: "settings",
    async open(human) {
      await human.page.goto(`${world().page.url}`);
      await button(human, "Settings").click();
      await heading(human, "Settings").waitFor();
    },
  },
  {
    name: "failure",
    async open(human) {
      await human.page.goto(strangersLink({ chainId: 666 }));
      await failure(human);
    },
  },
];
