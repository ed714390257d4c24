import { brotliCompressSync } from "node:zlib";
import { expect } from "chai";
import { build } from "esbuild";
import { createProject, type Project } from "./Project.ts";
import { sharedTarball } from "./tarball.ts";

/** Something that somebody puts into a program, and the most that it may weigh there. */
type Part = {
  name: string;
  contents: string;
  /** Leaves viem, x402 and zod out: what is measured is this package's own part. */
  alone?: boolean;
  /** Bytes, minified and compressed by brotli. */
  limit: number;
};

const agent = `export { parseGrant, payingFetch } from "@latchkey/sdk";`;
const page = `export { proposeSession, revokeSession, serializeGrant, sessionStatus, signGrant } from "@latchkey/sdk";`;

/** The limits are what was measured, and a twentieth: raise them here if more is needed. */
const parts: readonly Part[] = [
  // It pays by EIP-3009, by Permit2 and by ERC-7710, which count in ways of their own.
  { name: "an agent that pays by x402", contents: agent, limit: 119_800 },
  {
    name: "an agent that pays by x402, without viem, x402 and zod",
    contents: agent,
    alone: true,
    limit: 48_200,
  },
  { name: "a page that proposes, signs and revokes", contents: page, limit: 88_200 },
  {
    name: "a page that proposes, signs and revokes, without viem and zod",
    contents: page,
    alone: true,
    // sessionStatus asks by Multicall3.
    limit: 31_800,
  },
  {
    name: "the ABI of every module",
    contents: `export { sessionModuleAbi } from "@latchkey/sdk/abis";`,
    limit: 1_280,
  },
  { name: "addressOf", contents: `export { addressOf } from "@latchkey/sdk/addresses";`, limit: 930 },
];

describe("the package's bundle size", function () {
  this.timeout(60_000);
  let project: Project;
  before(async () => {
    project = await createProject(await sharedTarball());
  });
  after(() => project.remove());

  /** Bytes of a bundle for browsers, minified and compressed. */
  async function weigh({ contents, alone }: Part): Promise<number> {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: project.folder },
      platform: "browser",
      format: "esm",
      target: "es2022",
      bundle: true,
      minify: true,
      write: false,
      external: alone ? ["viem", "@x402/*", "zod"] : [],
    });
    return brotliCompressSync(outputFiles[0]?.contents ?? "").length;
  }

  for (const part of parts)
    it(`is at most ${part.limit} bytes: ${part.name}`, async () => {
      // Far less than the limit is a limit that nobody measured.
      expect(await weigh(part)).to.be.within(part.limit * 0.8, part.limit);
    });
});
