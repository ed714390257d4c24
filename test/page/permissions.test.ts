import "../environment/noTelemetry.ts";
import { pay, sessionStatus, verifyGrant } from "@latchkey/sdk";
import { decodePermissionContext } from "@latchkey/sdk/encoding";
import {
  type GrantedAnswer,
  type PermissionRequest,
  type PermissionResponse,
  parseHandoffAnswer,
  parseHandoffRequest,
  settleHandoff,
} from "@latchkey/sdk/handoff";
import { handoffPermissionProvider, type PermissionHandoff } from "@latchkey/sdk/node";
import { erc7715ProviderActions } from "@metamask/smart-accounts-kit/actions";
import { expect } from "chai";
import { createClient, custom, numberToHex, type PrivateKeyAccount } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { type DevicePasskey, putPasskey } from "./environment/devicePasskey.ts";
import { newHuman, usePage, world } from "./environment/fixture.ts";
import type { Human } from "./environment/Human.ts";
import { latchkeySafe, passkeySafe } from "./environment/passkeySafe.ts";
import { button, chooseAccount, openReview, setLimit, textOf } from "./environment/screens.ts";
import { linkWith } from "./environment/strangersLink.ts";

const inAWeek = () => Math.floor(Date.now() / 1000) + 7 * 86_400;

describe("ERC-7715 permissions on the page", function () {
  this.timeout(60_000);
  usePage();

  const open: PermissionHandoff[] = [];
  afterEach(async () => {
    for (const handoff of open.splice(0)) await handoff.close();
  });

  /** An agent with MetaMask's kit, and where its link is. */
  async function kitAgent() {
    const { client, page, walletOf } = world();
    const key = privateKeyToAccount(generatePrivateKey());
    const wallet = await walletOf(key);
    let shown: (handoff: PermissionHandoff) => void = () => {};
    const handoff = new Promise<PermissionHandoff>((resolve) => {
      shown = resolve;
    });
    const provider = handoffPermissionProvider({
      client,
      sender: key,
      page: page.url,
      name: "Research Bot",
      onHandoff(one) {
        open.push(one);
        shown(one);
      },
    });
    return {
      key,
      wallet,
      handoff,
      kit: createClient({ transport: custom(provider) }).extend(erc7715ProviderActions()),
    };
  }

  const daily = (key: PrivateKeyAccount, isAdjustmentAllowed = true): PermissionRequest => ({
    chainId: numberToHex(world().chain.id),
    to: key.address,
    permission: {
      type: "erc20-token-periodic",
      isAdjustmentAllowed,
      data: {
        tokenAddress: world().usdc.address,
        periodAmount: numberToHex(20_000_000n),
        periodDuration: 86_400,
      },
    },
    rules: [{ type: "expiry", data: { timestamp: inAWeek() } }],
  });
  const gasMoney = (key: PrivateKeyAccount): PermissionRequest => ({
    ...daily(key),
    permission: {
      type: "native-token-stream",
      isAdjustmentAllowed: true,
      data: { amountPerSecond: "0x5", initialAmount: "0x64" },
    },
  });
  /** The text that the page offers to copy. */
  const shownText = (human: Human) => human.page.getByRole("textbox", { name: "Response" }).inputValue();
  async function allowHere(human: Human, passkey: DevicePasskey, permissions: readonly PermissionRequest[]) {
    const safe = await latchkeySafe(passkey, "1.4.1");
    await openReview(human, linkWith(JSON.stringify(permissions)), "unnamed");
    await chooseAccount(human, safe);
    return safe;
  }
  const readShown = (text: string, permissions: readonly PermissionRequest[]): GrantedAnswer => {
    const answer = parseHandoffAnswer(text, parseHandoffRequest(JSON.stringify(permissions)));
    if (answer.status !== "granted") throw new Error("it was declined");
    return answer;
  };

  it("that the kit asks for are allowed by a new owner, and the agent pays by them", async () => {
    const { usdc, shop, chain, client } = world();
    const { key, wallet, handoff, kit } = await kitAgent();
    const granting = kit.requestExecutionPermissions([
      {
        chainId: chain.id,
        to: key.address,
        expiry: inAWeek(),
        permission: {
          type: "erc20-token-periodic",
          isAdjustmentAllowed: true,
          data: { tokenAddress: usdc.address, periodAmount: 20_000_000n, periodDuration: 86_400 },
        },
      },
    ]);
    const { link, request, answer } = await handoff;
    const human = await newHuman();
    human.allow(request.callback);
    await openReview(human, link);
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    const [response] = await granting;
    expect(human.prompts).to.deep.equal({ created: 1, asserted: 1 });
    expect(response).to.deep.include({ to: key.address, dependencies: [] });
    expect(response?.permission.data).to.include({ periodAmount: 20_000_000n, periodDuration: 86_400 });
    expect(await kit.getGrantedExecutionPermissions()).to.deep.equal([response]);

    const grant = await answer;
    expect(decodePermissionContext(response?.context ?? "0x").session).to.deep.equal(grant.session);
    await usdc.mint(grant.session.account, 100_000_000n);
    const hash = await pay(wallet, { grant, to: shop.address, amount: "0.50" });
    expect((await client.waitForTransactionReceipt({ hash })).status).to.equal("success");
  });

  it("that the kit asks for are allowed on a Safe without Latchkey, which the agent then installs", async () => {
    const { usdc, chain, client } = world();
    const { key, handoff, kit } = await kitAgent();
    const granting = kit.requestExecutionPermissions([
      {
        chainId: chain.id,
        to: key.address,
        expiry: inAWeek(),
        permission: {
          type: "erc20-token-allowance",
          isAdjustmentAllowed: true,
          data: { tokenAddress: usdc.address, allowanceAmount: 20_000_000n },
        },
      },
    ]);
    const { link, request, answer } = await handoff;
    const human = await newHuman();
    const safe = await passkeySafe(await putPasskey(human), "1.4.1");
    human.allow(request.callback);
    await openReview(human, link);
    await chooseAccount(human, safe);
    await button(human, "Allow with passkey").click();
    const [response] = await granting;
    expect(response).to.deep.include({ from: safe, dependencies: [] });
    expect((await sessionStatus(client, await answer)).state).to.equal("ENABLED");
  });

  it("that the kit asks for are declined with EIP-1193's 4001", async () => {
    const { usdc, chain } = world();
    const { key, handoff, kit } = await kitAgent();
    const code = kit
      .requestExecutionPermissions([
        {
          chainId: chain.id,
          to: key.address,
          expiry: inAWeek(),
          permission: {
            type: "erc20-token-allowance",
            isAdjustmentAllowed: true,
            data: { tokenAddress: usdc.address, allowanceAmount: 20_000_000n },
          },
        },
      ])
      .then(
        () => "granted",
        (error: { code: number }) => error.code,
      );
    const { link, request } = await handoff;
    const human = await newHuman();
    human.allow(request.callback);
    await openReview(human, link);
    await button(human, "Decline").click();
    expect(await code).to.equal(4001);
  });

  it("of a bare array are one session with one tap, and their answers are all that is shown to copy", async () => {
    const human = await newHuman();
    const key = privateKeyToAccount(generatePrivateKey());
    const permissions = [daily(key), gasMoney(key)];
    const safe = await allowHere(human, await putPasskey(human), permissions);
    await setLimit(human, /each day at most/i, "5");
    await button(human, "Allow with passkey").click();
    const text = await shownText(human);
    expect(human.prompts.asserted).to.equal(1);
    expect(await textOf(human)).not.to.include("dependencies");

    const responses: PermissionResponse[] = JSON.parse(text);
    expect(responses.map(({ permission }) => permission.type)).to.deep.equal([
      "erc20-token-periodic",
      "native-token-stream",
    ]);
    expect(new Set(responses.map(({ context }) => context)).size).to.equal(1);
    expect(responses[0]?.permission.data).to.deep.include({ periodAmount: numberToHex(5_000_000n) });
    const { grant, transactions } = readShown(text, permissions);
    expect(transactions).to.deep.equal([]);
    expect(grant.session.account).to.equal(safe);
    expect(await verifyGrant(world().client, grant)).to.deep.equal({ valid: true });
  });

  it("of a bare array cannot be lowered if one of them allows no changes", async () => {
    const human = await newHuman();
    const key = privateKeyToAccount(generatePrivateKey());
    await allowHere(human, await putPasskey(human), [gasMoney(key), daily(key, false)]);
    expect(await human.page.getByText("Lower the limits").count()).to.equal(0);
  });

  it("of a bare array say what must be mined before they can be used", async () => {
    const { walletOf, client } = world();
    const human = await newHuman();
    const key = privateKeyToAccount(generatePrivateKey());
    const permissions = [daily(key)];
    await openReview(human, linkWith(JSON.stringify(permissions)), "unnamed");
    await button(human, "Create a passkey").click();
    await button(human, "Allow with passkey").click();
    const text = await shownText(human);
    expect(await textOf(human)).to.include("once the transactions in dependencies of the response are mined");
    const [response] = JSON.parse(text) as PermissionResponse[];
    expect(response?.dependencies).to.have.length(1);
    const answer = readShown(text, permissions);
    const verdict = await verifyGrant(client, answer.grant);
    expect(!verdict.valid && verdict.reason.code).to.equal("NOT_GRANTED");
    // Anyone may send them.
    const anyone = privateKeyToAccount(generatePrivateKey());
    await walletOf(anyone);
    await settleHandoff(client, answer, { sender: anyone });
    expect(await verifyGrant(client, answer.grant)).to.deep.equal({ valid: true });
  });

  it("of a bare array that is allowed twice are two sessions, though they name their start", async () => {
    const human = await newHuman();
    const passkey = await putPasskey(human);
    const key = privateKeyToAccount(generatePrivateKey());
    const asked = daily(key);
    asked.permission.data.startTime = Math.floor(Date.now() / 1000) - 60;
    await allowHere(human, passkey, [asked]);
    await button(human, "Allow with passkey").click();
    const first = readShown(await shownText(human), [asked]).grant;
    await human.page.goto("about:blank");
    await openReview(human, linkWith(JSON.stringify([asked])), "unnamed");
    expect(await textOf(human)).to.include("You have already allowed this request.");
    await button(human, "Allow with passkey").click();
    const second = readShown(await shownText(human), [asked]).grant;
    expect({ ...second.session, salt: 0n }).to.deep.equal({ ...first.session, salt: 0n });
    expect(second.session.salt).to.not.equal(first.session.salt);
  });

  it("of a bare array that cannot be one session are refused with the reason", async () => {
    const human = await newHuman();
    const key = privateKeyToAccount(generatePrivateKey());
    const sooner = { ...gasMoney(key), rules: [{ type: "expiry", data: { timestamp: inAWeek() - 3600 } }] };
    await human.page.goto(linkWith(JSON.stringify([daily(key), sooner])));
    await human.page.getByText("differ in their end").waitFor();
  });

  it("of a bare array are declined with EIP-1193's error", async () => {
    const human = await newHuman();
    const key = privateKeyToAccount(generatePrivateKey());
    await openReview(human, linkWith(JSON.stringify([daily(key)])), "unnamed");
    await button(human, "Decline").click();
    expect(JSON.parse(await shownText(human))).to.include({ code: 4001 });
  });
});
