import { isRefusal, pay, payingFetch, type Refusal, sessionStatus } from "@latchkey/sdk";
import { encodeSession } from "@latchkey/sdk/encoding";
import { handoffLink } from "@latchkey/sdk/handoff";
import { type MoreParameters, requestMore, type SessionHandoff } from "@latchkey/sdk/node";
import { expect } from "chai";
import { type Address, getAddress, toHex } from "viem";
import { putPasskey } from "./environment/devicePasskey.ts";
import { newHuman, usePage, world } from "./environment/fixture.ts";
import type { Human } from "./environment/Human.ts";
import { allow, type GrantedAgent, newOwner } from "./environment/ownedAgent.ts";
import { latchkeySafe } from "./environment/passkeySafe.ts";
import { button, chooseAccount, failure, openReview, setLimit, textOf } from "./environment/screens.ts";

const otherShop = getAddress(toHex(0x5410, { size: 20 }));

describe("An agent that asks for more", function () {
  this.timeout(60_000);
  usePage();

  const open: SessionHandoff[] = [];
  afterEach(async () => {
    for (const handoff of open.splice(0)) await handoff.close();
  });

  /** How much the key pays the shop by a transaction of its own. */
  const payShop = async (
    { key, grant }: Pick<GrantedAgent, "key" | "grant">,
    amount: string,
    to?: Address,
  ) => {
    const { client, shop, usdc, walletOf } = world();
    const payment = { grant, to: to ?? shop.address, amount, token: usdc.address };
    return client.waitForTransactionReceipt({ hash: await pay(await walletOf(key), payment) });
  };
  const refusalOf = async (attempt: Promise<unknown>): Promise<Refusal> => {
    try {
      await attempt;
    } catch (error) {
      if (isRefusal(error)) return error as Refusal;
      throw error;
    }
    throw new Error("it was not refused");
  };
  const ask = async (
    { key, grant }: GrantedAgent,
    human: Human,
    refusal: Refusal,
    part: Partial<MoreParameters> = {},
  ) => {
    const { client, page } = world();
    const handoff = await requestMore({
      client,
      key,
      grant,
      refusal,
      page: page.url,
      name: "Research Bot",
      ...part,
    } as MoreParameters);
    open.push(handoff);
    human.allow(handoff.request.callback);
    return handoff;
  };
  const stateOf = async (grant: GrantedAgent["grant"]) => (await sessionStatus(world().client, grant)).state;
  const review = async (human: Human, safe: Address, link: string) => {
    await human.page.goto("about:blank");
    await openReview(human, link);
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").waitFor();
    return textOf(human);
  };

  for (const version of ["1.4.1", "1.5.0"] as const)
    it(`than its session of a Safe ${version} allows shows old beside new, and replaces it by one tap`, async () => {
      const human = await newHuman();
      const owner = { human, safe: await latchkeySafe(await putPasskey(human), version) };
      const agent = await allow(owner);
      await payShop(agent, "1");
      const handoff = await ask(agent, human, await refusalOf(payShop(agent, "1.5")), { for: "session" });
      const shown = await review(human, owner.safe, handoff.link);
      expect(shown).to.include("What changes");
      expect(shown).to.include("Each payment: $1.00 → $2.00");
      expect(shown).to.include("Everything else stays as it is.");
      expect(shown).to.include("The old permission ends in the same tap");
      expect(shown).not.to.match(/At most \$20.00 every day →|No longer|Ends .* → /);
      const before = human.prompts.asserted;
      await button(human, "Allow with passkey").click();
      const grant = await handoff.answer;
      expect(human.prompts.asserted).to.equal(before + 1);
      expect(await stateOf(agent.grant)).to.equal("REVOKED");
      expect(await stateOf(grant)).to.equal("ENABLED");
      await payShop({ ...agent, grant }, "1.5");
      const buy = payingFetch({ client: world().client, key: agent.key, grant, pollingInterval: 20 });
      expect((await buy(world().shop.url("report"))).status).to.equal(200);
    });

  it("names every limit that becomes another, and nothing else", async () => {
    const owner = await newOwner();
    const { human, safe } = owner;
    const agent = await allow(owner);
    await payShop(agent, "1");
    const { usdc, shop } = world();
    const handoff = await ask(agent, human, await refusalOf(payShop(agent, "1", otherShop)), {
      for: "session",
      budgets: {
        usdc: { token: usdc.address, perTransaction: "3", perWeek: "40", recipients: [otherShop] },
        native: { perTransaction: "1", inAll: "1", recipients: [shop.address] },
      },
      until: "30d",
    });
    const shown = await review(human, safe, handoff.link);
    expect(shown).to.include("Each payment: $1.00 → $3.00");
    expect(shown).to.include("At most $20.00 every day → $40.00 every week");
    expect(shown.replace(/\s/g, "")).to.include(`Alsoto${otherShop}`);
    expect(shown.replace(/\s/g, "")).to.include(`Nolongerto${shop.address}`);
    expect(shown).to.match(/Ends .* → /);
    expect(shown).to.include("It may also spend");
  });

  it("may get less than it asked for", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    await payShop(agent, "1");
    const refusal = await refusalOf(payShop(agent, "1.5"));
    const handoff = await ask(agent, owner.human, refusal, { for: "session" });
    await review(owner.human, owner.safe, handoff.link);
    await setLimit(owner.human, /Each day/i, "5");
    expect(await textOf(owner.human)).to.include("At most $20.00 every day → $5.00 every day");
    await button(owner.human, "Allow with passkey").click();
    const { session } = await handoff.answer;
    expect(session.budgets[0]).to.include({ perTransaction: 2_000_000n, perPeriod: 5_000_000n });
    expect(await stateOf(agent.grant)).to.equal("REVOKED");
  });

  it("and pays before the tap has nothing replaced, until its owner looks again", async () => {
    const owner = await newOwner();
    const { human, safe } = owner;
    const agent = await allow(owner);
    await payShop(agent, "1");
    const handoff = await ask(agent, human, await refusalOf(payShop(agent, "1.5")), { for: "session" });
    await review(human, safe, handoff.link);
    await payShop(agent, "1");
    await button(human, "Allow with passkey").click();
    expect(await failure(human)).to.match(/would fail.*Nothing was sent/);
    expect(await stateOf(agent.grant)).to.equal("ENABLED");
    await review(human, safe, handoff.link);
    await button(human, "Allow with passkey").click();
    expect(await stateOf(await handoff.answer)).to.equal("ENABLED");
    expect(await stateOf(agent.grant)).to.equal("REVOKED");
  });

  it("cannot have limits compared that nobody has allowed", async () => {
    const owner = await newOwner();
    const { human, safe } = owner;
    const agent = await allow(owner);
    await payShop(agent, "1");
    const { request } = await ask(agent, human, await refusalOf(payShop(agent, "1.5")), { for: "session" });
    const { session } = agent.grant;
    const [budget] = session.budgets;
    if (!budget || !request.replaces) throw new Error("there is no budget");
    const invented = {
      ...session,
      salt: session.salt + 1n,
      budgets: [{ ...budget, perPeriod: 9_000_000_000n, perTransaction: 9_000_000_000n }],
    };
    const replaces = { ...request.replaces, session: encodeSession(invented) };
    const shown = await review(human, safe, handoffLink(world().page.url, { ...request, replaces }));
    expect(shown).to.include("Its present limits cannot be compared.");
    expect(shown).not.to.match(/What changes|9,?000/);
  });

  it("for one payment gets that one, on top of what it has", async () => {
    const owner = await newOwner();
    const { human, safe } = owner;
    const agent = await allow(owner);
    await payShop(agent, "1");
    const handoff = await ask(agent, human, await refusalOf(payShop(agent, "3")));
    const shown = await review(human, safe, handoff.link);
    expect(shown).to.include("One payment of $3.00, on top of your agent’s limits.");
    expect(shown).not.to.include("Lower the limits");
    const before = human.prompts.asserted;
    await button(human, "Allow with passkey").click();
    const grant = await handoff.answer;
    expect(human.prompts.asserted).to.equal(before + 1);
    await payShop({ ...agent, grant }, "3");
    expect((await refusalOf(payShop({ ...agent, grant }, "0.01"))).code).to.equal("PERIOD");
    expect(await stateOf(agent.grant)).to.equal("ENABLED");
    await payShop(agent, "1");
  });

  it("is told by a decline that nothing changed", async () => {
    const owner = await newOwner();
    const agent = await allow(owner);
    await payShop(agent, "1");
    const handoff = await ask(agent, owner.human, await refusalOf(payShop(agent, "3")));
    await review(owner.human, owner.safe, handoff.link);
    await button(owner.human, "Decline").click();
    expect((await refusalOf(handoff.answer)).code).to.equal("DECLINED");
    expect(await textOf(owner.human)).to.include("What your agents may spend is unchanged.");
    await payShop(agent, "1");
  });
});
