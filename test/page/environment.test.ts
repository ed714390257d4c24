import { expect } from "chai";
import { findChromium } from "../../scripts/chromium.ts";
import { accessibilityFlaws } from "./environment/axe.ts";
import { newHuman, usePage, world } from "./environment/fixture.ts";
import { heading } from "./environment/screens.ts";

describe("The page tests' environment", function () {
  this.timeout(30_000);
  usePage();

  const spoilt = async () => {
    const human = await newHuman();
    human.expectProblem(/./);
    await human.page.goto(world().page.url);
    await heading(human).waitFor();
    return human;
  };

  it("uses the Chromium at CHROMIUM_PATH, without a fallback", () => {
    const before = process.env.CHROMIUM_PATH;
    try {
      process.env.CHROMIUM_PATH = process.execPath;
      expect(findChromium()).to.equal(process.execPath);
      process.env.CHROMIUM_PATH = import.meta.filename;
      expect(findChromium).to.throw("which is not an executable file");
    } finally {
      if (before === undefined) delete process.env.CHROMIUM_PATH;
      else process.env.CHROMIUM_PATH = before;
    }
  });

  it("detects a layout shift", async () => {
    const human = await spoilt();
    expect(await human.layoutShifts()).to.deep.equal([]);
    await human.page.evaluate(async () => {
      const tall = document.createElement("div");
      tall.style.height = "200px";
      for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
      document.body.prepend(tall);
      for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
    });
    expect(await human.layoutShifts()).not.to.deep.equal([]);
  });

  it("detects an accessibility violation", async () => {
    const human = await spoilt();
    expect(await accessibilityFlaws(human.page)).to.deep.equal([]);
    await human.page.evaluate(() => document.querySelector("main")?.append(document.createElement("button")));
    expect((await accessibilityFlaws(human.page)).join()).to.include("button-name");
  });

  it("detects an exception, a console message and a third-party request", async () => {
    const human = await newHuman();
    await human.context.route("http://127.0.0.1:1/stranger", (route) => route.abort());
    await human.page.goto(world().page.url);
    await human.page.evaluate(() => {
      console.error("something is wrong");
      setTimeout(() => {
        throw new Error("nobody caught this");
      });
      return fetch("http://127.0.0.1:1/stranger").catch(() => undefined);
    });
    await human.page.waitForLoadState("networkidle");
    const found = human.problems.join("\n");
    human.expectProblem(/./);
    expect(found).to.include("something is wrong");
    expect(found).to.include("nobody caught this");
    expect(found).to.include("asked for http://127.0.0.1:1/stranger");
    expect(human.problems).to.be.empty;
  });
});
