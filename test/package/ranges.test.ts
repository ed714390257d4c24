import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { network } from "hardhat";
import ts from "typescript";
import { checkTypes } from "./checkTypes.ts";
import { type Manifest, placeOf } from "./Project.ts";
import { runWell } from "./run.ts";
import { root, sharedTarball } from "./tarball.ts";

/** What a range begins with: every range of the package is `^` and its lowest version. */
const lowestOf = (range: string) => {
  expect(range).to.match(/^\^\d+\.\d+\.\d+$/);
  return range.slice(1);
};

/**
 * A project whose packages npm installs from the registry, as a user's: nothing is linked to the repository but what only
 * reads types.
 */
async function install(versions: Record<string, string>) {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-ranges-"));
  await writeFile(join(folder, "package.json"), '{"name":"newcomer","private":true,"type":"module"}');
  const { path } = await sharedTarball();
  const wanted = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  await runWell(folder, "npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", path, ...wanted]);
  return folder;
}

describe("the package's version ranges", function () {
  this.timeout(300_000);
  let server: Awaited<ReturnType<typeof network.createServer>>;
  let url: string;
  let manifest: Manifest;
  const folders: string[] = [];
  before(async () => {
    server = await network.createServer("default", "127.0.0.1", 0);
    const { address, port } = await server.listen();
    url = `http://${address}:${port}`;
    manifest = JSON.parse(await readFile(join(root, "packages/sdk/package.json"), "utf8"));
  });
  after(async () => {
    await server.close();
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  });

  /** Types, every entry, and an agent's program on a chain. */
  async function expectToServe(folder: string) {
    folders.push(folder);
    await cp(join(import.meta.dirname, "consumers"), folder, { recursive: true });
    await mkdir(join(folder, "node_modules/@types"), { recursive: true });
    await cp(placeOf("@types/node"), join(folder, "node_modules/@types/node"), { recursive: true });
    await cp(placeOf("undici-types"), join(folder, "node_modules/undici-types"), { recursive: true });
    const project = { folder, installed: join(folder, "node_modules/@latchkey/sdk") };
    for (const file of ["agent.mts", "page.mts"]) {
      const { faults, own } = checkTypes(project, join(folder, file), {
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
        types: ["node"],
      });
      expect(faults, file).to.deep.equal([]);
      expect(own, file).to.be.greaterThan(20);
    }
    const { outputText } = ts.transpileModule(await readFile(join(folder, "agent.mts"), "utf8"), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    await writeFile(join(folder, "agent.mjs"), outputText);
    const entries = Object.keys(manifest.exports)
      .filter((entry) => !/[*]|json$|ethers$/.test(entry))
      .map((entry) => `@latchkey/sdk${entry.slice(1)}`);
    const imports = entries.map((entry) => `import ${JSON.stringify(entry)};`).join("");
    await runWell(folder, process.execPath, ["--input-type=module", "--eval", imports]);
    const found = JSON.parse(await runWell(folder, process.execPath, ["agent.mjs", url]));
    expect(found).to.include({ hashed: true, code: "PERIOD", running: true });
  }

  /** The version that the SDK gets: npm puts one of its own beside it where the project has another. */
  const installedIn = async (folder: string, name: string): Promise<string> => {
    const read = (place: string) =>
      readFile(join(folder, "node_modules", place, name, "package.json"), "utf8");
    const text = await read("@latchkey/sdk/node_modules").catch(() => read(""));
    return JSON.parse(text).version;
  };

  it("hold at their lowest versions", async () => {
    const { viem = "" } = manifest.peerDependencies;
    const lowest = Object.fromEntries(
      Object.entries({ ...manifest.dependencies, viem }).map(([name, range]) => [name, lowestOf(range)]),
    );
    const folder = await install(lowest);
    await expectToServe(folder);
    for (const [name, version] of Object.entries(lowest))
      expect(await installedIn(folder, name), name).to.equal(version);
  });

  it("hold at the newest versions that npm chooses", async () => {
    const folder = await install({});
    await expectToServe(folder);
    for (const name of ["viem", "zod"]) {
      const [major, minor = 0] = (await installedIn(folder, name)).split(".").map(Number);
      const pinned = JSON.parse(await readFile(join(root, "package.json"), "utf8")).devDependencies[name];
      const [pinnedMajor, pinnedMinor = 0] = pinned.split(".").map(Number);
      expect(major).to.equal(pinnedMajor);
      expect(minor).to.be.at.least(pinnedMinor);
    }
  });
});
