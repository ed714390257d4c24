import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import { COMMANDS } from "#cli/commands/index.ts";
import { EXIT } from "#cli/core/exitCodes.ts";
import { latchkey, scratchFolder } from "../cli/latchkey.ts";

const root = resolve(import.meta.dirname, "../..");
const path = "docs/cli.md";
const page = readFileSync(join(root, path), "utf8");
/** The help that a section shows, as it is printed. */
const shown = (heading: string) =>
  new RegExp(`^#+ ${heading}\n(?:(?!#).*\n)*?\`\`\`text\n([^]*?)\`\`\``, "m").exec(page)?.[1];

describe(path, function () {
  this.timeout(60_000);
  let home: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ path: home, remove } = await scratchFolder());
  });
  after(() => remove());

  it("has a section for each command, and no other", () => {
    const sections = [...page.matchAll(/^### latchkey (\S+)$/gm)].map(([, name]) => name);
    expect(sections).to.deep.equal(COMMANDS.map(({ name }) => name));
  });

  for (const { name } of COMMANDS)
    it(`shows the help of ${name} as it is`, async () => {
      const { stdout } = await latchkey({ home }, name, "--help");
      expect(shown(`latchkey ${name}`), `paste what \`latchkey ${name} --help\` prints`).to.equal(stdout);
    });

  it("names every exit code", () => {
    const named = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(named).to.deep.equal(Object.values(EXIT));
  });

  it("links to pages that exist", () => {
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => link);
    expect(links).to.include("agents.md");
    for (const link of links) expect(existsSync(join(root, dirname(path), link)), link).to.equal(true);
  });
});
