import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "chai";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

describe("CONTRIBUTING.md", () => {
  it("gives a reason for every override in package.json, and for no other", () => {
    const { overrides } = JSON.parse(read("package.json")) as {
      overrides: { [within: string]: { [name: string]: string } };
    };
    const made = Object.entries(overrides).flatMap(([within, packages]) =>
      Object.keys(packages).map((name) => `${within} > ${name}`),
    );
    const [, table = ""] = read("CONTRIBUTING.md").split("| in | override | why |");
    const explained = [...table.matchAll(/^\| (\S+) \| (\S+) \| \w.{3,} \|$/gm)].map(
      ([, within, name]) => `${within} > ${name}`,
    );
    expect(made.length).to.be.above(20);
    expect(explained).to.deep.equal(made);
  });

  it("names existing commands", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: { [name: string]: string } };
    for (const path of [
      "CONTRIBUTING.md",
      "docs/audit.md",
      ".github/PULL_REQUEST_TEMPLATE.md",
      "test/README.md",
    ])
      for (const [, name = ""] of read(path).matchAll(/npm run ([\w:-]+)/g))
        expect(Object.keys(scripts), `${path}: npm run ${name}`).to.include(name);
  });
});

describe("test/README.md", () => {
  it("has a row for every folder of test/", () => {
    const folders = readdirSync(join(root, "test"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const rows = [...read("test/README.md").matchAll(/^\| `([\w-]+)\/` \| .{10}/gm)].map(
      ([, name = ""]) => name,
    );
    expect(rows.sort()).to.deep.equal(folders.sort());
  });
});

describe(".github/workflows/ci.yml", () => {
  const workflow = read(".github/workflows/ci.yml");

  it("runs .ci/run on the oldest Node that the README promises, and on the one that .nvmrc names", () => {
    expect(workflow).to.include("run: bash .ci/run\n");
    const { engines } = JSON.parse(read("package.json")) as { engines: { node: string } };
    const versions = [engines.node.replace(">=", ""), read(".nvmrc").trim()];
    expect(workflow).to.include(`node: [${versions.join(", ")}]`);
  });

  it("may read the repository, and is given no secret", () => {
    expect(workflow).to.match(/^permissions:\n {2}contents: read\n$/m);
    expect(workflow).not.to.include("secrets");
    expect(workflow).not.to.match(/pull_request_target|: write/);
  });
});
