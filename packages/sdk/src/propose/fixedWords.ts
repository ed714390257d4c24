import type { AbiParameter } from "viem";

/** How many words of the head a parameter takes, or undefined if it has only an offset there. */
export function fixedWords(parameter: AbiParameter): number | undefined {
  if (parameter.type.endsWith("[]") || parameter.type === "bytes" || parameter.type === "string")
    return undefined;
  if (!parameter.type.startsWith("tuple") && !parameter.type.endsWith("]")) return 1;
  let words = 0;
  for (const member of membersOf(parameter)) {
    const memberWords = fixedWords(member);
    if (memberWords === undefined) return undefined;
    words += memberWords;
  }
  return words;
}

/** The members of a struct or of a list of fixed length; empty for a single word. */
export function membersOf(parameter: AbiParameter): readonly AbiParameter[] {
  const list = /^(.*)\[(\d+)\]$/.exec(parameter.type);
  if (list) {
    const element = { ...parameter, name: "", type: list[1] ?? "" } as AbiParameter;
    return Array.from({ length: Number(list[2]) }, () => element);
  }
  return "components" in parameter ? parameter.components : [];
}
