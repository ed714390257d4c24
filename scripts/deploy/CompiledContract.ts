import { join, resolve } from "node:path";
import { type Hex, isHex, size } from "viem";
import { DeployError } from "./DeployError.ts";
import { readJson } from "./readJson.ts";

/** The folder of the repository. */
export const ROOT = resolve(import.meta.dirname, "../..");

/** What is put on a chain, by source and name, in this order. */
export const DEPLOYED_CONTRACTS = [
  "contracts/accounts/safe/SafeSessionModule.sol:SafeSessionModule",
  "contracts/accounts/safe/SafeSessionHandler.sol:SafeSessionHandler",
  "contracts/accounts/erc7579/ERC7579SessionModule.sol:ERC7579SessionModule",
  "contracts/SessionLens.sol:SessionLens",
] as const;

/** What somebody needs to compile the same code again. */
export type Compiler = {
  /** With the commit: `0.8.35+commit.47b9dedd`. */
  version: string;
  evmVersion: string;
  viaIR: boolean;
  /** 0: no optimizer. */
  optimizerRuns: number;
};

/** A contract to deploy, as the compiler made it. No constructor arguments, no immutables, no libraries. */
export type CompiledContract = {
  /** `source:name` */
  contract: string;
  name: string;
  abi: readonly unknown[];
  /** Creation code. */
  initCode: Hex;
  /** What the creation leaves, the same on every chain. */
  runtimeCode: Hex;
  compiler: Compiler;
};

/** A Hardhat artifact, as far as it is used. */
type Artifact = {
  abi: readonly unknown[];
  bytecode: unknown;
  deployedBytecode: unknown;
  immutableReferences?: object;
  buildInfoId: string;
};

/** What Hardhat keeps of a compilation, as far as it is used. */
type BuildInfo = {
  solcLongVersion: string;
  input: {
    settings: { evmVersion: string; viaIR?: boolean; optimizer?: { enabled?: boolean; runs?: number } };
  };
};

/**
 * The contracts to deploy, from the artifacts of the last build.
 *
 * @param contracts `source:name` of each; default: {@link DEPLOYED_CONTRACTS}.
 * @throws {@link DeployError} `NOT_COMPILED` if there is no artifact, or its code could differ from chain to chain: it
 * needs a library linked, or has immutables.
 */
export async function readCompiledContracts(
  contracts: readonly string[] = DEPLOYED_CONTRACTS,
): Promise<CompiledContract[]> {
  return Promise.all(
    contracts.map(async (contract) => {
      const [source, name] = contract.split(":") as [string, string];
      const artifact = await readJson<Artifact>(join(ROOT, "artifacts", source, `${name}.json`));
      const buildInfo =
        artifact &&
        (await readJson<BuildInfo>(join(ROOT, "artifacts/build-info", `${artifact.buildInfoId}.json`)));
      if (!artifact || !buildInfo)
        throw new DeployError("NOT_COMPILED", `${name} is not compiled: run \`npm run build\`.`);
      const { abi, bytecode: initCode, deployedBytecode: runtimeCode } = artifact;
      if (!isHex(initCode) || !isHex(runtimeCode) || size(initCode) === 0)
        throw new DeployError("NOT_COMPILED", `${name} has no bytecode, or needs a linked library.`);
      if (Object.keys(artifact.immutableReferences ?? {}).length > 0)
        throw new DeployError(
          "NOT_COMPILED",
          `${name} has immutables, so its code could differ between chains.`,
        );
      const { evmVersion, viaIR, optimizer } = buildInfo.input.settings;
      const optimizerRuns = optimizer?.enabled ? (optimizer.runs ?? 200) : 0;
      const compiler = {
        version: buildInfo.solcLongVersion,
        evmVersion,
        viaIR: viaIR ?? false,
        optimizerRuns,
      };
      return { contract, name, abi, initCode, runtimeCode, compiler };
    }),
  );
}
