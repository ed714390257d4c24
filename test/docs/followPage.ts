import { expect } from "chai";
import { runSnippets, type SnippetRun } from "./snippets.ts";

/** What has to be true once a page has declared a variable of that name, by all that it has declared by then. */
export type Outcomes = Readonly<Record<string, (declared: Record<string, unknown>) => Promise<void> | void>>;

/**
 * Runs the code of a page, and looks once at what each block has brought about.
 * @throws If an outcome does not hold, or the page never came to it.
 */
export async function followPage(run: Omit<SnippetRun, "after">, outcomes: Outcomes): Promise<void> {
  const seen: string[] = [];
  await runSnippets({
    ...run,
    async after(_, declared) {
      for (const [name, check] of Object.entries(outcomes)) {
        if (!(name in declared) || seen.includes(name)) continue;
        seen.push(name);
        await check({ ...declared });
      }
    },
  });
  expect(seen).to.have.members(Object.keys(outcomes));
}
