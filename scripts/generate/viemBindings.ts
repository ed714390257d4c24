import { bindingName, type CompiledContract, isDeployable } from "./CompiledContract.ts";
import type { Files } from "./Files.ts";
import { header } from "./header.ts";

/** A barrel with one line a file, in a fixed order. */
const barrel = (names: readonly string[]) =>
  header + names.map((name) => `export * from "./${name}.ts";\n`).join("");

/** ABIs `as const`, creation code and runtime code, one file each, and a barrel for each of the two folders. */
export function viemBindings(contracts: readonly CompiledContract[], folder: string): Files {
  const files: Files = new Map();
  const names: Record<"abis" | "bytecode", string[]> = { abis: [], bytecode: [] };
  const add = (kind: "abis" | "bytecode", name: string, content: string) => {
    names[kind].push(name);
    files.set(`${folder}/${kind}/${name}.ts`, header + content);
  };
  for (const contract of contracts) {
    const { abi, bytecode, contractName, deployedBytecode } = contract;
    const name = bindingName(contractName);
    const entries = abi.map((entry) => `  ${JSON.stringify(entry)},\n`).join("");
    add(
      "abis",
      `${name}Abi`,
      `\n/** Functions, events and errors of \`${contractName}\`. */\n` +
        `export const ${name}Abi = [\n${entries}] as const;\n`,
    );
    if (!isDeployable(contract)) continue;
    add(
      "bytecode",
      `${name}Bytecode`,
      `import type { Hex } from "viem";\n\n` +
        `/** Creation code of \`${contractName}\`, which takes no constructor arguments. */\n` +
        `export const ${name}Bytecode: Hex =\n  "${bytecode}";\n`,
    );
    add(
      "bytecode",
      `${name}RuntimeBytecode`,
      `import type { Hex } from "viem";\n\n` +
        `/** What runs where \`${contractName}\` is deployed: it has no immutables, so it is the same everywhere. */\n` +
        `export const ${name}RuntimeBytecode: Hex =\n  "${deployedBytecode}";\n`,
    );
  }
  for (const kind of ["abis", "bytecode"] as const)
    files.set(`${folder}/${kind}/index.ts`, barrel(names[kind].sort()));
  return files;
}
