import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "chai";
import type { Abi } from "viem";
import { formatAbiItem } from "viem/utils";
import { ownArtifact } from "./fixture.ts";

const root = resolve(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/errors.md"), "utf8");

type AbiError = Extract<Abi[number], { type: "error" }>;

const errors = (["ISessionErrors", "ISafeSessionHandler", "IERC7579SessionModule", "ISessionLens"] as const)
  .flatMap((name) => ownArtifact(`contracts/interfaces/${name}.sol`, name).abi)
  .filter((item): item is AbiError => item.type === "error")
  .filter((error, i, all) => all.findIndex(({ name }) => name === error.name) === i);

/** GitHub's anchor of a heading. */
const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
  heading.toLowerCase().replaceAll(" ", "-"),
);

describe("docs/errors.md", () => {
  for (const error of errors) {
    it(`lists ${error.name} with its arguments`, () => {
      expect(page).to.include(`\`${formatAbiItem(error, { includeName: true })}\``);
    });
  }
  it("lists no error that the contracts do not have", () => {
    const listed = [...page.matchAll(/`([A-Z]\w+)\((.*?)\)`/g)].map(([, name]) => name);
    const known = errors.map(({ name }) => name);
    expect(listed.filter((name) => !known.includes(name ?? ""))).to.deep.equal([]);
  });
  it("has a section for each SDK code, where its errors link", () => {
    const source = readFileSync(join(root, "packages/sdk/src/errors/Refusal.ts"), "utf8");
    const codes = [...source.matchAll(/^ {2}\| "([A-Z_]+)"/gm)].map(([, code = ""]) => code);
    expect(codes.length).to.be.greaterThan(30);
    expect(codes.filter((code) => !anchors.includes(code.toLowerCase().replaceAll("_", "-")))).to.deep.equal(
      [],
    );
    expect(codes.filter((code) => !page.includes(`\`${code}\` ·`))).to.deep.equal([]);
  });
  it("names every flaw of a session", () => {
    const source = readFileSync(join(root, "contracts/interfaces/ISessionErrors.sol"), "utf8");
    const body = source.slice(
      source.indexOf("enum Flaw {"),
      source.indexOf("}", source.indexOf("enum Flaw {")),
    );
    const flaws = [...body.matchAll(/^ {4}([A-Z]+),?$/gm)].map(([, name]) => name);
    expect(flaws).to.have.length(10);
    for (const [number, name] of flaws.entries()) expect(page).to.include(`| ${number} ${name} |`);
  });
});

describe("the errors of the contracts", () => {
  const tests = globSync("test/contracts/**/*.test.ts", { cwd: root })
    .filter((path) => !path.endsWith("errors.test.ts"))
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n");
  for (const { name } of errors) {
    it(`each occur in a test: ${name}`, () => {
      expect(tests).to.include(`"${name}"`);
    });
  }
});
