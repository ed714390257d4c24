import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { SCREENS } from "./environment/allScreens.ts";
import { accessibilityFlaws } from "./environment/axe.ts";
import { VIEWPORTS } from "./environment/browser.ts";
import { breakChain } from "./environment/chainFaults.ts";
import { newAgent, newHuman, usePage } from "./environment/fixture.ts";
import type { Human } from "./environment/Human.ts";
import { openReview } from "./environment/screens.ts";

/** Pictures of all screens, for people to look at. */
const ARTEFACTS = join(import.meta.dirname, "../../artefacts/page");

/** Views in CSS pixels that screens must fit into without scrolling sideways. */
const NARROW = {
  "a phone of 360 × 640": VIEWPORTS.phone,
  "a desktop of 1280 × 800": VIEWPORTS.desktop,
  "a desktop at 200 % zoom": { width: 640, height: 400 },
  "a desktop at 400 % zoom": { width: 320, height: 256 },
};

/** How far the document is wider than its window, in CSS pixels. */
const overflow = ({ page }: Human): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** The whole screen on a phone, in a window as high as it, so that what sticks to the window's edge covers nothing. */
async function wholePicture({ page }: Human, path: string): Promise<void> {
  await page.setViewportSize(VIEWPORTS.phone);
  await page.emulateMedia({ colorScheme: "light" });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...VIEWPORTS.phone, height });
  await page.screenshot({ path });
}

/** What can be clicked and is smaller than WCAG 2.2 wants targets to be; links within a sentence are exempt. */
const smallTargets = ({ page }: Human): Promise<string[]> =>
  page.evaluate(() =>
    Array.from(document.querySelectorAll("button, input, select, summary, a[href]"))
      .filter((element) => element.checkVisibility() && !element.closest("p, li, dd"))
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.width < 24 || box.height < 24))
      .map(({ element, box }) => `${element.outerHTML.slice(0, 80)} ${box.width}×${box.height}`),
  );

describe("The quality of the page", function () {
  this.timeout(60_000);
  usePage();

  for (const { name, open } of SCREENS) {
    it(`of the screen "${name}": no axe violations, light and dark, phone and desktop, no horizontal scrolling`, async () => {
      const human = await newHuman({ viewport: "phone" });
      await open(human);
      mkdirSync(ARTEFACTS, { recursive: true });
      for (const [viewport, size] of Object.entries(VIEWPORTS)) {
        await human.page.setViewportSize(size);
        for (const colorScheme of ["light", "dark"] as const) {
          await human.page.emulateMedia({ colorScheme });
          await human.page.screenshot({ path: join(ARTEFACTS, `${name}-${viewport}-${colorScheme}.png`) });
          const flaws = await accessibilityFlaws(human.page);
          expect(flaws, `${viewport}, ${colorScheme}`).to.deep.equal([]);
        }
      }
      await wholePicture(human, join(ARTEFACTS, `${name}-whole.png`));
      for (const [view, size] of Object.entries(NARROW)) {
        await human.page.setViewportSize(size);
        expect(await overflow(human), view).to.be.at.most(0);
        expect(await smallTargets(human), view).to.deep.equal([]);
      }
      // Text alone at twice its size, as a reader may set it.
      await human.page.setViewportSize(VIEWPORTS.desktop);
      await human.page.evaluate(() => {
        document.documentElement.style.fontSize = "200%";
      });
      expect(await overflow(human), "text at 200 %").to.be.at.most(0);
    });
  }

  for (const viewport of ["phone", "desktop"] as const) {
    for (const name of ["start", "review", "review-warnings", "manage", "settings"]) {
      it(`of the screen "${name}" on a ${viewport}: no layout shifts without a click`, async () => {
        const human = await newHuman({ viewport, reducedMotion: false });
        await SCREENS.find((screen) => screen.name === name)?.open(human);
        // What comes late comes with the next frames.
        await human.page.waitForLoadState("networkidle");
        expect(await human.layoutShifts()).to.deep.equal([]);
      });
    }
  }

  it("lets a user go from the link to the grant with only the keyboard", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    const { keyboard } = human.page;
    /** Goes on with Tab until the element with that name has the focus, which must be seen. */
    const tabTo = async (name: string) => {
      for (let i = 0; i < 60; i++) {
        await keyboard.press("Tab");
        const focused = await human.page.evaluate(() => {
          const element = document.activeElement;
          if (!(element instanceof HTMLElement)) return undefined;
          const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
          const box = element.getBoundingClientRect();
          const onTop = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
          return {
            name: element.textContent?.trim(),
            isMarked: (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none",
            isCovered: !(onTop && (element.contains(onTop) || onTop.contains(element))),
          };
        });
        if (focused?.name !== name) continue;
        expect(focused, name).to.include({ isMarked: true, isCovered: false });
        return;
      }
      throw new Error(`Tab never came to ${name}`);
    };
    await openReview(human, agent.handoff.link);
    await tabTo("Create a passkey");
    await keyboard.press("Enter");
    await human.page.getByRole("button", { name: "Allow with passkey" }).waitFor();
    await tabTo("Allow with passkey");
    await human.page.getByRole("button", { name: "Allow with passkey", disabled: false }).waitFor();
    await keyboard.press("Enter");
    expect((await agent.handoff.answer).session.key).to.equal(agent.key.address);
    // The next screen begins where it is read from.
    await human.page.getByRole("heading", { level: 1, name: /allowed/i }).waitFor();
    expect(await human.page.evaluate(() => document.activeElement?.localName)).to.equal("h1");
  });

  it("respects reduced motion, even while work is in progress", async () => {
    const moving = (human: Human) =>
      human.page.evaluate(
        () =>
          document
            .getAnimations()
            .filter(
              ({ playState, effect }) => playState === "running" && Number(effect?.getTiming().duration) > 10,
            ).length,
      );
    const { handoff } = await newAgent();
    const still = await newHuman({ reducedMotion: true });
    await breakChain(still, "silent");
    await still.page.goto(handoff.link);
    await still.page.getByRole("status").filter({ hasText: /\S/ }).first().waitFor();
    expect(await moving(still)).to.equal(0);
    // The same moment moves for the others, so it was the one to look at.
    const other = await newHuman({ reducedMotion: false });
    await breakChain(other, "silent");
    await other.page.goto(handoff.link);
    await other.page.getByRole("status").filter({ hasText: /\S/ }).first().waitFor();
    expect(await moving(other)).to.be.above(0);
  });

  it("declares its language, and shows dates in the user's time zone", async () => {
    const { handoff } = await newAgent({ until: new Date("2027-03-01T12:00:00Z") });
    for (const [timezone, hour] of [
      ["Asia/Tokyo", "21:00"],
      ["America/New_York", "07:00"],
    ] as const) {
      const human = await newHuman({ timezone });
      await openReview(human, handoff.link);
      expect(await human.page.locator("html").getAttribute("lang")).to.equal("en");
      await human.page
        .getByText(new RegExp(`1 Mar(ch)? 2027.*${hour}`))
        .first()
        .waitFor();
    }
  });
});
