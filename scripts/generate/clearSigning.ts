import type { Descriptor, DescriptorFormatSpec } from "@ethereum-sourcify/clear-signing";
import type { AbiFunction, AbiParameter } from "viem";
import { eip712Types } from "#sdk/session/eip712Types.ts";
import { deploymentAddress } from "../deploy/factories.ts";
import { LIVE_NETWORKS } from "../deploy/liveNetworks.ts";
import { toJson } from "../deploy/writeJson.ts";
import { type CompiledContract, isDeployable } from "./CompiledContract.ts";
import {
  enums,
  type Field,
  functions,
  messages,
  unsignedFunctions,
  type Words,
} from "./clearSigningWords.ts";
import type { Files } from "./Files.ts";
import { sessionMembers } from "./sessionTypes.ts";

type Members = readonly { name: string; type: string }[];

/** The types that are signed, and ERC-7739's around a session. */
const types: Record<string, Members> = {
  ...eip712Types,
  TypedDataSign: [
    { name: "contents", type: "Session" },
    { name: "name", type: "string" },
    { name: "version", type: "string" },
    { name: "chainId", type: "uint256" },
    { name: "verifyingContract", type: "address" },
    { name: "salt", type: "bytes32" },
  ],
};

/** Where each message is signed for: the contracts that are its domain's `verifyingContract`. */
const domains: Record<string, readonly string[]> = {
  Session: ["SafeSessionModule", "ERC7579SessionModule"],
  TypedDataSign: ["ERC7579SessionModule"],
  Execute: ["SafeSessionModule", "ERC7579SessionModule"],
  PaymentUserOp: ["ERC7579SessionModule"],
};

/**
 * ERC-7730 descriptions of what is signed and called, from which a wallet shows it field by field: one file for each
 * message and each contract. In version 2 of the form, the only one that the public registry still takes.
 *
 * @throws If a function that changes something has no words, or words are of a function that no contract has.
 */
export function clearSigning(contracts: readonly CompiledContract[], folder: string): Files {
  // The SDK's are those of the last run.
  Object.assign(types, sessionMembers(contracts));
  const files: Files = new Map();
  const write = (name: string, descriptor: Descriptor) =>
    files.set(
      `${folder}/${name}.json`,
      toJson({ $schema: "https://eips.ethereum.org/assets/eip-7730/erc7730-v2.schema.json", ...descriptor }),
    );
  const deployed = contracts.filter(isDeployable);

  for (const [name, words] of Object.entries(messages)) {
    const deployments = deployed
      .filter((one) => domains[name]?.includes(one.contractName))
      .flatMap(deploymentsOf);
    write(`eip712-${name}`, {
      context: { eip712: { domain: { name: "Latchkey", version: "1" }, deployments } },
      metadata: { owner: "Latchkey", contractName: "Latchkey", enums },
      display: { formats: { [encodeType(name)]: formatOf(words) } },
    });
  }

  const unused = new Set(Object.keys(functions));
  for (const contract of deployed) {
    const formats: Record<string, DescriptorFormatSpec> = {};
    for (const one of contract.abi.filter((item): item is AbiFunction => item.type === "function")) {
      const words = functions[one.name];
      if (words) formats[`${one.name}(${one.inputs.map(parameter).join(",")})`] = formatOf(words);
      else if (!isView(one) && !unsignedFunctions[contract.contractName]?.[one.name])
        throw new Error(`No wallet could say what ${contract.contractName}.${one.name} does: give it words.`);
      unused.delete(one.name);
    }
    if (Object.keys(formats).length > 0)
      write(`calldata-${contract.contractName}`, {
        context: { contract: { deployments: deploymentsOf(contract) } },
        metadata: { owner: "Latchkey", contractName: contract.contractName, enums },
        display: { formats },
      });
  }
  for (const name of unused) throw new Error(`There are words for ${name}, which no contract has.`);
  return files;
}

const isView = ({ stateMutability }: AbiFunction) => stateMutability === "pure" || stateMutability === "view";

/** The contract's address is the same on every chain, whether it is there yet or not. */
const deploymentsOf = ({ bytecode }: CompiledContract) =>
  Object.values(LIVE_NETWORKS).map((chainId) => ({ chainId, address: deploymentAddress(bytecode) }));

const formatOf = ({ intent, fields }: Words): DescriptorFormatSpec => ({
  intent,
  fields: fields.map(published),
});

const published = (field: Field) => {
  if (!("withheld" in field)) return field;
  const { path, label } = field;
  return { path, label, visible: "never" as const };
};

/** `encodeType` of EIP-712: the type, then all that it refers to, sorted. */
function encodeType(primaryType: string): string {
  const found = new Set<string>();
  const find = (name: string) => {
    const members = types[name];
    if (!members || found.has(name)) return;
    found.add(name);
    for (const { type } of members) find(type.replace("[]", ""));
  };
  find(primaryType);
  found.delete(primaryType);
  return [primaryType, ...[...found].sort()]
    .map((name) => `${name}(${types[name]?.map((one) => `${one.type} ${one.name}`).join(",")})`)
    .join("");
}

/** A parameter as the keys of a description have it: tuples in parentheses, no blanks behind commas. */
function parameter(input: AbiParameter): string {
  const type =
    "components" in input
      ? `(${input.components.map(parameter).join(",")})${input.type.replace("tuple", "")}`
      : input.type;
  return `${type} ${input.name}`;
}
