import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { publint } from "publint";
import { run } from "./run.ts";
import { root, sharedTarball, type Tarball } from "./tarball.ts";

describe("the packed tools for agents", function () {
  this.timeout(240_000);
  let tarball: Tarball;
  before(async () => {
    tarball = await sharedTarball("agent-tools");
  });

  it("have the compiled package, a licence and a page about themselves, and nothing else", () => {
    const kinds = new Set(
      tarball.files.map((path) => path.replace(/^dist\/.*?(\.d\.ts|\.js\.map|\.js)$/, "dist $1")),
    );
    expect([...kinds].sort()).to.deep.equal([
      "LICENSE",
      "README.md",
      "dist .d.ts",
      "dist .js",
      "dist .js.map",
      "package.json",
    ]);
  });

  it("pass publint", async () => {
    const { buffer, byteOffset, byteLength } = readFileSync(tarball.path);
    const { messages, pkg } = await publint({
      pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) },
      strict: true,
    });
    expect(pkg?.name).to.equal("@latchkey/agent-tools");
    expect(messages).to.deep.equal([]);
  });

  // An ES module: `require` of it needs Node 20.19 or later, which attw does not assume.
  it("have resolvable types for each entry, by attw", async () => {
    const attw = join(root, "node_modules/.bin/attw");
    const args = [tarball.path, "--profile", "esm-only", "--format", "json", "--no-definitely-typed"];
    const { code, stdout, stderr } = await run(root, attw, args);
    expect(code, stdout + stderr).to.equal(0);
  });
});
