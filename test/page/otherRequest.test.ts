import { expect } from "chai";
import { numberToHex } from "viem";
import { allowAsNewcomer } from "./environment/allScreens.ts";
import { newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import type { Human } from "./environment/Human.ts";
import { button, heading, openReview, textOf } from "./environment/screens.ts";
import { strangersLink } from "./environment/strangersLink.ts";

const SECOND = 1000;
/** A site that opened the page by a script, or that the reader came from. */
const SITE = "http://127.0.0.1:1/";

/** Changes what stands behind the `#`, as the site that opened the page can without reloading it. */
const changeHash = ({ page }: Human, link: string) =>
  page.evaluate((hash) => {
    window.location.hash = hash;
  }, new URL(link).hash);

/** Opens the first request, ready to be allowed. */
async function ready(human: Human): Promise<string> {
  const first = strangersLink({ name: "First Bot" });
  await openReview(human, first, "First Bot");
  await button(human, "Create a passkey").click();
  await waitUntilAllowable(human);
  return first;
}

/** Milliseconds until the button takes a click, by the page's own clock; nobody clicks it. */
async function waitUntilAllowable({ page }: Human): Promise<number> {
  const from = await page.evaluate(() => performance.now());
  await page.waitForFunction(() =>
    Array.from(document.querySelectorAll("button")).some(
      (one) => one.textContent === "Allow with passkey" && one.getAttribute("aria-disabled") !== "true",
    ),
  );
  return (await page.evaluate(() => performance.now())) - from;
}

describe("Another request opened during a review", function () {
  this.timeout(60_000);
  usePage();

  const huge = () =>
    strangersLink({
      name: "Second Bot",
      budgets: [{ perTransaction: numberToHex(10n ** 14n), perPeriod: numberToHex(10n ** 14n) }],
    });

  it("does not replace it: the user is told, and opens it only with a click", async () => {
    const human = await newHuman();
    await ready(human);
    await changeHash(human, huge());
    await heading(human, "Another request was opened").waitFor();
    expect(await button(human, "Allow with passkey").count()).to.equal(0);
    expect(await textOf(human)).not.to.include("Second Bot");
    expect(await human.page.title()).to.include("Another request");
    await button(human, "Review the other request").click();
    await heading(human, "Let “Second Bot” spend from your account?").waitFor();
    expect(human.prompts.asserted).to.equal(0);
  });

  it("is discarded by going back: the first one is unchanged, and its button waits again", async () => {
    const human = await newHuman();
    const first = await ready(human);
    await changeHash(human, huge());
    await button(human, "Go back to the first request").click();
    await heading(human, "Let “First Bot” spend from your account?").waitFor();
    expect(await waitUntilAllowable(human)).to.be.above(SECOND / 2);
    expect(new URL(human.page.url()).hash).to.equal(new URL(first).hash);
    expect(await human.page.title()).to.include("First Bot");
  });

  it("is also reported if another screen was shown in between", async () => {
    const human = await newHuman();
    await ready(human);
    await changeHash(human, `${world().page.url}#start`);
    await heading(human, "Let an agent spend, within limits").waitFor();
    await changeHash(human, huge());
    await heading(human, "Another request was opened").waitFor();
  });

  it("is shown immediately if the first one has been answered", async () => {
    const human = await newHuman();
    await allowAsNewcomer(human, await newAgent());
    await heading(human, /^Allowed until/).waitFor();
    await changeHash(human, huge());
    await heading(human, "Let “Second Bot” spend from your account?").waitFor();
  });

  it("cannot be opened by the site that opened the page, which loses its reference to it", async () => {
    const human = await newHuman();
    human.allow(SITE);
    await human.context.route(SITE, (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Another site</title>" }),
    );
    await human.page.goto(SITE);
    const opening = human.page.waitForEvent("popup");
    await human.page.evaluate(
      (link) => {
        Object.assign(globalThis, { opened: window.open(link) });
      },
      strangersLink({ name: "First Bot" }),
    );
    const popup = await opening;
    const title = popup.getByRole("heading", { level: 1, name: "Let “First Bot” spend" });
    await title.waitFor();
    const isLost = await human.page.evaluate((link) => {
      const { opened } = globalThis as unknown as { opened: Window };
      const { closed } = opened;
      opened.location = link;
      return closed;
    }, huge());
    expect(isLost).to.equal(true);
    await popup.waitForTimeout(SECOND / 2);
    expect(await title.count()).to.equal(1);
    expect(await popup.evaluate(() => window.opener === null)).to.equal(true);
  });
});

describe("The button that allows", function () {
  this.timeout(60_000);
  usePage();

  /** Clicks and presses right away, as who was led to. */
  const strike = async ({ page }: Human) => {
    const allow = page.getByRole("button", { name: "Allow with passkey" });
    await allow.waitFor();
    await allow.focus();
    await page.keyboard.press("Enter");
    await allow.click({ force: true });
    await allow.dispatchEvent("click");
  };

  it("ignores clicks and keys in the first second after the account is shown, and says why", async () => {
    const human = await newHuman();
    await openReview(human, strangersLink());
    await button(human, "Create a passkey").click();
    await strike(human);
    const allow = button(human, "Allow with passkey");
    expect(await allow.getAttribute("aria-disabled")).to.equal("true");
    expect(human.prompts.asserted).to.equal(0);
    const words = await allow.evaluate(
      (element) => document.getElementById(element.getAttribute("aria-describedby") ?? "")?.textContent,
    );
    expect(words).to.match(/one second after any change on this page/);
    await allow.click();
    await heading(human, /^Allowed until/).waitFor();
    expect(human.prompts.asserted).to.equal(1);
  });

  it("waits a second again after the window gets the focus, and after a limit was changed", async () => {
    const human = await newHuman();
    await ready(human);
    for (const change of [
      () => human.page.evaluate(() => window.dispatchEvent(new Event("focus"))),
      () => human.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))),
      async () => {
        await human.page.getByText("Lower the limits", { exact: true }).click();
        await human.page.getByRole("textbox", { name: /^Each day/ }).fill("7");
      },
    ]) {
      await waitUntilAllowable(human);
      await change();
      await strike(human);
      expect(human.prompts.asserted).to.equal(0);
      expect(await button(human, "Allow with passkey").getAttribute("aria-disabled")).to.equal("true");
      expect(await waitUntilAllowable(human)).to.be.above(SECOND / 3);
    }
  });
});

describe("The page as `npm run page` serves it", function () {
  this.timeout(30_000);
  usePage();

  it("is isolated from sites that open it, frame it, or are linked from it", async () => {
    for (const path of ["", "config.json"]) {
      const { headers } = await fetch(`${world().page.url}${path}`);
      expect(headers.get("cross-origin-opener-policy"), path).to.equal("same-origin");
      expect(headers.get("referrer-policy"), path).to.equal("no-referrer");
      expect(headers.get("x-content-type-options"), path).to.equal("nosniff");
      expect(headers.get("content-security-policy"), path).to.equal("frame-ancestors 'none'");
    }
  });
});
