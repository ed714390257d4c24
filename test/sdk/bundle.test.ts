import { resolve } from "node:path";
import { expect } from "chai";
import { build } from "esbuild";

const source = resolve(import.meta.dirname, "../../packages/sdk/src");

/** Bundles all of an entry for browsers, with nothing left outside; what the bundler says against it. */
async function faultsOf(entry: string): Promise<string[]> {
  try {
    const { metafile } = await build({
      stdin: { contents: `export * from "./${entry}";`, resolveDir: source },
      platform: "browser",
      format: "esm",
      bundle: true,
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    return Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  } catch (error) {
    return (error as { errors: { text: string }[] }).errors.map(({ text }) => text);
  }
}

describe("the SDK in a browser", function () {
  this.timeout(60_000);

  it("is bundled without one of Node's modules", async () => {
    expect(await faultsOf("index.ts")).to.deep.equal([]);
  });

  it("leaves out what needs them, which has an entry of its own", async () => {
    for (const entry of ["node.ts", "redis.ts"]) {
      const faults = await faultsOf(entry);
      expect(faults.length, entry).to.be.greaterThan(0);
      expect(
        faults.every((fault) => fault.includes("node:")),
        faults.join("\n"),
      ).to.equal(true);
    }
  });
});
