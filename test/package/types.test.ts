import { expect } from "chai";
import ts from "typescript";
import { checkTypes } from "./checkTypes.ts";
import { createProject, type Project } from "./Project.ts";
import { sharedTarball } from "./tarball.ts";

/** The ways to find modules that an ES module package is made for. */
const resolutions = {
  bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
  nodenext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
};

describe("the packed package's types", function () {
  this.timeout(120_000);
  let browserUser: Project;
  let nodeUser: Project;
  before(async () => {
    const tarball = await sharedTarball();
    browserUser = await createProject(tarball);
    nodeUser = await createProject(tarball, ["ethers", "@types/node"]);
  });
  after(() => Promise.all([browserUser.remove(), nodeUser.remove()]));

  for (const [name, resolution] of Object.entries(resolutions)) {
    it(`serve a page without Node's types, resolved as for ${name}`, async () => {
      const file = await browserUser.add("page.mts", "page.mts");
      const lib = ["lib.es2022.d.ts", "lib.dom.d.ts"];
      const { faults, own } = checkTypes(browserUser, file, { ...resolution, lib, types: [] });
      expect(faults).to.deep.equal([]);
      expect(own).to.be.greaterThan(20);
    });
    it(`serve an agent on Node with viem, resolved as for ${name}`, async () => {
      const file = await nodeUser.add("agent.mts", "agent.mts");
      const { faults, own } = checkTypes(nodeUser, file, {
        ...resolution,
        lib: ["lib.es2022.d.ts"],
        types: ["node"],
      });
      expect(faults).to.deep.equal([]);
      expect(own).to.be.greaterThan(20);
    });
    it(`serve an ethers user, resolved as for ${name}`, async () => {
      const file = await nodeUser.add("ethers.mts", "ethers.mts");
      const { faults, own } = checkTypes(nodeUser, file, {
        ...resolution,
        lib: ["lib.es2022.d.ts"],
        types: ["node"],
      });
      expect(faults).to.deep.equal([]);
      expect(own).to.be.greaterThan(4);
    });
  }

  it("serve a CommonJS user, resolved as for node16", async () => {
    const file = await nodeUser.add("commonjs.cts", "commonjs.cts");
    const { faults, own } = checkTypes(nodeUser, file, {
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      // viem declares ES modules only, so that any declaration that imports it is an error in a CommonJS project.
      skipLibCheck: true,
      lib: ["lib.es2022.d.ts"],
      types: ["node"],
    });
    expect(faults).to.deep.equal([]);
    expect(own).to.be.greaterThan(20);
  });

  it("reject a missing entry, a missing export and a wrong parameter type", async () => {
    const file = await nodeUser.write(
      "wrong.mts",
      `import { noSuchExport } from "@latchkey/sdk";
       import * as entry from "@latchkey/sdk/no-such-entry";
       import { addressOf } from "@latchkey/sdk/addresses";
       addressOf("safeSessionModule", "8453");
       void [noSuchExport, entry];`,
    );
    const { faults } = checkTypes(nodeUser, file, { ...resolutions.nodenext, types: ["node"] });
    for (const [index, what] of ["noSuchExport", "no-such-entry", "'string' is not assignable"].entries())
      expect(faults[index])
        .to.match(/^wrong\.mts: /)
        .and.to.include(what);
    expect(faults).to.have.length(3);
  });
});
