import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "chai";

const root = resolve(import.meta.dirname, "../..");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

/** Those that are other tools' own, or steps of a build. */
const others = [
  ...["postinstall", "build", "compile", "package", "format", "lint", "lint:areas"],
  ...["lint:contracts", "lint:mocks", "types"],
];

/** What `--help` names of each, besides `--help` itself. */
const options: Readonly<Record<string, readonly string[]>> = {
  generate: ["--check"],
  reference: ["--check"],
  start: ["--json", "--safe"],
  page: ["--port", "--pace", "--page", "--json"],
  test: ["--deep", "--jobs", "paths"],
  "test:deep": ["--deep", "--jobs", "paths"],
  "test:more": ["--more", "--jobs", "paths"],
  "test:rules": ["--only", "--all", "--list", "--jobs"],
  "test:page": ["--deep", "--jobs", "paths"],
  bench: ["--check", "--json"],
  "bench:client": ["--json", "--payments"],
  "bench:trace": ["row"],
  coverage: [],
  deploy: ["--network", "--rpc-url", "--dry-run", "--yes", "--json", "--out", "--timeout"],
  verify: ["--network", "--rpc-url", "--offline", "--provider", "--contract"],
  "check-deployments": ["--offline", "--rpc-url", "--json", "--out"],
  expected: ["--check", "--release", "--out"],
  release: ["--check", "--release", "--out"],
};

/** Runs a script of package.json as npm does: what is typed comes at the end. */
function run(script: string, ...typed: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { promise, resolve: done } = Promise.withResolvers<{
    code: number | null;
    out: string;
    err: string;
  }>();
  const child = spawn(`${scripts[script]} ${typed.join(" ")}`, {
    cwd: root,
    shell: true,
    env: {
      ...process.env,
      NO_COLOR: "1",
      PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  child.on("close", (code) => done({ code, out, err }));
  return promise;
}

describe("the commands of package.json", function () {
  this.timeout(120_000);

  it("are all tested here", () => {
    expect(Object.keys(scripts).sort()).to.deep.equal([...others, ...Object.keys(options)].sort());
  });

  for (const [script, named] of Object.entries(options)) {
    it(`npm run ${script} -- --help prints how it is used, does nothing, and ends with 0`, async () => {
      const { code, out, err } = await run(script, "--help");
      expect(err).to.equal("");
      expect(code).to.equal(0);
      expect(out).to.match(/^Usage: npm /);
      for (const option of [...named, "--help"]) expect(out).to.include(option);
      // Nothing was built, and nothing has begun.
      expect(out).not.to.match(/ \| |Compiled \d|\d passed/);
    });

    it(`npm run ${script} -- --no-such-option prints one line, and exits with 2`, async () => {
      const { code, out, err } = await run(script, "--no-such-option");
      expect(err).to.equal("error: unknown option '--no-such-option' (see --help)\n");
      expect(code).to.equal(2);
      expect(out).to.equal("");
    });
  }

  it("npm test says so where a file is not there", async () => {
    const { code, err } = await run("test", "test/none.test.ts");
    expect(err).to.equal("error: there is no test/none.test.ts (see --help)\n");
    expect(code).to.equal(2);
  });
});
