import type { Hex } from "viem";

/** What is needed of a Hardhat artifact. */
export type CompiledContract = {
  contractName: string;
  /** Path of the source, from the repository's root. */
  sourceName: string;
  abi: readonly { type: string }[];
  /** Creation code; "0x" for interfaces and abstract contracts. */
  bytecode: Hex;
  /** Runtime code; "0x" likewise. */
  deployedBytecode: Hex;
  immutableReferences?: object;
};

/** Interfaces that stand for every kind of account; any other contract gets bindings only if it can be deployed. */
const interfaces = ["ISessionModule", "ISessionErrors"];

/** Whether bindings are made of it. */
export const isBound = ({ abi, bytecode, contractName }: CompiledContract): boolean =>
  interfaces.includes(contractName) || (bytecode !== "0x" && abi.some(({ type }) => type === "function"));

/** Whether it can be deployed as it is. */
export const isDeployable = ({ bytecode }: CompiledContract): boolean => bytecode !== "0x";

/** `SafeSessionModule`, `ISessionModule` and `ERC7579SessionModule` become `safe…`, `session…` and `erc7579…`. */
export function bindingName(contractName: string): string {
  const name = interfaces.includes(contractName) ? contractName.slice(1) : contractName;
  return name.replace(/^[A-Z]+(?=\d)|^[A-Z]/, (first) => first.toLowerCase());
}
