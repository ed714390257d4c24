import { expect } from "chai";
import type { Locator } from "playwright-core";
import type { Address } from "viem";
import { world } from "./fixture.ts";
import type { Human } from "./Human.ts";

/** The steps that humans take on the page, by the names that they, or their screen reader, find there. */
export const button = ({ page }: Human, name: string | RegExp): Locator => page.getByRole("button", { name });

export const heading = ({ page }: Human, name?: string | RegExp): Locator =>
  page.getByRole("heading", { level: 1, ...(name === undefined ? {} : { name }) });

/** Opens a link and waits for the review of what it asks for. @param name The agent's, or a pattern of the title. */
export async function openReview(
  human: Human,
  link: string,
  name: string | RegExp = "Research Bot",
): Promise<void> {
  await human.page.goto(link);
  await heading(human, name instanceof RegExp ? name : `Let “${name}” spend from your account?`).waitFor();
  // It is there when the chain has answered.
  await button(human, "Decline").waitFor();
}

/** The words of the failure that is shown; waits for one. */
export async function failure({ page }: Human): Promise<string> {
  const alert = page.getByRole("alert").filter({ hasText: /\S/ }).first();
  await alert.waitFor();
  return (await alert.innerText()).replace(/\s+/g, " ");
}

/** All text of the screen, on one line. */
export const textOf = async ({ page }: Human): Promise<string> =>
  (await page.locator("body").innerText()).replace(/\s+/g, " ");

/** Expects that nothing can be allowed on the screen as it is. */
export async function expectNothingToAllow(human: Human): Promise<void> {
  const allow = button(human, "Allow with passkey");
  expect((await allow.count()) === 0 || (await allow.isDisabled()), "it can be allowed").to.equal(true);
  expect(human.prompts.asserted).to.equal(0);
}

/** Says which Safe to use. The passkey is not asked before the tap. */
export async function chooseAccount(human: Human, account: Address): Promise<void> {
  // The page takes the reader's own account by itself, once it knows it.
  const allow = button(human, "Allow with passkey");
  await button(human, "Use an existing passkey").or(allow).waitFor();
  if (await allow.isVisible()) {
    expect((await textOf(human)).replace(/\s/g, "")).to.include(account);
    return;
  }
  const address = human.page.getByRole("textbox", { name: "Your account's address" });
  if (!(await address.isVisible())) await button(human, "Use an existing passkey").click();
  await address.fill(account);
  await button(human, "Use this address").click();
}

/** Lowers, or tries to raise, a limit of the review. */
export async function setLimit(human: Human, name: RegExp, value: string): Promise<void> {
  const field = human.page.getByRole("textbox", { name });
  if (!(await field.isVisible())) await human.page.getByText("Lower the limits", { exact: true }).click();
  await field.fill(value);
}

/** Opens Manage as a reader does who comes back: the page is reloaded. */
export async function openManage(human: Human): Promise<void> {
  await human.page.goto("about:blank");
  await human.page.goto(`${world().page.url}#manage`);
  await heading(human).waitFor();
}

/** The card of the session of an agent. */
export const card = ({ page }: Human, name: string): Locator =>
  page
    .getByRole("region", { name: new RegExp(name) })
    .or(page.getByRole("article", { name: new RegExp(name) }));
