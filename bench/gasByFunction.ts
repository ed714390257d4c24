import { readFile } from "node:fs/promises";
import { artifacts } from "hardhat";
import type { Frame } from "./gasFrames.ts";

/** Gas of one contract's own instructions, by the function of the source that they were compiled from. */
export type FunctionGas = { name: string; gas: number; generated: number };

type BuildInfo = { input: { sources: Record<string, { content: string }> } };
type BuildOutput = {
  output: {
    sources: Record<string, { id: number }>;
    contracts: Record<
      string,
      Record<string, { evm: { deployedBytecode: { object: string; sourceMap: string } } }>
    >;
  };
};

/**
 * Attributes gas to functions of the source by the compiler's source map. Instructions that belong to no function
 * (allocating, copying, cleaning) count with the one that ran before them, and are told apart as `generated`. The
 * optimizer merges code: where two functions share instructions, one of them has the gas of both.
 * @param contractName Of the artifact.
 * @param calls The steps of each call of the contract, by {@link gasFrames}.
 */
export async function gasByFunction(
  contractName: string,
  calls: readonly Frame["steps"][],
): Promise<FunctionGas[]> {
  const { sourceName } = await artifacts.readArtifact(contractName);
  const id = await artifacts.getBuildInfoId(contractName);
  if (!id) throw new Error(`${contractName} has no build info: compile first`);
  const read = async (path: string | undefined) => JSON.parse(await readFile(path ?? "", "utf8"));
  const { input } = (await read(await artifacts.getBuildInfoPath(id))) as BuildInfo;
  const { output } = (await read(await artifacts.getBuildInfoOutputPath(id))) as BuildOutput;

  const contract = Object.entries(output.contracts).find(([path]) => path.endsWith(sourceName))?.[1][
    contractName
  ];
  if (!contract) throw new Error(`${contractName} is not in its build info`);
  const { object, sourceMap } = contract.evm.deployedBytecode;
  const sources = new Map(
    Object.entries(output.sources).map(([path, source]) => [
      source.id,
      functionsOf(path, input.sources[path]?.content ?? ""),
    ]),
  );

  const functions = new Map<string, FunctionGas>();
  const instructionAt = instructionNumbers(object.replace(/^0x/, ""));
  const positions = decodeSourceMap(sourceMap);
  for (const steps of calls) {
    let current = "(dispatch)";
    for (const { pc, gas } of steps) {
      const position = positions[instructionAt.get(pc) ?? -1];
      const found =
        position &&
        sources
          .get(position.source)
          ?.findLast(({ start, end }) => start <= position.start && position.start < end)?.name;
      current = found ?? current;
      const entry = functions.get(current) ?? { name: current, gas: 0, generated: 0 };
      entry.gas += gas;
      if (!found) entry.generated += gas;
      functions.set(current, entry);
    }
  }
  return [...functions.values()].sort((a, b) => b.gas - a.gas);
}

/** Where each function of a source begins and ends, in bytes, and its name with the file's before it. */
function functionsOf(path: string, content: string): { name: string; start: number; end: number }[] {
  const file = path.replace(/^.*\//, "").replace(/\.sol$/, "");
  const starts = [...content.matchAll(/^\s*(?:function\s+(\w+)|modifier\s+(\w+)|constructor\b)/gm)];
  return starts.map((match, i) => ({
    name: `${file}.${match[1] ?? match[2] ?? "constructor"}`,
    start: Buffer.byteLength(content.slice(0, match.index)),
    end: Buffer.byteLength(content.slice(0, starts[i + 1]?.index ?? content.length)),
  }));
}

/** The number of the instruction at each place of the code: PUSHn is followed by n bytes of its own. */
function instructionNumbers(code: string): Map<number, number> {
  const numbers = new Map<number, number>();
  for (let pc = 0; pc < code.length / 2; ) {
    numbers.set(pc, numbers.size);
    const opcode = Number.parseInt(code.slice(pc * 2, pc * 2 + 2), 16);
    pc += opcode >= 0x60 && opcode <= 0x7f ? opcode - 0x5e : 1;
  }
  return numbers;
}

/** Solidity's source map: one entry an instruction, what is left out is as in the entry before. */
function decodeSourceMap(sourceMap: string): { start: number; source: number }[] {
  let start = -1;
  let source = -1;
  return sourceMap.split(";").map((entry) => {
    const [s, , f] = entry.split(":");
    if (s) start = Number(s);
    if (f) source = Number(f);
    return { start, source };
  });
}
