import { posix } from "node:path";
import { type Code, compile, DoesNotCompile, type Node, parse } from "./compile.ts";
import type { AccountKind, Removal } from "./Removal.ts";
import { readContract, withoutRule } from "./removals.ts";

/** Contracts that hold every function with and without each of its rules. */
export type Together = {
  /** Behind it belongs a number of two bytes, as {@link numbered} puts it: the rule that is left out. */
  code: Code;
  /** The rules that it can leave out, each with its number. */
  numbers: Map<string, number>;
};

/** Where the deciding function stands, and its name, which nothing else has. */
const SWITCH = "contracts/RuleIsLeftOut.sol";
const IS_LEFT_OUT = "ruleIsLeftOut";

/**
 * Whether the rule is the one that is left out: the code's last two bytes say which. A code may read itself even in
 * functions that may read nothing else.
 */
const switchSource = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

function ${IS_LEFT_OUT}(uint256 which) pure returns (bool yes) {
    assembly ("memory-safe") {
        let at := mload(0x40)
        mstore(at, 0)
        codecopy(add(at, 30), sub(codesize(), 2), 2)
        yes := eq(mload(at), which)
    }
}
`;

/** No rule has this number. */
export const NONE = 0xffff;

/** The code with the number of the rule that it is to leave out. */
export const numbered = (code: Code, number: number): Code =>
  Object.fromEntries(
    Object.entries(code).map(([name, bytes]) => [name, `${bytes}${number.toString(16).padStart(4, "0")}`]),
  ) as Code;

type Place = { start: number; end: number };
const placeOf = ({ src }: Node): Place => {
  const [start = 0, length = 0] = src.split(":").map(Number);
  return { start, end: start + length };
};

/** All functions with a body below a node. */
function functionsOf(node: unknown): Node[] {
  if (Array.isArray(node)) return node.flatMap(functionsOf);
  if (typeof node !== "object" || node === null) return [];
  const { nodeType, body } = node as Node;
  const nested = Object.values(node).flatMap(functionsOf);
  return nodeType === "FunctionDefinition" && body ? [node as Node, ...nested] : nested;
}

const namesOf = (list: unknown): string[] =>
  ((list as Node).parameters as Node[]).map(({ name }) => name as string);

/** A function of a source and the removals that change its body. */
type Target = { node: Node; removals: [removal: Removal, number: number][] };

/**
 * Rewrites a source: for each removal a copy of its function in which the rule is missing, and at the beginning of
 * the function a way into the copy.
 */
function rewrite(
  path: string,
  text: Buffer,
  targets: Target[],
): { text: string; copies: Map<number, Place> } {
  const copies = new Map<number, Place>();
  let out = "";
  let at = 0;
  const keep = (end: number) => {
    out += text.subarray(at, end).toString();
    at = end;
  };
  for (const { node, removals } of targets.sort((a, b) => placeOf(a.node).start - placeOf(b.node).start)) {
    const whole = placeOf(node);
    const body = placeOf(node.body as Node);
    const header = text.subarray(whole.start, body.start).toString();
    const returns = namesOf(node.returnParameters).length > 0;
    const args = namesOf(node.parameters).join(", ");
    keep(body.start + 1);
    for (const [, number] of removals) {
      const copy = `${node.name}Without${number}(${args})`;
      out += ` if (${IS_LEFT_OUT}(${number})) ${returns ? `return ${copy};` : `{ ${copy}; return; }`}`;
    }
    keep(whole.end);
    for (const [removal, number] of removals) {
      const changed = Buffer.from(withoutRule(removal));
      const grown = changed.length - text.length;
      const copied = changed.subarray(body.start, body.end + grown).toString();
      const start = Buffer.byteLength(out);
      out += `\n    ${header
        .replace(new RegExp(`function ${node.name}\\b`), `function ${node.name}Without${number}`)
        .replace(/\b(external|public|internal|private)\b/, "private")
        .replace(/\b(override|virtual)\b/g, "")}${copied}`;
      copies.set(number, { start, end: Buffer.byteLength(out) });
    }
  }
  keep(text.length);
  const folder = posix.relative(posix.dirname(path), posix.dirname(SWITCH)) || ".";
  const imported = `import {${IS_LEFT_OUT}} from "${folder.startsWith(".") ? folder : `./${folder}`}/RuleIsLeftOut.sol";\n`;
  return { text: `${out}\n${imported}`, copies };
}

/**
 * Compiles the contracts once for many rules: what a compiler takes for one contract is most of what this takes.
 * A removal is left to be compiled alone if it is not within one function, or does not compile here.
 */
export function compileTogether(kind: AccountKind, removals: readonly Removal[]): Together {
  const trees = parse(kind);
  const left = new Set(removals.map(({ name }) => name));
  for (;;) {
    const targets = new Map<string, Map<Node, Target>>();
    const numbers = new Map<string, number>();
    for (const [number, removal] of removals.entries()) {
      if (!left.has(removal.name)) continue;
      const path = `contracts/${removal.file}`;
      const text = Buffer.from(readContract(removal.file));
      const start = text.indexOf(removal.find);
      const end = start + Buffer.byteLength(removal.find);
      const node = functionsOf(trees.get(path)).find(({ body }) => {
        const place = placeOf(body as Node);
        return place.start < start && end <= place.end;
      });
      if (!node || namesOf(node.parameters).includes("")) continue;
      const ofFile = targets.get(path) ?? new Map<Node, Target>();
      const target = ofFile.get(node) ?? { node, removals: [] };
      target.removals.push([removal, number]);
      targets.set(path, ofFile.set(node, target));
      numbers.set(removal.name, number);
    }
    const overrides = new Map([[SWITCH, switchSource]]);
    const copies = new Map<string, Map<number, Place>>();
    for (const [path, ofFile] of targets) {
      const text = Buffer.from(readContract(path.slice("contracts/".length)));
      const rewritten = rewrite(path, text, [...ofFile.values()]);
      overrides.set(path, rewritten.text);
      copies.set(path, rewritten.copies);
    }
    try {
      return { code: compile(kind, overrides), numbers };
    } catch (error) {
      if (!(error instanceof DoesNotCompile)) throw error;
      const culprits = error.places.flatMap(({ file, start }) =>
        [...(copies.get(file) ?? [])].filter(([, place]) => place.start <= start && start < place.end),
      );
      if (culprits.length === 0) throw error;
      for (const [number] of culprits) left.delete(removals[number]?.name ?? "");
    }
  }
}
