import { expect } from "chai";
import type { Locator } from "playwright-core";
import { allowAsNewcomer } from "./environment/allScreens.ts";
import { VIEWPORTS, type ViewportName } from "./environment/browser.ts";
import { breakChain, mendChain } from "./environment/chainFaults.ts";
import { newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import type { Human } from "./environment/Human.ts";
import { button, card, chooseAccount, heading, openManage, openReview } from "./environment/screens.ts";
import { strangersLink } from "./environment/strangersLink.ts";

/** Waits for it, and expects that the reader sees all of it: inside the window, and not behind the bar of buttons. */
async function expectInSight({ page }: Human, what: Locator): Promise<void> {
  await what.waitFor();
  // What scrolls it into sight runs right after it appeared.
  await page.waitForTimeout(100);
  const { y, height } = (await what.boundingBox()) ?? { y: Number.NaN, height: Number.NaN };
  const lowest = await what.evaluate((element) => {
    const bar = Array.from(document.querySelectorAll<HTMLElement>(".bar")).find(
      (one) => one.offsetHeight > 0 && getComputedStyle(one).position === "sticky" && !one.contains(element),
    );
    return bar ? bar.getBoundingClientRect().top : window.innerHeight;
  });
  const place = `from ${y} to ${y + height} of ${lowest}`;
  expect(height, place).to.be.above(10);
  expect(y, place).to.be.at.least(0);
  expect(Math.floor(y + height), place).to.be.at.most(Math.ceil(lowest));
}

const alert = ({ page }: Human) => page.getByRole("alert").filter({ hasText: /\S/ });
const status = ({ page }: Human, text: RegExp) => page.getByRole("status").filter({ hasText: text });

for (const viewport of Object.keys(VIEWPORTS) as ViewportName[])
  describe(`On a ${viewport}, the user sees immediately`, function () {
    this.timeout(60_000);
    usePage();

    it("that the prompt for a new passkey was rejected, and progress meanwhile", async () => {
      const human = await newHuman({ viewport });
      await openReview(human, strangersLink());
      await human.refuse(true);
      await button(human, "Create a passkey").click();
      await expectInSight(human, alert(human));
      await human.page.evaluate(() => {
        navigator.credentials.create = () => new Promise(() => {});
      });
      await button(human, "Create a passkey").click();
      await expectInSight(human, status(human, /create the passkey/));
    });

    it("that the prompt for the signature was rejected, anywhere in the review", async () => {
      const human = await newHuman({ viewport });
      await openReview(human, strangersLink());
      await button(human, "Create a passkey").click();
      await human.refuse(true);
      for (const scrolled of [0, 1, 0.5]) {
        await human.page.evaluate((part) => scrollTo(0, part * document.body.scrollHeight), scrolled);
        await button(human, "Allow with passkey").click();
        await expectInSight(human, alert(human));
      }
    });

    it("the focused field for the account, and what is wrong with its value", async () => {
      const human = await newHuman({ viewport });
      await openReview(human, strangersLink());
      await button(human, "Use an existing passkey").click();
      const field = human.page.getByRole("textbox", { name: "Your account's address" });
      await expectInSight(human, field);
      await expectInSight(human, button(human, "Use this address"));
      expect(await field.evaluate((element) => element === document.activeElement)).to.equal(true);
      await field.fill("0x12");
      await human.page.keyboard.press("Enter");
      await expectInSight(human, human.page.getByText(/is not a valid address/));
      await chooseAccount(human, world().usdc.address);
      await expectInSight(human, alert(human));
    });

    it("the fields that lower the limits, and which of them is wrong", async () => {
      const human = await newHuman({ viewport });
      await openReview(human, strangersLink());
      await human.page.getByText("Lower the limits", { exact: true }).click();
      const field = human.page.getByRole("textbox", { name: /each payment/i });
      await expectInSight(human, field);
      await field.fill("5000");
      await expectInSight(human, human.page.getByText(/Limits can be lowered, not raised/));
      const ends = human.page.getByLabel("Ends");
      await ends.fill("2020-01-01T12:00");
      await expectInSight(human, human.page.getByText("This time has already passed."));
    });

    it("that this browser does not support passkeys, and offers none", async () => {
      const human = await newHuman({ viewport });
      const agent = await newAgent();
      await allowAsNewcomer(human, agent);
      await human.page.addInitScript(() => {
        Object.defineProperty(globalThis, "PublicKeyCredential", { value: undefined });
      });
      await human.page.goto("about:blank");
      await openReview(human, strangersLink());
      await expectInSight(human, alert(human).filter({ hasText: "This browser cannot use passkeys here." }));
      for (const name of ["Create a passkey", "Use an existing passkey", "Allow with passkey"])
        expect(await button(human, name).count(), name).to.equal(0);
      await openManage(human);
      await human.page.getByText("This browser cannot use passkeys here.").first().waitFor();
      for (const name of ["Stop now", "Stop everything"])
        expect(await button(human, name).isDisabled(), name).to.equal(true);
    });

    it("that the agent was not reached, and that the response was copied", async () => {
      const human = await newHuman({ viewport });
      const agent = await newAgent();
      human.allow(agent.callback);
      human.expectProblem(/net::ERR_/);
      await human.context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await openReview(human, agent.handoff.link);
      await agent.handoff.close();
      await button(human, "Create a passkey").click();
      await button(human, "Allow with passkey").click();
      await heading(human, /^Allowed until/).waitFor();
      await expectInSight(human, alert(human));
      await button(human, "Copy the response").click();
      await expectInSight(human, status(human, /Copied/));
    });

    it("that a pasted link contains no request", async () => {
      const human = await newHuman({ viewport });
      await human.page.goto(world().page.url);
      await human.page.getByRole("textbox").fill("no link");
      await button(human, "Open the request").click();
      await expectInSight(human, alert(human));
    });

    it("that a setting was saved, and that a file was rejected", async () => {
      const human = await newHuman({ viewport });
      await human.page.goto(world().page.url);
      await button(human, "Settings").click();
      const field = human.page.getByLabel("Local chain (chain 31337)");
      await field.fill("ftp://x");
      await button(human, /Use this URL/).click();
      await expectInSight(human, human.page.getByText("starts with https://, or http:// on this machine"));
      await field.fill(`${world().rpcUrl}/other`);
      await button(human, /Use this URL/).click();
      await expectInSight(human, status(human, /now uses/));
      await human.page.getByLabel("Import from a file").setInputFiles({
        name: "x.json",
        mimeType: "application/json",
        buffer: Buffer.from("{}"),
      });
      await expectInSight(human, alert(human));
    });

    it("the button that stops the first agent, what it does, and the progress of the stop", async () => {
      const human = await newHuman({ viewport });
      await allowAsNewcomer(human, await newAgent());
      await openManage(human);
      const shown = card(human, "Research Bot");
      await shown.getByText("Active", { exact: true }).waitFor();
      await expectInSight(human, button(human, "Stop now"));
      await expectInSight(human, shown.getByText(/One tap\. Takes effect/));
      expect(await human.page.evaluate(() => scrollY)).to.equal(0);
      await human.refuse(true);
      await button(human, "Stop now").click();
      await expectInSight(human, alert(human));
      await human.refuse(false);
      await breakChain(human, "unreachable");
      await button(human, "Stop now").click();
      await expectInSight(human, status(human, /Signed but not sent/));
      await mendChain(human);
      await expectInSight(human, status(human, /Mined: it is stopped/));
    });

    it("the buttons that pause and resume the first agent, what they do, and their progress", async () => {
      const human = await newHuman({ viewport });
      await allowAsNewcomer(human, await newAgent());
      await openManage(human);
      const shown = card(human, "Research Bot");
      await shown.getByText("Active", { exact: true }).waitFor();
      await expectInSight(human, button(human, "Pause"));
      await expectInSight(human, shown.getByText(/cannot spend until you resume it\. The end date/));
      expect(await human.page.evaluate(() => scrollY)).to.equal(0);
      const [stop, pause] = await Promise.all(
        ["Stop now", "Pause"].map((name) => button(human, name).boundingBox()),
      );
      expect(pause?.y).to.equal(stop?.y);
      await button(human, "Pause").click();
      await expectInSight(human, status(human, /Mined: it is paused/));
      await expectInSight(human, button(human, "Resume"));
      await expectInSight(human, shown.getByText(/can spend again within the limits/));
      // Who pressed it by the keyboard stands where they stood.
      const focused = await human.page.evaluate(() => document.activeElement?.textContent);
      expect(focused).to.equal("Resume");
      await breakChain(human, "unreachable");
      await button(human, "Resume").click();
      await expectInSight(human, status(human, /Signed but not sent: it is still paused/));
      await expectInSight(human, button(human, "Send it now"));
    });

    it("no blank space around that button", async () => {
      const human = await newHuman({ viewport });
      await allowAsNewcomer(human, await newAgent());
      await openManage(human);
      const shown = card(human, "Research Bot");
      await shown.getByText("Active", { exact: true }).waitFor();
      const boxes = await shown.evaluate((element) =>
        Array.from(element.children, (child) => child.getBoundingClientRect()).map(({ top, bottom }) => ({
          top,
          bottom,
        })),
      );
      const stop = await shown.locator(".change").evaluate((element) => {
        const box = element.getBoundingClientRect();
        // What is written, not the boxes that hold it.
        const written = Array.from(element.querySelectorAll("button, p")).map((one) =>
          one.getBoundingClientRect(),
        );
        return {
          top: box.top,
          bottom: box.bottom,
          first: Math.min(...written.map(({ top }) => top)),
          last: Math.max(...written.map(({ bottom }) => bottom)),
        };
      });
      expect(stop.first - stop.top).to.be.at.most(1);
      expect(stop.bottom - stop.last).to.be.at.most(8);
      const above = boxes.filter(({ bottom }) => bottom <= stop.top).at(-1);
      const below = boxes.find(({ top }) => top >= stop.bottom);
      expect(stop.top - (above?.bottom ?? 0)).to.be.at.most(16);
      expect((below?.top ?? Number.NaN) - stop.bottom).to.be.at.most(16);
    });

    it("the keyboard focus, anywhere in the review", async () => {
      const human = await newHuman({ viewport });
      await openReview(human, strangersLink());
      await human.page.getByText("Lower the limits", { exact: true }).click();
      await human.page.evaluate(() => scrollTo(0, 0));
      for (let presses = 0; presses < 14; presses++) {
        await human.page.keyboard.press("Tab");
        const isInSight = await human.page.evaluate(() => {
          const focused = document.activeElement;
          if (!focused || focused === document.body) return true;
          const { x, y, width, height } = focused.getBoundingClientRect();
          return [y + 2, y + height - 2].every((at) => {
            const onTop = document.elementFromPoint(x + width / 2, at);
            return onTop !== null && (focused.contains(onTop) || onTop.contains(focused));
          });
        });
        expect(isInSight, `after ${presses + 1} presses`).to.equal(true);
      }
    });
  });
