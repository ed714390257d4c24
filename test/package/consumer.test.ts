import { deployedAddresses, deterministicAddresses } from "@latchkey/sdk/addresses";
import { expect } from "chai";
import { network } from "hardhat";
import { toEventSelector } from "viem";
import { installedNodes } from "./installedNodes.ts";
import { createProject, type Project } from "./Project.ts";
import { run, runWell } from "./run.ts";
import { sharedTarball } from "./tarball.ts";

const nodes = await installedNodes();

/** All entries that JavaScript can import; `*` stands for files of other kinds. */
const entriesOf = ({ manifest }: Project) =>
  Object.keys(manifest.exports)
    .filter((entry) => !entry.includes("*") && !entry.endsWith(".json"))
    .map((entry) => `@latchkey/sdk${entry.slice(1)}`);

describe("a fresh project with the package installed", function () {
  this.timeout(120_000);
  let server: Awaited<ReturnType<typeof network.createServer>>;
  let url: string;
  let viemUser: Project;
  let ethersUser: Project;
  before(async () => {
    server = await network.createServer("default", "127.0.0.1", 0);
    const { address, port } = await server.listen();
    url = `http://${address}:${port}`;
    const tarball = await sharedTarball();
    viemUser = await createProject(tarball);
    ethersUser = await createProject(tarball, ["ethers"]);
    await viemUser.add("agent.mts", "agent.mjs");
    await ethersUser.add("ethers.mts", "ethers.mjs");
    await viemUser.add("commonjs.cts", "commonjs.cjs");
  });
  after(async () => {
    await server.close();
    await viemUser.remove();
    await ethersUser.remove();
  });

  it("is tested with the Node that runs the tests, and with any other on the PATH", () => {
    expect([...nodes.keys()]).to.include(process.version);
    for (const version of nodes.keys())
      expect(Number(/^v(\d+)/.exec(version)?.[1]), version).to.be.at.least(20);
  });

  for (const [version, node] of nodes) {
    it(`serves a viem user under Node ${version}`, async () => {
      const found = JSON.parse(await runWell(viemUser.folder, node, ["agent.mjs", url]));
      const { unknown, ...rest } = found;
      expect(rest).to.deep.equal({
        hashed: true,
        epoch: "0",
        remaining: "2",
        code: "PERIOD",
        address: deterministicAddresses.safeSessionModule,
        computed: deterministicAddresses.safeSessionModule,
        running: true,
        chains: Object.keys(deployedAddresses),
      });
      expect(unknown.code).to.equal("UNKNOWN_CHAIN");
    });

    it(`serves a CommonJS user under Node ${version}`, async () => {
      const found = JSON.parse(await runWell(viemUser.folder, node, ["commonjs.cjs"]));
      expect(found).to.deep.equal({
        account: "0x00000000000000000000000000000000000000A1",
        module: deterministicAddresses.safeSessionModule,
        code: "UNKNOWN_CHAIN",
      });
    });

    it(`recognizes the refusals of its other form under Node ${version}`, async () => {
      const script = `
        import { createRequire } from "node:module";
        import { isRefusal, Refusal } from "@latchkey/sdk";
        const other = createRequire(import.meta.resolve("./package.json"))("@latchkey/sdk");
        try { other.addressOf("safeSessionModule", 999_999_999); } catch (error) {
          console.log(JSON.stringify([error instanceof Refusal, isRefusal(error, "UNKNOWN_CHAIN"), isRefusal(error, "PERIOD"), isRefusal(new Error("x"))]));
        }`;
      const found = await runWell(viemUser.folder, node, ["--input-type=module", "--eval", script]);
      expect(JSON.parse(found)).to.deep.equal([false, true, false, false]);
    });

    it(`serves an ethers user under Node ${version}`, async () => {
      // The chain has the contracts since a viem user put them there, whichever test comes first.
      await runWell(viemUser.folder, node, ["agent.mjs", url]);
      const found = JSON.parse(await runWell(ethersUser.folder, node, ["ethers.mjs", url]));
      expect(found).to.deep.equal({
        epoch: "0",
        failure: "Expired",
        topic: toEventSelector("SessionRevoked(address,bytes32)"),
        spent: 0,
      });
    });

    it(`has all that each entry imports under Node ${version}; only /ethers wants ethers besides`, async () => {
      const entries = entriesOf(viemUser);
      expect(entries).to.include.members([
        "@latchkey/sdk",
        "@latchkey/sdk/abis",
        "@latchkey/sdk/addresses",
        "@latchkey/sdk/bytecode",
        "@latchkey/sdk/ethers",
        "@latchkey/sdk/node",
        "@latchkey/sdk/redis",
      ]);
      const script = `
        const missing = {};
        for (const entry of ${JSON.stringify(entries)})
          await import(entry).catch((error) => { missing[entry] = /'([^']+)'/.exec(error.message)?.[1] ?? error.message; });
        console.log(JSON.stringify(missing));`;
      const required = `for (const entry of ${JSON.stringify(entries.filter((entry) => !entry.endsWith("/ethers")))}) require(entry);`;
      await runWell(viemUser.folder, node, ["--input-type=commonjs", "--eval", required]);
      const missingFor = async ({ folder }: Project) =>
        JSON.parse(await runWell(folder, node, ["--input-type=module", "--eval", script]));
      expect(await missingFor(viemUser)).to.deep.equal({ "@latchkey/sdk/ethers": "ethers" });
      expect(await missingFor(ethersUser)).to.deep.equal({});
    });
  }

  it("keeps what is not an entry to itself", async () => {
    const script = `import "@latchkey/sdk/dist/index.js";`;
    const { code, stderr } = await run(viemUser.folder, process.execPath, [
      "--input-type=module",
      "--eval",
      script,
    ]);
    expect(code).not.to.equal(0);
    expect(stderr).to.include("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});
