import hre from "hardhat";
import { type CompiledContract, isBound, isDeployable } from "./CompiledContract.ts";

/**
 * Compiles, and reads the contracts that get bindings, sorted by name.
 *
 * @throws If there is none to deploy, or one has immutables: its runtime code would differ from the compiler's, and
 * the published runtime code on a test chain would be another contract.
 */
export async function readCompiledContracts(): Promise<CompiledContract[]> {
  await hre.tasks.getTask("build").run({ quiet: true });
  const names = [...(await hre.artifacts.getAllFullyQualifiedNames())].filter((n) =>
    n.startsWith("contracts/"),
  );
  const all = await Promise.all(
    names.map(async (name) => (await hre.artifacts.readArtifact(name)) as CompiledContract),
  );
  const contracts = all.filter(isBound).sort((a, b) => (a.contractName < b.contractName ? -1 : 1));
  if (!contracts.some(isDeployable)) throw new Error("No contract that can be deployed was compiled.");
  for (const { contractName, immutableReferences } of contracts)
    if (Object.keys(immutableReferences ?? {}).length > 0)
      throw new Error(
        `${contractName} has immutables: its runtime code is known only once it is deployed, so it cannot be published.`,
      );
  return contracts;
}
