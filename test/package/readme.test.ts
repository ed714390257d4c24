import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import ts from "typescript";
import { checkTypes } from "./checkTypes.ts";
import { createProject, type Project } from "./Project.ts";
import { run } from "./run.ts";
import { sharedTarball } from "./tarball.ts";

describe("the page of the package", function () {
  this.timeout(60_000);
  let project: Project;
  let page: string;
  before(async () => {
    project = await createProject(await sharedTarball());
    page = readFileSync(join(project.installed, "README.md"), "utf8");
  });
  after(() => project.remove());

  const snippets = (language: string) =>
    [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, "gm"))].map(([, code = ""]) => code);

  it("names every entry of the package, and no others", () => {
    const named = [...page.matchAll(/^\| `@latchkey\/sdk([^`]*)` \|/gm)].map(([, entry]) => `.${entry}`);
    const entries = Object.keys(project.manifest.exports).filter((entry) => entry !== "./package.json");
    expect(named.map((entry) => entry.replace("…", "*")).sort()).to.deep.equal(entries.sort());
  });

  it("shows TypeScript that compiles", async () => {
    const shown = snippets("ts");
    expect(shown).to.have.length(2);
    for (const [index, code] of shown.entries()) {
      const file = await project.write(`snippet${index}.mts`, code);
      const { faults } = checkTypes(project, file, {
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        types: [],
      });
      expect(faults).to.deep.equal([]);
    }
  });

  it("describes correctly what happens on an unknown chain", async () => {
    const [addresses = ""] = snippets("ts");
    const file = await project.write("addresses.mjs", addresses.replace("8453", "31337"));
    const { code, stderr } = await run(project.folder, process.execPath, [file]);
    expect(code).to.equal(1);
    expect(stderr).to.include("UNKNOWN_CHAIN");
  });
});
