import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as node from "@latchkey/sdk/node";
import * as redis from "@latchkey/sdk/redis";
import { expect } from "chai";
import { FROM_SOURCES } from "../../scripts/fromSources.ts";
import * as sdk from "./everyEntry.ts";

const root = resolve(import.meta.dirname, "../..");

describe("the reference of the SDK", function () {
  this.timeout(120_000);

  it("is what the sources say now, as is the published schema of a grant file", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--no-warnings", FROM_SOURCES, "scripts/reference.ts", "--check"],
      { cwd: root, encoding: "utf8" },
    );
    expect(status, `${stdout}${stderr}`).to.equal(0);
  });

  it("has every function that can be imported", () => {
    const pages = globSync("docs/reference/*.md", { cwd: root }).map((path) =>
      readFileSync(join(root, path), "utf8"),
    );
    const functions = Object.entries({ ...sdk, ...node, ...redis }).flatMap(([name, value]) =>
      typeof value === "function" && !/^class\b/.test(value.toString()) ? [name] : [],
    );
    expect(functions.length).to.be.greaterThan(60);
    const missing = functions.filter((name) => !pages.some((page) => page.includes(`### ${name}()`)));
    expect(missing).to.deep.equal([]);
  });
});
