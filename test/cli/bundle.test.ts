import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { expect } from "chai";
import { bundle, scratchFolder } from "./latchkey.ts";

const root = resolve(import.meta.dirname, "../..");

describe("the bundle of latchkey", function () {
  this.timeout(120_000);
  let folder: string;
  let remove: () => Promise<void>;
  let entry: string;
  const read = (name: string) => readFileSync(join(dirname(entry), name), "utf8");
  before(async () => {
    ({ path: folder, remove } = await scratchFolder());
    entry = await bundle();
  });
  after(() => remove());
  const run = (...typed: string[]) =>
    spawnSync(process.execPath, [entry, ...typed], {
      // Outside of the repository, where nothing but Node's own modules are found.
      cwd: folder,
      env: { PATH: process.env.PATH, LATCHKEY_HOME: join(folder, "home") },
      encoding: "utf8",
    });

  it("runs without anything installed beside it", () => {
    const { status, stdout, stderr } = run("keygen", "--json");
    expect(stderr).to.equal("");
    expect(status).to.equal(0);
    expect(JSON.parse(stdout).address).to.match(/^0x[0-9a-fA-F]{40}$/);
  });

  it("prints its help within 150 ms", () => {
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      expect(run("--help").status).to.equal(0);
      return performance.now() - began;
    });
    expect(Math.min(...times)).to.be.below(150);
  });

  it("is a program, of Node alone, and names no folder of the machine that built it", () => {
    const files = readdirSync(dirname(entry));
    expect(read("latchkey.js")).to.match(/^#!\/usr\/bin\/env node\n/);
    expect(statSync(entry).mode & 0o111).to.equal(0o111);
    expect(files.filter((file) => !/^(latchkey|[\w-]+-[A-Z0-9]{8})\.js$/.test(file))).to.have.members([
      "THIRD-PARTY.txt",
      "SKILL.md",
      "llms.txt",
    ]);
    for (const file of files) expect(read(file), file).not.to.include(root);
  });

  it("has the licence of everything that was bundled", () => {
    const licences = read("THIRD-PARTY.txt");
    for (const name of ["commander", "viem", "ox", "zod", "uqr", "@x402/core"])
      expect(licences).to.match(new RegExp(`^${name} \\d[\\w.-]* \\((MIT|Apache-2.0)\\)$`, "m"));
    expect(licences).to.include("Apache License").and.include("Permission is hereby granted");
  });
});
