import { expect } from "chai";
import { concat, encodeErrorResult, type Hex, numberToHex, parseAbi, size } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { putPasskey } from "./environment/devicePasskey.ts";
import { newHuman, usePage, world } from "./environment/fixture.ts";
import { latchkeySafe } from "./environment/passkeySafe.ts";
import {
  button,
  chooseAccount,
  expectNothingToAllow,
  failure,
  heading,
  openReview,
  textOf,
} from "./environment/screens.ts";
import { linkWith, lookAlike, strangersLink, strangersRequest } from "./environment/strangersLink.ts";

const someone = () => privateKeyToAccount(generatePrivateKey()).address;

/** Signs that have no business in a name: they hide, reorder, or cover what is beside them. */
const TRICKS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Code of a contract that refuses every call with this. */
function revertingWith(answer: Hex): Hex {
  const length = numberToHex(size(answer), { size: 2 });
  // CODECOPY of what stands behind these 14 bytes, and REVERT with it.
  return concat(["0x61", length, "0x600e60003961", length, "0x6000fd", answer]);
}

describe("A hostile request", function () {
  this.timeout(60_000);
  usePage();

  describe("that is malformed is rejected with a message, and nothing can be allowed", () => {
    const honest = () => JSON.stringify(strangersRequest());
    const links: Record<string, () => string> = {
      "no base64": () => `${world().page.url}#request=%%%`,
      nothing: () => `${world().page.url}#request=`,
      "no JSON": () => linkWith("{"),
      "a link that was cut off": () => linkWith(honest()).slice(0, -40),
      "another version": () => linkWith(honest().replace('"version":1', '"version":2')),
      "a member twice": () => linkWith(honest().replace('"name"', '"name":"Bank","name"')),
      "a member that no request has": () =>
        linkWith(honest().replace('"name"', '"rpc":"http://127.0.0.1:1","name"')),
      "a __proto__": () => linkWith(honest().replace('"name"', '"__proto__":{"isAdmin":true},"name"')),
      "a name of 65 characters": () => strangersLink({ name: "n".repeat(65) }),
      "a name of 200,000 characters": () => strangersLink({ name: "n".repeat(200_000) }),
      "arrays a thousand deep": () => linkWith(`${"[".repeat(10_000)}${"]".repeat(10_000)}`),
      "a callback to another machine": () => strangersLink({ callback: "http://192.168.0.1:80/x" }),
      "a callback that only looks local": () =>
        strangersLink({ callback: "http://127.0.0.1.example.com:80/x" }),
      "a callback that is a script": () => strangersLink({ callback: "javascript:alert(1)//127.0.0.1" }),
      "an amount above 128 bits": () => strangersLink({ budgets: [{ perPeriod: `0x${"f".repeat(33)}` }] }),
      "a budget of no amount": () => strangersLink({ budgets: [{ perTransaction: "0x0" }] }),
      "33 recipients": () =>
        strangersLink({ budgets: [{ recipients: Array.from({ length: 33 }, someone) }] }),
      "two budgets for one token": () => strangersLink({ budgets: [{}, {}] }),
      "a wrong checksum": () => strangersLink({ budgets: [{ recipients: [`0x${"aB".repeat(20)}`] }] }),
    };
    it("one after the other, in one browser", async () => {
      const human = await newHuman();
      for (const [what, link] of Object.entries(links)) {
        await human.page.goto("about:blank");
        await human.page.goto(link());
        expect(await failure(human), what).to.match(/does not contain a valid request/);
        await expectNothingToAllow(human);
      }
    });
  });

  it("with script in its name is shown as text and not run", async () => {
    const human = await newHuman();
    const name = `<img src=x onerror="pwned=1"><script>pwned=1</script>`;
    let dialogs = 0;
    human.page.on("dialog", (dialog) => {
      dialogs++;
      return dialog.dismiss();
    });
    await openReview(
      human,
      strangersLink({ name, justification: `</p>${name}<a href="javascript:alert(1)">x</a>` }),
      name.replaceAll('"', "'"),
    );
    expect(await human.page.evaluate(() => "pwned" in globalThis)).to.equal(false);
    expect(dialogs).to.equal(0);
    expect(await human.page.locator("img, iframe, object, embed, a[href^='javascript']").count()).to.equal(0);
  });

  it("with characters in its name that reorder or hide text shows none of them, and says so", async () => {
    const human = await newHuman();
    const name = "Your Bank\u202e\u2066 tob\u0000\u200b\u0007";
    await human.page.goto(strangersLink({ name, justification: "Safe\u202eevil\u2069" }));
    await heading(human, /^Let “Your Bank tob” \(.*removed\) spend from your account\?$/).waitFor();
    const shown = await human.page.locator("body").innerText();
    expect(shown.replace(/\n|\t/g, "")).not.to.match(TRICKS);
  });

  it("has its name quoted and marked as claimed, apart from the page's own words", async () => {
    const human = await newHuman();
    await openReview(human, strangersLink({ name: "Latchkey Support" }), "Latchkey Support");
    expect(await heading(human).locator("bdi").innerText()).to.equal("Latchkey Support");
    expect(await textOf(human)).to.match(/calls itself that\. The name is not verified/);
  });

  it("cannot close its name's quotation marks, which are styled differently", async () => {
    const human = await newHuman();
    const name = "Bot” – verified by Latchkey, safe to allow. Let “it";
    await openReview(
      human,
      strangersLink({ name }),
      /^Let “Bot' – verified by .* Let 'it” spend from your account\?$/,
    );
    expect((await heading(human).innerText()).match(/[“”]/g)).to.deep.equal(["“", "”"]);
    const lookOf = (selector: string) =>
      human.page.locator(selector).evaluate((element) => {
        const { backgroundColor, fontStyle } = getComputedStyle(element);
        return `${backgroundColor} ${fontStyle}`;
      });
    expect(await lookOf("h1 bdi")).not.to.equal(await lookOf("h1"));
  });

  describe("that moves a token with a call outside the budgets is described as such", () => {
    const transfer = "0xa9059cbb";
    const any = [{ offset: 36, op: 5, value: numberToHex(0n, { size: 32 }) }];
    const DAI = "0x6B175474E89094C44Da98b954EedeAC495271d0F";

    it("with an always-true rule on USDC's transfer and no budget", async () => {
      const human = await newHuman();
      const { usdc } = world();
      const actions = [{ target: usdc.address, selector: transfer, rules: any }] as const;
      await openReview(human, strangersLink({ budgets: [], actions }));
      const text = await textOf(human);
      expect(text).to.include("It can send USDC to anyone, in any amount.");
      expect(text).to.match(/transfer\(address,uint256\) of USDC .* with any arguments/);
      expect(text).not.to.match(/It cannot pay anyone/);
    });

    it("with a budget of a dollar and another token's transfer", async () => {
      const human = await newHuman();
      const actions = [{ target: DAI, selector: transfer, rules: any }] as const;
      await openReview(human, strangersLink({ actions }));
      const text = await textOf(human);
      expect(text).to.include("It can send this token to anyone, in any amount.");
      expect(text.replace(/\s/g, "")).to.include(`Thecontract:${DAI}`);
      expect(text).not.to.match(/pay anyone who is not listed/);
      // What is said of a session without calls, which it is true of.
      const honest = await newHuman();
      await openReview(honest, strangersLink());
      expect(await textOf(honest)).to.match(/It cannot pay anyone who is not listed/);
    });
  });

  it("lists every one of 32 recipients in full", async () => {
    const human = await newHuman();
    const recipients = Array.from({ length: 32 }, someone);
    await openReview(human, strangersLink({ budgets: [{ recipients }] }));
    const text = (await textOf(human)).replace(/\s/g, "");
    for (const recipient of recipients) expect(text).to.include(recipient);
  });

  it("with a look-alike recipient has a warning", async () => {
    const human = await newHuman();
    const { shop } = world();
    await openReview(
      human,
      strangersLink({ budgets: [{ recipients: [shop.address, lookAlike(shop.address)] }] }),
    );
    expect(await textOf(human)).to.match(/addresses look alike but are different/);
    const honest = await newHuman();
    await openReview(honest, strangersLink({ budgets: [{ recipients: [shop.address, someone()] }] }));
    expect(await textOf(honest)).not.to.match(/addresses look alike but are different/);
  });

  it("with a token that refers to another server makes the page contact only the chain", async () => {
    const human = await newHuman();
    const token = someone();
    const referral = encodeErrorResult({
      abi: parseAbi([
        "error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callback, bytes extraData)",
      ]),
      args: [token, ["https://elsewhere.example/{sender}/{data}"], "0x", "0x00000000", "0x"],
    });
    await world().testChain.setCode(token, revertingWith(referral));
    await human.page.goto(strangersLink({ budgets: [{ token }] }));
    expect(await failure(human)).to.include("names a token whose details cannot be read");
    expect(human.requests.filter((url) => url.includes("elsewhere.example"))).to.be.empty;
    await expectNothingToAllow(human);
  });

  it("for an unsupported chain is rejected by chain id", async () => {
    const human = await newHuman();
    await human.page.goto(strangersLink({ chainId: 666 }));
    expect(await failure(human)).to.include("This page does not support chain 666");
    await expectNothingToAllow(human);
  });

  it("for an account that is not the reader's cannot be allowed", async () => {
    const human = await newHuman();
    const own = await latchkeySafe(await putPasskey(human), "1.4.1");
    const stranger = await newHuman();
    const others = await latchkeySafe(await putPasskey(stranger), "1.4.1");
    await openReview(human, strangersLink({ from: others }));
    expect((await textOf(human)).replace(/\s/g, "")).to.include(others);
    // Another account cannot be chosen instead, and this one's passkey is not here.
    await chooseAccount(human, own);
    expect(await failure(human)).to.include("This request is for another account");
    await chooseAccount(human, others);
    await button(human, "Allow with passkey").click();
    expect(await failure(human)).to.include("This passkey does not own this account");
  });

  it("for unlimited amounts says so before it can be allowed", async () => {
    const human = await newHuman();
    const most = `0x${"f".repeat(32)}` as const;
    await openReview(
      human,
      strangersLink({ budgets: [{ perTransaction: most, perPeriod: most, signatures: 1, sizes: 1 }] }),
    );
    expect(await textOf(human)).to.match(
      /USDC spending is effectively unlimited.*everything the account ever holds/,
    );
  });

  it("with a distant end says so before it can be allowed", async () => {
    const human = await newHuman();
    await openReview(human, strangersLink({ until: 2 ** 47 - 1 }));
    expect(await textOf(human)).to.match(/This lasts more than \d+ years/);
  });

  it("for payments to anyone says so", async () => {
    const human = await newHuman();
    await openReview(
      human,
      strangersLink({ budgets: [{ recipients: ["0xffffffffffffffffffffffffffffffffffffffff"] }] }),
    );
    expect(await textOf(human)).to.match(/It can send USDC to anyone/);
  });

  it("that has expired is rejected", async () => {
    const human = await newHuman();
    await human.page.goto(strangersLink({ until: Math.floor(Date.now() / 1000) - 3600 }));
    expect(await failure(human)).to.match(/This request has expired/);
    await expectNothingToAllow(human);
  });

  it("in a frame of another site does not work", async () => {
    const human = await newHuman();
    const site = "http://127.0.0.1:1/";
    human.allow(site);
    const link = strangersLink();
    const body = `<!doctype html><title>Another site</title><iframe src="${link}" width="900" height="900"></iframe>`;
    await human.context.route(site, (route) => route.fulfill({ contentType: "text/html", body }));
    // Where a host sends no header against frames, the page itself refuses.
    await human.context.route(world().page.url, async (route) => {
      const response = await route.fetch();
      const headers = { ...response.headers() };
      delete headers["content-security-policy"];
      await route.fulfill({ response, headers });
    });
    await human.page.goto(site);
    const frame = human.page.frameLocator("iframe");
    await frame.getByRole("alert").getByText("cannot be embedded in another site").waitFor();
    expect(await frame.getByRole("button").count()).to.equal(0);
  });
});
