import axe from "axe-core";
import type { Page } from "playwright-core";

/** WCAG 2.2, levels A and AA, and what axe holds for good practice besides. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * What axe finds wrong with the screen as it is, a line each: rule, and the elements.
 * The rules are put in by the debugger, which the page's own policy does not hold for.
 */
export async function accessibilityFlaws(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(async (tags) => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    // Nothing is loaded: the page's own style sheet is from its own origin, and there is no other.
    return axe.run(document, { runOnly: tags, preload: false });
  }, TAGS);
  // An empty document has no violations either.
  if (passes.length < 10) throw new Error(`axe looked at hardly anything: ${passes.length} rules passed`);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}): ${target.join(" ")}\n${failureSummary}`),
  );
}
