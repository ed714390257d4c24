import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Address, getAddress, keccak256 } from "viem";
import { bindingName, type CompiledContract, isDeployable } from "./CompiledContract.ts";

/** Chain ids of development chains: what `deployments/` says of them is one machine's affair. */
const developmentChains = [1337, 31337];

/** As much of `deployments/<chainId>.json` as is needed here. */
type DeploymentRecord = {
  chainId: number;
  contracts: Record<string, { address: Address; initCodeHash: string } | undefined>;
};

/** What the records say of the compiled contracts. */
export type RecordedDeployments = {
  /** By chain id, in ascending order, then by binding name. */
  addresses: Map<number, Map<string, Address>>;
  /** One line for each recorded contract that was made from other code, and therefore has no place in the bindings. */
  outdated: string[];
};

/**
 * Reads every `<chainId>.json` of a folder. A contract that was deployed from other code than the compiled one is left
 * out: its address beside this version's ABI would be a lie.
 *
 * @throws If a record is not one of the chain that its name says.
 */
export async function recordedDeployments(
  folder: string,
  contracts: readonly CompiledContract[],
): Promise<RecordedDeployments> {
  const chainIds = (await readdir(folder))
    .filter((name) => /^\d+\.json$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .filter((chainId) => !developmentChains.includes(chainId))
    .sort((a, b) => a - b);
  const found: RecordedDeployments = { addresses: new Map(), outdated: [] };
  for (const chainId of chainIds) {
    const path = join(folder, `${chainId}.json`);
    const record = JSON.parse(await readFile(path, "utf8")) as DeploymentRecord;
    if (record.chainId !== chainId || typeof record.contracts !== "object" || record.contracts === null)
      throw new Error(`${path} is not a record of chain ${chainId}.`);
    const addresses = new Map<string, Address>();
    for (const contract of contracts.filter(isDeployable)) {
      const deployment = record.contracts[contract.contractName];
      if (!deployment) continue;
      if (deployment.initCodeHash.toLowerCase() !== keccak256(contract.bytecode))
        found.outdated.push(
          `${contract.contractName} on chain ${chainId} was deployed from other code; left out`,
        );
      else addresses.set(bindingName(contract.contractName), getAddress(deployment.address));
    }
    if (addresses.size > 0) found.addresses.set(chainId, addresses);
  }
  return found;
}
