import { join } from "node:path";
import { type Address, type Hash, keccak256 } from "viem";
import type { CompiledContract } from "./CompiledContract.ts";
import { deploymentAddress, FACTORIES, SALT } from "./factories.ts";
import { makeVersionFile, readVersionFile, versionFilePath } from "./VersionFile.ts";
import { toJson } from "./writeJson.ts";

/** Where the contracts of this version will be, or are, on any chain: `deployments/expected.json`. */
export type ExpectedAddresses = {
  version: string;
  salt: Hash;
  /** By name of the factory: `safe` is the one that is used, `arachnid` for chains that have nothing else. */
  factories: Record<keyof typeof FACTORIES, Address>;
  /** By contract name; addresses by name of the factory. */
  contracts: Record<
    string,
    { addresses: Record<keyof typeof FACTORIES, Address>; initCodeHash: Hash; codeHash: Hash }
  >;
};

/** What follows from the build. */
export const expectedAddresses = (
  version: string,
  contracts: readonly CompiledContract[],
): ExpectedAddresses => ({
  version,
  salt: SALT,
  factories: { safe: FACTORIES.safe.address, arachnid: FACTORIES.arachnid.address },
  contracts: Object.fromEntries(
    contracts.map(({ name, initCode, runtimeCode }) => [
      name,
      {
        addresses: {
          safe: deploymentAddress(initCode, "safe"),
          arachnid: deploymentAddress(initCode, "arachnid"),
        },
        initCodeHash: keccak256(initCode),
        codeHash: keccak256(runtimeCode),
      },
    ]),
  ),
});

/**
 * Every file of the deployments folder that follows from the build, by path, with its content. What is released stays
 * released.
 */
export async function publishedFiles(
  folder: string,
  version: string,
  contracts: readonly CompiledContract[],
): Promise<Map<string, string>> {
  const files = new Map([[join(folder, "expected.json"), toJson(expectedAddresses(version, contracts))]]);
  for (const contract of contracts) {
    const released = (await readVersionFile(folder, version, contract.name))?.released ?? false;
    const file = await makeVersionFile(folder, version, contract, released);
    files.set(versionFilePath(folder, version, contract.name), toJson(file));
  }
  return files;
}
