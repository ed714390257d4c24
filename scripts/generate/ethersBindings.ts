import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTypeChain } from "typechain";
import { type CompiledContract, isDeployable } from "./CompiledContract.ts";
import type { Files } from "./Files.ts";
import { filesIn } from "./filesIn.ts";

/** TypeChain's classes for ethers v6, of what can be deployed: the interfaces' functions are in there too. */
export async function ethersBindings(contracts: readonly CompiledContract[], folder: string): Promise<Files> {
  const scratch = await mkdtemp(join(tmpdir(), "latchkey-typechain-"));
  try {
    // TypeChain mirrors its input's folders and looks at all of them: give it one flat folder with nothing else in it.
    const input = join(scratch, "artifacts");
    const output = join(scratch, "ethers");
    await mkdir(input);
    const paths: string[] = [];
    for (const { abi, bytecode, contractName } of contracts.filter(isDeployable)) {
      const path = join(input, `${contractName}.json`);
      await writeFile(path, JSON.stringify({ contractName, abi, bytecode }));
      paths.push(path);
    }
    await runTypeChain({
      cwd: scratch,
      target: "ethers-v6",
      outDir: output,
      inputDir: input,
      allFiles: paths,
      filesToProcess: paths,
      flags: {
        alwaysGenerateOverloads: false,
        discriminateTypes: false,
        node16Modules: true,
        tsNocheck: false,
        environment: undefined,
      },
    });
    const files: Files = new Map();
    for (const path of await filesIn(output)) {
      const content = await readFile(join(output, path), "utf8");
      // Node can run the sources with their types stripped: imports have real names, namespaces are types only.
      const erasable = content
        .replace(/(["'])(\.{1,2}\/[^"'\n]*)\.js\1/g, "$1$2.ts$1")
        .replace(/^export namespace /gm, "export declare namespace ");
      files.set(`${folder}/ethers/${path}`, erasable);
    }
    return files;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
