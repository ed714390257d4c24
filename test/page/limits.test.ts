import { isRefusal, pay, verifyGrant } from "@latchkey/sdk";
import { parseHandoffAnswer, parseHandoffRequest } from "@latchkey/sdk/handoff";
import { expect } from "chai";
import { numberToHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { putPasskey } from "./environment/devicePasskey.ts";
import { newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import { latchkeySafe } from "./environment/passkeySafe.ts";
import {
  button,
  card,
  chooseAccount,
  openManage,
  openReview,
  setLimit,
  textOf,
} from "./environment/screens.ts";
import { linkWith, strangersRequest } from "./environment/strangersLink.ts";

describe("The limits on the review", function () {
  this.timeout(60_000);
  usePage();

  it("can be lowered, and the chain enforces the lowered ones", async () => {
    const { shop, client, walletOf } = world();
    const human = await newHuman();
    const safe = await latchkeySafe(await putPasskey(human), "1.4.1");
    const agent = await newAgent({ account: safe });
    human.allow(agent.callback);
    await openReview(human, agent.handoff.link);
    await setLimit(human, /each payment/i, "0.50");
    await setLimit(human, /each day/i, "1");
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").click();
    const grant = await agent.handoff.answer;
    const [budget] = grant.session.budgets;
    expect(budget).to.include({ perTransaction: 500_000n, perPeriod: 1_000_000n });

    const wallet = await walletOf(agent.key);
    const paying = (amount: string) => pay(wallet, { grant, to: shop.address, amount });
    const refusal = (amount: string) =>
      paying(amount).then(
        () => "paid",
        (error) => (isRefusal(error) ? error.code : error),
      );
    // The chain itself says so: the SDK asks it before it sends.
    expect(await refusal("0.50001")).to.equal("PER_TRANSACTION");
    for (let i = 0; i < 2; i++) await client.waitForTransactionReceipt({ hash: await paying("0.50") });
    expect(await refusal("0.01")).to.equal("PERIOD");
  });

  it("cannot be raised: a value above the request is marked, and nothing can be allowed until it is lowered", async () => {
    const human = await newHuman();
    const safe = await latchkeySafe(await putPasskey(human), "1.4.1");
    const agent = await newAgent();
    human.allow(agent.callback);
    await openReview(human, agent.handoff.link);
    await chooseAccount(human, safe);
    const allow = button(human, "Allow with passkey");
    // Else it would be off for having just appeared.
    await human.page.getByRole("button", { name: "Allow with passkey", disabled: false }).waitFor();
    const wrong = [
      [/each payment/i, "1.000001", "1"],
      [/each day/i, "20.01", "20"],
      [/each payment/i, "0", "1"],
      [/each payment/i, "1e3", "1"],
      [/each day/i, "-1", "20"],
    ] as const;
    for (const [name, value, right] of wrong) {
      await setLimit(human, name, value);
      const field = human.page.getByRole("textbox", { name });
      expect(await field.getAttribute("aria-invalid"), value).to.equal("true");
      expect(await allow.isDisabled(), value).to.equal(true);
      // A forced click is ignored.
      await allow.click({ force: true });
      await setLimit(human, name, right);
      expect(await allow.isDisabled(), right).to.equal(false);
    }
    expect(human.prompts.asserted).to.equal(0);
    await allow.click();
    const [budget] = (await agent.handoff.answer).session.budgets;
    expect(budget).to.include({ perTransaction: 1_000_000n, perPeriod: 20_000_000n });
  });

  it("can omit a recipient and end sooner, and the rows show what is signed", async () => {
    const human = await newHuman({ timezone: "UTC" });
    const { usdc, shop } = world();
    const other = privateKeyToAccount(generatePrivateKey()).address;
    const safe = await latchkeySafe(await putPasskey(human), "1.4.1");
    const agent = await newAgent({
      account: safe,
      budgets: {
        usdc: { token: usdc.address, perTransaction: "1", perDay: "20", recipients: [shop.address, other] },
      },
      until: new Date("2027-03-01T12:00:00Z"),
    });
    human.allow(agent.callback);
    await openReview(human, agent.handoff.link);
    await setLimit(human, /each day/i, "2.50");
    await human.page.getByRole("checkbox", { name: spaced(other) }).uncheck();
    await human.page.getByLabel("Ends").fill("2027-02-28T12:00");
    const text = await textOf(human);
    expect(text).to.match(/Each day at most \$2\.50/);
    expect(text).to.match(/Ends \w+,? 28 Feb 2027,? 12:00/);
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").click();
    const session = (await agent.handoff.answer).session;
    expect(session.validUntil).to.equal(Date.parse("2027-02-28T12:00:00Z") / 1000);
    expect(session.budgets).to.have.length(1);
    expect(session.budgets[0]).to.deep.include({ perPeriod: 2_500_000n, recipients: [shop.address] });
  });

  it("cannot be changed if the agent says it cannot work with less", async () => {
    const human = await newHuman();
    const request = strangersRequest();
    const [permission] = request.permissions;
    if (!permission) throw new Error("the request asks for nothing");
    permission.permission.isAdjustmentAllowed = false;
    await openReview(human, linkWith(JSON.stringify(request)));
    expect(await textOf(human)).to.include("these limits cannot be lowered");
    expect(await human.page.getByText("Lower the limits").count()).to.equal(0);
  });

  it("show the maximum that can be spent in total, by the chain's own periods", async () => {
    const human = await newHuman();
    const { handoff } = await newAgent({ until: "7d" });
    await openReview(human, handoff.link);
    // Seven days from the request, counted from the grant: seven periods, not eight.
    expect(await textOf(human)).to.match(/The most it can spend in total \$140\.00/);
  });

  it("for the whole session are never shown in seconds, in the review and on Manage", async () => {
    const human = await newHuman();
    const { usdc, shop } = world();
    const agent = await newAgent({
      budgets: {
        usdc: { token: usdc.address, perTransaction: "1", inAll: "20", recipients: [shop.address] },
      },
    });
    human.allow(agent.callback);
    await openReview(human, agent.handoff.link);
    await human.page.getByText("Lower the limits", { exact: true }).click();
    const review = await textOf(human);
    expect(review).to.match(/In all at most \$20\.00/);
    expect(await human.page.getByRole("textbox", { name: "In all at most" }).inputValue()).to.equal("20");
    expect(review).not.to.match(/\d seconds|periods until|Resets/);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    await agent.handoff.answer;
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await shown.getByText("All limits").click();
    const text = (await shown.innerText()).replace(/\s+/g, " ");
    expect(text).to.include("At most 1 USDC a payment and 20 USDC in all.");
    expect(text).to.include("spent so far");
    expect(text).not.to.match(/\d{3,} seconds|resets|in this period|every/);
  });

  it("of a stream are shown with what is released, in the review and on Manage", async () => {
    const human = await newHuman();
    const { usdc, shop } = world();
    const agent = await newAgent({
      budgets: {
        usdc: {
          token: usdc.address,
          perTransaction: "20",
          inAll: "20",
          stream: { initial: "5", perSecond: "0.000001" },
          recipients: [shop.address],
        },
      },
    });
    human.allow(agent.callback);
    await openReview(human, agent.handoff.link);
    const review = await textOf(human);
    expect(review).to.match(/In all at most \$20\.00/);
    expect(review).to.include("Released gradually: $5.00 at the start, then $0.000001 per second.");
    // Five dollars, and a millionth of one for each second but the first.
    expect(review).to.match(/The most it can spend in total \$5\.6047/);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    await agent.handoff.answer;
    await openManage(human);
    const shown = card(human, "Research Bot");
    await shown.getByText("Active", { exact: true }).waitFor();
    await shown.getByText("All limits").click();
    const text = (await shown.innerText()).replace(/\s+/g, " ");
    expect(text).to.match(/0 of 5\.0000\d+ USDC spent so far, of what is released/);
    expect(text).to.include("At most 20 USDC a payment and 20 USDC in all.");
    expect(text).to.include("Released gradually: 5 USDC at the start, then 0.000001 USDC per second.");
  });

  it("of an ERC-7715 stream without a maximum are shown without the number that stands for it", async () => {
    const human = await newHuman();
    const { chain } = world();
    const key = privateKeyToAccount(generatePrivateKey());
    const safe = await latchkeySafe(await putPasskey(human), "1.4.1");
    const permission = {
      chainId: numberToHex(chain.id),
      to: key.address,
      permission: {
        type: "native-token-stream",
        isAdjustmentAllowed: true,
        data: { amountPerSecond: "0x5", initialAmount: "0x64" },
      },
      rules: [{ type: "expiry", data: { timestamp: Math.floor(Date.now() / 1000) + 86_400 } }],
    };
    await openReview(human, linkWith(JSON.stringify([permission])), "unnamed");
    expect(await textOf(human)).to.include("In all at most No real limit");
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").click();
    await human.page.getByRole("textbox", { name: "Response" }).waitFor();
    await openManage(human);
    const shown = card(human, "unnamed");
    await shown.getByText("Active", { exact: true }).waitFor();
    await shown.getByText("All limits").click();
    const text = (await shown.innerText()).replace(/\s+/g, " ");
    expect(text).to.include("No limit but what is released.");
    expect(text).not.to.match(/3,?402,?823|340,?282/);
  });

  it("of a plain ERC-7715 request are shown and granted as well", async () => {
    const human = await newHuman();
    const { usdc, chain } = world();
    const key = privateKeyToAccount(generatePrivateKey());
    const safe = await latchkeySafe(await putPasskey(human), "1.4.1");
    const permissions = [
      {
        chainId: numberToHex(chain.id),
        from: safe,
        to: key.address,
        permission: {
          type: "erc20-token-periodic",
          isAdjustmentAllowed: true,
          data: {
            tokenAddress: usdc.address,
            periodAmount: numberToHex(5_000_000n),
            periodDuration: 604_800,
            justification: "A weekly allowance",
          },
        },
        rules: [{ type: "expiry", data: { timestamp: Math.floor(Date.now() / 1000) + 28 * 86_400 } }],
      },
    ];
    await openReview(human, linkWith(JSON.stringify(permissions)), "unnamed");
    const text = await textOf(human);
    expect(text).to.match(/Each week at most \$5\.00/);
    expect(text).to.include("A weekly allowance");
    expect(text).to.include("It can send USDC to anyone");
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").click();
    const answer = parseHandoffAnswer(
      await human.page.getByRole("textbox", { name: "Response" }).inputValue(),
      parseHandoffRequest(JSON.stringify(permissions)),
    );
    if (answer.status !== "granted") throw new Error("it was declined");
    expect(answer.grant.session).to.include({ account: safe, key: key.address });
    expect((await verifyGrant(world().client, answer.grant)).valid).to.equal(true);
  });
});

/** An address as it is read from groups of signs. */
const spaced = (address: string) => new RegExp([...address].join("\\s*"), "i");
