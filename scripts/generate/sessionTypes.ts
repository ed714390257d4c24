import type { AbiParameter } from "viem";
import type { CompiledContract } from "./CompiledContract.ts";
import type { Files } from "./Files.ts";
import { header } from "./header.ts";

type Members = readonly { name: string; type: string }[];

/**
 * The EIP-712 types of a session, out of the ABI of the lens, which takes one as a struct: the names and the order of the
 * fields are those of `contracts/types/Session.sol`.
 */
export function sessionTypes(contracts: readonly CompiledContract[], folder: string): Files {
  const members = sessionMembers(contracts);
  if (!members.Session) throw new Error("SessionLens.hash takes no Session.");
  const entries = Object.entries(members).map(
    ([name, of]) => `  ${name}: [\n${of.map((member) => `    ${JSON.stringify(member)},\n`).join("")}  ],\n`,
  );
  return new Map([
    [
      `${folder}/eip712/sessionTypes.ts`,
      `${header}\n/** The EIP-712 types of a session, members in the order of the contract. */\n` +
        `export const sessionTypes = {\n${entries.join("")}} as const;\n`,
    ],
  ]);
}

/** The members of a session's types, by the types' names; `Session` first. None without the lens. */
export function sessionMembers(contracts: readonly CompiledContract[]): { [type: string]: Members } {
  const lens = contracts.find(({ contractName }) => contractName === "SessionLens");
  const hash = lens?.abi.find(
    (entry): entry is { type: string; name: string; inputs: readonly AbiParameter[] } =>
      entry.type === "function" && "name" in entry && entry.name === "hash",
  );
  const types = new Map<string, Members>();
  for (const input of hash?.inputs ?? []) structType(input, types);
  return Object.fromEntries(types);
}

/** Adds the type of a struct, and of every struct in it. Says how a member of it is written. */
function structType(parameter: AbiParameter, types: Map<string, Members>): string {
  if (!("components" in parameter) || !parameter.internalType?.startsWith("struct ")) return parameter.type;
  const written = parameter.internalType.slice("struct ".length);
  const name = written.replace("[]", "");
  // Before what is in it, so that the outermost comes first.
  types.set(name, []);
  types.set(
    name,
    parameter.components.map((member) => ({ name: member.name ?? "", type: structType(member, types) })),
  );
  return written;
}
