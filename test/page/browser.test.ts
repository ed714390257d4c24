import { readFile } from "node:fs/promises";
import { sessionStatus } from "@latchkey/sdk";
import { encodeRevokeAll } from "@latchkey/sdk/encoding";
import { expect } from "chai";
import type { Address } from "viem";
import { allowAsNewcomer } from "./environment/allScreens.ts";
import { newAgent, newHuman, usePage, world } from "./environment/fixture.ts";
import { button, card, failure, heading, openManage, openReview, textOf } from "./environment/screens.ts";

describe("In the browser, the page", function () {
  this.timeout(60_000);
  usePage();

  it("runs no injected script, and connects to no unencrypted third party", async () => {
    const human = await newHuman();
    human.expectProblem(/Content Security Policy/);
    await human.page.goto(world().page.url);
    await heading(human).waitFor();
    const outcome = await human.page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "globalThis.pwned = 1";
      document.head.append(script);
      const image = document.createElement("img");
      image.setAttribute("onerror", "globalThis.pwned = 2");
      image.src = "data:image/png;base64,AAAA";
      document.body.append(image);
      await new Promise((failed) => image.addEventListener("error", failed));
      const evaluated = await Promise.resolve()
        .then(() => setTimeout("globalThis.pwned = 3") as unknown)
        .catch(() => "refused");
      void evaluated;
      const connected = await fetch("http://example.com/").then(
        () => true,
        () => false,
      );
      return { pwned: "pwned" in globalThis, connected };
    });
    expect(outcome).to.deep.equal({ pwned: false, connected: false });
  });

  it("prompts for the passkey within the click itself, always with user verification", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    await human.page.addInitScript(() => {
      const asked: unknown[] = [];
      Object.assign(globalThis, { asked });
      const { credentials } = navigator;
      for (const name of ["create", "get"] as const) {
        const original = credentials[name].bind(credentials) as (
          options: unknown,
        ) => Promise<Credential | null>;
        credentials[name] = (options?: CredentialCreationOptions & CredentialRequestOptions) => {
          const publicKey = options?.publicKey;
          asked.push({
            name,
            // Of the event that is being handled; none once something was awaited.
            within: globalThis.event?.type,
            site: publicKey?.rpId ?? publicKey?.rp.id,
            verification: publicKey?.userVerification ?? publicKey?.authenticatorSelection?.userVerification,
          });
          return original(options);
        };
      }
    });
    await allowAsNewcomer(human, agent);
    const asked = await human.page.evaluate(() => (globalThis as unknown as { asked: unknown[] }).asked);
    expect(asked).to.deep.equal([
      { name: "create", within: "click", site: "localhost", verification: "required" },
      { name: "get", within: "click", site: "localhost", verification: "required" },
    ]);
  });

  it("says that a reopened link was already allowed", async () => {
    const agent = await newAgent();
    const human = await newHuman();
    await allowAsNewcomer(human, agent);
    await human.page.goto("about:blank");
    await openReview(human, agent.handoff.link);
    expect(await textOf(human)).to.include("You have already allowed this request");
  });

  it("does not hand over a grant that is no longer valid because everything was stopped during the review", async () => {
    const { testChain, latchkey, client } = world();
    const human = await newHuman();
    const { account } = (await allowAsNewcomer(human, await newAgent())).session;
    const agent = await newAgent({ account });
    human.allow(agent.callback);
    await human.page.goto("about:blank");
    await openReview(human, agent.handoff.link);
    const { to, data } = encodeRevokeAll(latchkey);
    await testChain.send({ from: account as Address, to, data });
    await button(human, "Allow with passkey").click();
    expect(await failure(human)).to.match(/permissions of this account were stopped.*reload the page/i);
    expect(human.requests.some((url) => url === agent.callback)).to.equal(false);
    await human.page.reload();
    await button(human, "Allow with passkey").click();
    expect((await sessionStatus(client, await agent.handoff.answer)).active).to.equal(true);
  });

  it("continues with a message if the browser cannot save data", async () => {
    const agent = await newAgent();
    const human = await newHuman({ of: [agent] });
    await human.page.addInitScript(() => {
      Storage.prototype.setItem = () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    await openReview(human, agent.handoff.link);
    await button(human, "Create a passkey").click();
    expect(await failure(human)).to.include("This browser cannot save data");
    await button(human, "Allow with passkey").click();
    expect((await agent.handoff.answer).session.key).to.equal(agent.key.address);
  });

  it("starts over if the saved data is corrupted", async () => {
    const human = await newHuman();
    await human.page.goto(world().page.url);
    await human.page.evaluate(() => localStorage.setItem("latchkey", `{"version":99,"grants":"<b>"`));
    await openManage(human);
    expect(await textOf(human)).to.include("Nothing has been allowed from this browser yet");
  });

  it("moves its data to another browser as a file, without RPC URLs", async () => {
    const agent = await newAgent();
    const one = await newHuman();
    await allowAsNewcomer(one, agent);
    await one.page.goto(world().page.url);
    await button(one, "Settings").click();
    const [download] = await Promise.all([
      one.page.waitForEvent("download"),
      button(one, "Export to a file").click(),
    ]);
    const text = await readFile(await download.path(), "utf8");
    expect(text).to.include(agent.key.address);
    const kept = JSON.parse(text);
    kept.settings.rpcs = { [world().chain.id]: "https://stranger.example/" };

    const other = await newHuman();
    await other.page.goto(world().page.url);
    await button(other, "Settings").click();
    await other.page.getByLabel("Import from a file").setInputFiles({
      name: "latchkey-page.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify(kept)),
    });
    await other.page.getByText("The file was imported").waitFor();
    await openManage(other);
    await card(other, "Research Bot").getByText("Active", { exact: true }).waitFor();
  });

  it("rejects a file that it did not export", async () => {
    const human = await newHuman();
    await human.page.goto(world().page.url);
    await button(human, "Settings").click();
    await human.page
      .getByLabel("Import from a file")
      .setInputFiles({ name: "x.json", mimeType: "application/json", buffer: Buffer.from(`{"version":1}`) });
    expect(await failure(human)).to.include("This file was not exported from this page");
  });

  it("uses the user's RPC URL, and rejects unencrypted ones", async () => {
    const human = await newHuman();
    await human.page.goto(world().page.url);
    await button(human, "Settings").click();
    const field = human.page.getByLabel("Local chain (chain 31337)");
    for (const wrong of [
      "http://example.com/",
      "ftp://127.0.0.1/",
      "https://user:secret@example.com/",
      "x",
    ]) {
      await field.fill(wrong);
      await button(human, /Use this URL/).click();
      await human.page.getByText("starts with https://, or http:// on this machine").waitFor();
    }
    // The same node by its other name: the page's own setting names it by number.
    const { port } = new URL(world().rpcUrl);
    const other = `http://localhost:${port}/`;
    human.allow(other);
    await field.fill(other);
    await button(human, /Use this URL/).click();
    await human.page.getByText(/now uses/).waitFor();
    const before = human.requests.length;
    await human.page.goto("about:blank");
    await openReview(human, (await newAgent()).handoff.link);
    const asked = human.requests.slice(before).map((url) => new URL(url).origin);
    expect(asked).to.include(new URL(other).origin);
    expect(asked).not.to.include(world().rpcUrl);
  });
});
