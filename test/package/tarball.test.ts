import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { publint } from "publint";
import { createProject, type Project } from "./Project.ts";
import { run } from "./run.ts";
import { root, sharedTarball, type Tarball } from "./tarball.ts";

describe("the packed package", function () {
  this.timeout(120_000);
  let tarball: Tarball;
  let project: Project;
  before(async () => {
    tarball = await sharedTarball();
    project = await createProject(tarball);
  });
  after(() => project.remove());

  it("has the compiled SDK, the Solidity sources, what wallets read, a licence and a page about itself, and nothing else", () => {
    const kinds = new Set(
      tarball.files.map((path) =>
        path.replace(/^(dist|contracts)\/.*?(\.d\.ts|\.js\.map|\.[a-z]+)$/, "$1 $2"),
      ),
    );
    expect([...kinds].sort()).to.deep.equal([
      "LICENSE",
      "README.md",
      "contracts .sol",
      "dist .d.ts",
      "dist .js",
      "dist .js.map",
      "dist .json",
      "erc7730/calldata-ERC7579SessionModule.json",
      "erc7730/calldata-SafeSessionModule.json",
      "erc7730/calldata-SessionLens.json",
      "erc7730/eip712-Execute.json",
      "erc7730/eip712-PaymentUserOp.json",
      "erc7730/eip712-Session.json",
      "erc7730/eip712-TypedDataSign.json",
      "package.json",
      "schemas/grant-1.schema.json",
    ]);
    expect(readFileSync(join(project.installed, "LICENSE"), "utf8")).to.equal(
      readFileSync(join(root, "LICENSE"), "utf8"),
    );
  });

  it("names no folder of the machine that packed it", () => {
    const naming = tarball.files.filter((path) =>
      readFileSync(join(project.installed, path), "utf8").includes(root),
    );
    expect(naming).to.deep.equal([]);
  });

  it("passes publint", async () => {
    const { buffer, byteOffset, byteLength } = readFileSync(tarball.path);
    const { messages, pkg } = await publint({
      pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) },
      strict: true,
    });
    expect(pkg?.name).to.equal("@latchkey/sdk");
    expect(messages).to.deep.equal([]);
  });

  // The profile omits TypeScript's resolution for Node 10, which does not read exports.
  it("has resolvable types for each entry, by attw", async () => {
    const attw = join(root, "node_modules/.bin/attw");
    const args = [tarball.path, "--profile", "node16", "--format", "json", "--no-definitely-typed"];
    const { code, stdout, stderr } = await run(project.folder, attw, args);
    expect(code, stdout + stderr).to.equal(0);
    const { analysis } = JSON.parse(stdout) as {
      analysis: { entrypoints: Record<string, { resolutions: Record<string, { resolution?: object }> }> };
    };
    expect(Object.keys(analysis.entrypoints)).to.deep.equal(Object.keys(project.manifest.exports));
    for (const [entry, { resolutions }] of Object.entries(analysis.entrypoints))
      if (!entry.includes("*"))
        for (const kind of ["node16-cjs", "node16-esm", "bundler"])
          expect(resolutions[kind]?.resolution, `${entry} ${kind}`).to.be.an("object");
  });
});
