import { existsSync, globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { declares } from "./declares.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const page = read("docs/architecture.md");
const section = (title: string): string => {
  const [, after = ""] = page.split(`\n## ${title}\n`);
  return after.split("\n## ")[0] ?? "";
};
const foldersIn = (path: string, pattern: string) =>
  globSync(pattern, { cwd: join(root, path), withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(root.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();

describe("docs/architecture.md", () => {
  const rows = [...section("Where is…").matchAll(/^\| (.+) \| `(\w+)` \| \[(.+)\]\(\.\.\/(.+)\) \|$/gm)].map(
    ([, question = "", symbol = "", file = "", link = ""]) => ({ question, symbol, file, link }),
  );

  it("says where everything is, in parsable rows", () => {
    expect(rows.length).to.be.at.least(30);
    // All rows but the two of the table's head.
    expect(section("Where is…").match(/^\|/gm)).to.have.length(rows.length + 2);
    expect(new Set(rows.map(({ question }) => question)).size).to.equal(rows.length);
    for (const { file, link } of rows) expect(link).to.equal(file);
  });

  it("names symbols that are declared in the file next to them", () => {
    const lost = rows.filter(
      ({ symbol, file }) => !existsSync(join(root, file)) || !declares(read(file), symbol),
    );
    expect(lost).to.deep.equal([]);
  });

  it("does not treat a use, a mention or a longer name as a declaration", () => {
    const solidity =
      "/// function gone()\ncontract Till is Shop {\n    function charge(\n        uint256 a\n    ) internal {\n        pay(a);\n    }\n}";
    const typescript =
      'import { pay } from "./pay.ts";\n// function gone()\nexport async function charge() {\n  pay();\n}\nexport const till = 1;\nexport type Shop = { pay(): void };';
    for (const [source, there] of [
      [solidity, ["Till", "charge"]],
      [typescript, ["charge", "till", "Shop"]],
    ] as const) {
      expect(there.filter((name) => !declares(source, name))).to.deep.equal([]);
      expect(["pay", "gone", "char", "arge"].filter((name) => declares(source, name))).to.deep.equal([]);
    }
  });

  it("has a paragraph for every folder of the contracts", () => {
    const folders = ["contracts", ...foldersIn("contracts", "**/")].map((path) => `${path}/`);
    const written = [...page.matchAll(/^- \*\*`(contracts\/.*)`\*\* (.{40})/gm)].map(([, path = ""]) => path);
    expect(written.sort()).to.deep.equal(
      [...new Set(folders)].filter((path) => path !== "contracts//").sort(),
    );
  });

  it("has a row for every area of the SDK, with what it may import", async () => {
    const areas = [...section("The SDK").matchAll(/^\| `(\w+)` \| (.{20,}?) \| (.*?) ?\|$/gm)].map(
      ([, area = "", , imports = ""]) =>
        `${area} may import ${["generated", ...imports.split(", ").filter(Boolean)].join(", ")}.`,
    );
    const { default: config } = (await import(join(root, ".dependency-cruiser.mjs"))) as {
      default: { forbidden: { comment?: string }[] };
    };
    const allowed = config.forbidden
      .map(({ comment }) => comment ?? "")
      .filter((comment) => / may import /.test(comment));
    expect(areas).to.deep.equal(allowed);
    const folders = foldersIn("packages/sdk/src", "*").filter((path) => !path.endsWith("/generated"));
    expect(allowed.map((comment) => `packages/sdk/src/${comment.split(" ")[0]}`).sort()).to.deep.equal(
      folders,
    );
  });

  it("has a paragraph for every other folder with files of the project", () => {
    for (const path of [
      "packages/page/",
      "packages/devchain/",
      "packages/cli/",
      "packages/accounts/",
      "scripts/",
      "test/",
      "bench/",
      "deployments/",
      "docs/",
    ])
      expect(page).to.match(new RegExp(`^- \\*\\*\`${path}\`\\*\\* .{40}`, "m"));
  });

  it("lists files for a new field that contain the example fields", () => {
    const places = section("A new field in a session touches these places")
      .split("\n`npm run build`")[0]
      ?.match(/`[\w./-]+\.(?:sol|ts|md)`/g)
      ?.map((quoted) => quoted.slice(1, -1));
    expect(places?.length).to.be.at.least(30);
    const strange = places?.filter((path) => !/\b(gasAllowance|sizes)\b/.test(read(path)));
    expect(strange).to.deep.equal([]);
  });

  it("counts the places of a field's representation, at most five on chain and five in the SDK", () => {
    const [, ...lists] = section("A new field in a session touches these places").split(
      "\nIts representation in ",
    );
    expect(lists).to.have.length(2);
    for (const list of lists) {
      const [form = ""] = list.split("\nWhere it is used");
      expect(form.match(/^- `/gm), form).to.have.length.within(1, 5);
    }
    // A salt means nothing: whatever names it deals with the form alone, or asks for the salt of a new session.
    const form: readonly string[] =
      lists[1]?.split("\nWhere it is used")[0]?.match(/(?<=^- `packages\/sdk\/src\/)[\w./]+/gm) ?? [];
    const named = globSync("packages/sdk/src/**/*.ts", { cwd: root, exclude: ["**/generated/**"] })
      .filter((path) => /\bsalt\b[,:]/.test(read(path).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")))
      .map((path) => path.replaceAll("\\", "/").replace("packages/sdk/src/", ""));
    expect(named.filter((path) => !form.includes(path)).sort()).to.deep.equal([
      "handoff/joinPermissions.ts",
      "permissions/requestPermissions.ts",
    ]);
  });
});
