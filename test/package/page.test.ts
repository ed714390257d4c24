import { readFileSync } from "node:fs";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { runWell } from "./run.ts";
import { root, sharedTarball, type Tarball } from "./tarball.ts";

describe("the page's package", function () {
  this.timeout(120_000);
  let tarball: Tarball;
  let folder: string;
  const read = (path: string) => readFileSync(join(folder, "package", path), "utf8");
  before(async () => {
    tarball = await sharedTarball("page");
    folder = await realpath(await mkdtemp(join(tmpdir(), "latchkey-page-package-")));
    await runWell(folder, "tar", ["-xzf", tarball.path]);
  });
  after(() => rm(folder, { recursive: true }));

  it("has the built page, its licences, and a page about itself, and nothing else", () => {
    const files = tarball.files.map((path) => path.replace(/-[\w-]{8}(\.\w+)$/, "$1"));
    expect(files.sort()).to.deep.equal([
      "LICENSE",
      "README.md",
      "dist/THIRD-PARTY.md",
      "dist/assets/index.css",
      "dist/assets/index.js",
      "dist/config.json",
      "dist/index.html",
      "package.json",
    ]);
    expect(tarball.files.filter((path) => read(path).includes(root))).to.deep.equal([]);
  });

  it("can be published, and depends on nothing", () => {
    const manifest = JSON.parse(read("package.json")) as Record<string, unknown>;
    expect(manifest).not.to.have.any.keys("private", "dependencies", "peerDependencies");
  });

  it("names each package whose code is in the script, with its licence", () => {
    const notices = read("dist/THIRD-PARTY.md");
    const named = [...notices.matchAll(/^## (\S+) - \S+ \((.+)\)$/gm)].map(([, name, licence]) => [
      name,
      licence,
    ]);
    expect(named.map(([name]) => name)).to.include.members(["preact", "viem", "zod", "ox"]);
    for (const [name, licence] of named) expect(licence, name).to.equal("MIT");
    expect(notices.split("Permission is hereby granted").length - 1).to.equal(named.length);
  });
});
