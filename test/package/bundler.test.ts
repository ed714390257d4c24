import { expect } from "chai";
import { build } from "esbuild";
import { hashSession } from "#sdk/session/hashSession.ts";
import { createProject, type Project } from "./Project.ts";
import { sharedTarball } from "./tarball.ts";

describe("a bundler with the package installed", function () {
  this.timeout(120_000);
  let project: Project;
  before(async () => {
    project = await createProject(await sharedTarball());
  });
  after(() => project.remove());

  /** Bundles a module for browsers, nothing left outside. */
  const bundle = async (contents: string) => {
    const { metafile, outputFiles } = await build({
      stdin: { contents, resolveDir: project.folder },
      platform: "browser",
      format: "esm",
      target: "es2022",
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    return { inputs: Object.keys(metafile.inputs), code: outputFiles[0]?.text ?? "" };
  };

  it("builds a page that runs", async () => {
    await project.add("page.mts", "page.mjs");
    const { code } = await bundle(`export * from "./page.mjs";`);
    const page = await import(await project.write("bundled.mjs", code));
    expect(page.id).to.equal(
      hashSession({
        account: "0x00000000000000000000000000000000000000A1",
        key: "0x00000000000000000000000000000000000000b2",
        validAfter: 1,
        validUntil: 2,
        epoch: 0n,
        salt: 0n,
        gasAllowance: 0n,
        paymaster: "0x0000000000000000000000000000000000000000",
        budgets: [],
        actions: [],
      }),
    );
    expect(() => page.addressOn("safeSessionModule", 5)).to.throw(page.module);
  });

  it("includes one imported ABI and nothing else", async () => {
    const { code, inputs } = await bundle(`export { sessionErrorsAbi } from "@latchkey/sdk/abis";`);
    expect(code).to.include("PeriodExceeded").and.not.to.include("revokeAll");
    expect(inputs.filter((path) => path.includes("node_modules/viem"))).to.deep.equal([]);
  });

  it("does not include the contracts' code unless imported", async () => {
    const { inputs } = await bundle(`export * from "@latchkey/sdk";`);
    expect(inputs.length).to.be.greaterThan(100);
    expect(inputs.filter((path) => /Bytecode\.js$|generated\/ethers/.test(path))).to.deep.equal([]);
  });

  it("rejects Node-only entries", async () => {
    const reason = await bundle(`export * from "@latchkey/sdk/node";`).catch((error: Error) => error.message);
    expect(reason).to.include('Could not resolve "node:');
  });
});
