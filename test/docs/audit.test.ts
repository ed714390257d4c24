import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";
import { type StorageLayout, storageLayouts } from "../../scripts/rules/compile.ts";

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/audit.md"), "utf8");

/** The contracts that are deployed. */
const DEPLOYED = ["SafeSessionModule", "SafeSessionHandler", "ERC7579SessionModule", "SessionLens"];

type Row = string[];
function rowsOf(name: string, { storage, types }: StorageLayout): { own: Row[]; structs: Row[] } {
  const row = (of: string, { label, slot, offset, type }: StorageLayout["storage"][number]): Row => [
    of,
    label,
    slot,
    String(offset),
    types?.[type]?.label ?? expect.fail(`${type} is not described`),
  ];
  return {
    own: storage.map((one) => row(name, one)),
    structs: Object.values(types ?? {}).flatMap(
      ({ label, members }) => members?.map((one) => row(label, one)) ?? [],
    ),
  };
}

describe("docs/audit.md", function () {
  this.timeout(60_000);

  it("has the compiler's storage layout of every deployed contract", () => {
    const layouts = new Map([...storageLayouts("Safe"), ...storageLayouts("ERC-7579")]);
    const rows = DEPLOYED.map((name) =>
      rowsOf(name, layouts.get(name) ?? expect.fail(`no layout of ${name}`)),
    );
    const structs = new Map(rows.flatMap(({ structs }) => structs).map((row) => [row.join(), row]));
    const written = [...page.matchAll(/^\| (.+) \| (\w+) \| (\d+) \| (\d+) \| (.+) \|$/gm)].map((match) =>
      match.slice(1),
    );
    expect(written).to.deep.equal([...rows.flatMap(({ own }) => own), ...structs.values()]);
  });

  it("matches the line count of its command, within 5 %", () => {
    const command = /```sh\n(git ls-files .+)\n```/.exec(page)?.[1] ?? expect.fail("no command");
    const counted = Number(execFileSync("bash", ["-c", command], { cwd: root, encoding: "utf8" }));
    const said = Number(/^About (\d+)\./m.exec(page)?.[1]);
    expect(counted).to.be.within(said * 0.95, said * 1.05);
  });
});

describe("the pages for contributors and auditors", () => {
  /** The anchors that a page's headings have on GitHub. */
  const anchorsOf = (text: string) =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    );

  for (const path of [
    "docs/architecture.md",
    "docs/audit.md",
    "docs/spec.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "test/README.md",
    ".github/PULL_REQUEST_TEMPLATE.md",
  ])
    it(`link to existing files and headings: ${path}`, () => {
      const text = readFileSync(join(root, path), "utf8");
      const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
      const broken = links.filter(([, target = "", anchor]) => {
        const file = join(root, target === "" ? path : join(dirname(path), target));
        if (!existsSync(file)) return true;
        return anchor !== undefined && !anchorsOf(readFileSync(file, "utf8")).includes(anchor);
      });
      expect(broken.map(([link]) => link)).to.deep.equal([]);
    });
});
