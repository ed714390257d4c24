import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { agentTools } from "@latchkey/agent-tools";
import * as sdk from "@latchkey/sdk";
import * as node from "@latchkey/sdk/node";
import { expect } from "chai";
import { COMMANDS } from "#cli/commands/index.ts";

const root = resolve(import.meta.dirname, "../..");
const tools = agentTools({ dir: join(root, "nowhere") }).tools.map(({ name }) => name);
const commands = COMMANDS.map(({ name }) => name);

for (const path of ["llms.txt", "skills/latchkey/SKILL.md"]) {
  const text = readFileSync(join(root, path), "utf8");
  const words = [...text.matchAll(/`([^`\n]+)`/g)].map(([, word = ""]) => word);

  describe(path, () => {
    it("links to files that exist", () => {
      for (const [, link = ""] of text.matchAll(/\]\((?!https:)([^)#]+)/g))
        expect(existsSync(join(root, dirname(path), link)), link).to.equal(true);
    });

    it("names every tool, and none that does not exist", () => {
      for (const name of tools) expect(words).to.include(name);
      const named = words.filter((word) => /^[a-z]+_[a-z]+$/.test(word));
      expect([...new Set(named)].filter((name) => !tools.includes(name))).to.deep.equal([]);
    });

    it("names only commands, codes and functions that exist", () => {
      const typed = words.flatMap((word) => /^(?:npx )?latchkey ([a-z-]+)/.exec(word)?.[1] ?? []);
      for (const command of typed) expect(commands).to.include(command);
      const [, listed = ""] = /`npx latchkey` \(commands ([^)]+)\)/.exec(text) ?? [];
      for (const [, command] of listed.matchAll(/`([^`]+)`/g)) expect(commands).to.include(command);
      for (const code of words.filter((word) => /^[A-Z]+(_[A-Z]+)*$/.test(word)))
        expect(["NO_SESSION", ...Object.keys(sdk.errorCatalogue)], code).to.include(code);
      for (const name of words.filter((word) => /^(open|pay)[A-Z]\w+$/.test(word)))
        expect({ ...sdk, ...node }).to.have.property(name);
    });
  });
}

describe("skills/latchkey/SKILL.md", () => {
  it("begins with its name and a description of at most 1,024 characters, as hosts read it", () => {
    const text = readFileSync(join(root, "skills/latchkey/SKILL.md"), "utf8");
    const [, name, description = ""] = /^---\nname: (.+)\ndescription: (.+)\n---\n/.exec(text) ?? [];
    expect(name).to.equal("latchkey");
    expect(description.length).to.be.within(50, 1024);
  });
});
