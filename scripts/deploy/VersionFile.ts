import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Address, type Hash, keccak256 } from "viem";
import type { CompiledContract, Compiler } from "./CompiledContract.ts";
import { readRecord } from "./Deployment.ts";
import { deploymentAddress, FACTORIES, type FactoryName, SALT } from "./factories.ts";
import { DEVELOPMENT_CHAINS } from "./liveNetworks.ts";
import { readJson } from "./readJson.ts";
import { writeJson } from "./writeJson.ts";

/** The name that users of safe-deployments know for the set of addresses of each factory. */
const ADDRESS_SETS = { safe: "canonical", arachnid: "arachnid" } as const satisfies Record<
  FactoryName,
  string
>;

/** One of the sets of addresses. */
type AddressSet = (typeof ADDRESS_SETS)[FactoryName];

/**
 * One contract of one version, `deployments/v<version>/<Name>.json`: the fields of safe-deployments, and what it takes
 * to get to the same address.
 */
export type VersionFile = {
  /** Once true, the code of this version never changes again. */
  released: boolean;
  contractName: string;
  version: string;
  /** Where the contract is on the chains that have it, by factory. */
  deployments: Record<AddressSet, { address: Address; codeHash: Hash }>;
  /** By chain id; only chains that really have it. */
  networkAddresses: Record<string, AddressSet>;
  salt: Hash;
  initCodeHash: Hash;
  compiler: Compiler;
  abi: readonly unknown[];
};

/** Where it is. */
export const versionFilePath = (folder: string, version: string, name: string) =>
  join(folder, `v${version}`, `${name}.json`);

/** @returns Undefined if there is none. */
export const readVersionFile = (folder: string, version: string, name: string) =>
  readJson<VersionFile>(versionFilePath(folder, version, name));

/** What the build and the records of the chains say. */
export async function makeVersionFile(
  folder: string,
  version: string,
  contract: CompiledContract,
  released: boolean,
): Promise<VersionFile> {
  const codeHash = keccak256(contract.runtimeCode);
  const initCodeHash = keccak256(contract.initCode);
  const at = (factory: FactoryName) => ({ address: deploymentAddress(contract.initCode, factory), codeHash });
  return {
    released,
    contractName: contract.name,
    version,
    deployments: { canonical: at("safe"), arachnid: at("arachnid") },
    networkAddresses: await networkAddresses(folder, version, contract.name, initCodeHash),
    salt: SALT,
    initCodeHash,
    compiler: contract.compiler,
    abi: contract.abi,
  };
}

/** Lists a chain in the version's files, after a deployment. Files that are not there are not made. */
export async function updateNetworkAddresses(folder: string, version: string, names: readonly string[]) {
  for (const name of names) {
    const file = await readVersionFile(folder, version, name);
    if (!file) continue;
    const present = await networkAddresses(folder, version, name, file.initCodeHash);
    if (JSON.stringify(present) !== JSON.stringify(file.networkAddresses))
      await writeJson(versionFilePath(folder, version, name), { ...file, networkAddresses: present });
  }
}

/** The chains that have a record. */
export async function recordedChains(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^\d+\.json$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}

/** A chain that got other code under this version, before that was released, does not have this contract. */
async function networkAddresses(folder: string, version: string, name: string, initCodeHash: Hash) {
  const addresses: Record<string, AddressSet> = {};
  for (const chainId of await recordedChains(folder)) {
    const deployment = (await readRecord(folder, chainId)).contracts[name];
    if (deployment?.version !== version || deployment.initCodeHash !== initCodeHash) continue;
    if (DEVELOPMENT_CHAINS.includes(chainId)) continue;
    addresses[chainId] =
      deployment.factory === FACTORIES.arachnid.address ? ADDRESS_SETS.arachnid : ADDRESS_SETS.safe;
  }
  return addresses;
}
