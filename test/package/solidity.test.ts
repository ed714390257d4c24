import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect } from "chai";
import { createProject, type Project } from "./Project.ts";
import { runWell } from "./run.ts";
import { root, sharedTarball, type Tarball } from "./tarball.ts";

const hardhat = join(root, "node_modules/hardhat/dist/src/cli.js");
const compiler = createRequire(import.meta.url).resolve("solc/soljson.js");

/** A project of Hardhat's, with the compiler that is installed here, so that none is downloaded. */
async function solidityProject(tarball: Tarball, extra: readonly string[] = []): Promise<Project> {
  const project = await createProject(tarball, ["hardhat", ...extra]);
  await project.write(
    "hardhat.config.js",
    `import { defineConfig } from "hardhat/config";
     export default defineConfig({ solidity: { version: "0.8.35", path: ${JSON.stringify(compiler)} } });`,
  );
  return project;
}

describe("a Solidity user with the package installed", function () {
  this.timeout(120_000);
  let tarball: Tarball;
  before(async () => {
    tarball = await sharedTarball();
  });

  it("puts the contracts on a test's chain, and calls them through the interfaces", async () => {
    const project = await solidityProject(tarball);
    try {
      await project.add("SolidityUser.sol", "test/SolidityUser.t.sol");
      const output = await runWell(project.folder, process.execPath, [hardhat, "test", "solidity"]);
      expect(output)
        .to.match(/\b6 passing/)
        .and.not.to.include("failing");
    } finally {
      await project.remove();
    }
  });

  it("runs the test that the provider guide shows", async () => {
    const guide = readFileSync(join(root, "docs/providers.md"), "utf8");
    const [, shown = "", ...more] = guide.split(/^```solidity\n([\s\S]*?)^```$/m);
    expect(more).to.have.length(1);
    const project = await solidityProject(tarball);
    try {
      await project.write("test/Shown.t.sol", shown);
      const output = await runWell(project.folder, process.execPath, [hardhat, "test", "solidity"]);
      expect(output).to.match(/\b1 passing/);
    } finally {
      await project.remove();
    }
  });

  it("may use an older compiler than the contracts", async () => {
    const project = await createProject(tarball);
    try {
      for (const path of tarball.files.filter((name) => name.endsWith(".sol")))
        expect(readFileSync(join(project.installed, path), "utf8"), path).to.include(
          "\npragma solidity ^0.8.13;\n",
        );
    } finally {
      await project.remove();
    }
  });

  it("compiles every source that is shipped; OpenZeppelin is needed for the ERC-7579 interface only", async () => {
    const project = await solidityProject(tarball, ["@openzeppelin/contracts"]);
    try {
      const sources = tarball.files.filter((path) => path.endsWith(".sol"));
      const foreign = sources.filter((path) =>
        readFileSync(join(project.installed, path), "utf8").includes('from "@'),
      );
      expect(foreign).to.deep.equal(["contracts/interfaces/IERC7579SessionModule.sol"]);
      expect(sources).to.include.members([
        "contracts/types/Session.sol",
        "contracts/interfaces/ISessionModule.sol",
        "contracts/testing/DeployLatchkey.sol",
      ]);
      // Unnamed imports would clash where two sources declare the same name.
      const imports = sources.map((path, index) => `import * as S${index} from "@latchkey/sdk/${path}";\n`);
      await project.write(
        "contracts/Everything.sol",
        `// SPDX-License-Identifier: MIT\npragma solidity ^0.8.35;\n${imports.join("")}contract Everything {}\n`,
      );
      expect(await runWell(project.folder, process.execPath, [hardhat, "build"])).to.include("Compiled 1 ");
    } finally {
      await project.remove();
    }
  });
});
