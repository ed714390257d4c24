import { join } from "node:path";
import { createHardhatRuntimeEnvironment, importUserConfig, resolveHardhatConfigPath } from "hardhat/hre";
import type { Hex } from "viem";
import { askOnErrorOutput } from "./askOnErrorOutput.ts";
import { ROOT } from "./CompiledContract.ts";
import { DeployError } from "./DeployError.ts";
import { LIVE_NETWORKS, type LiveNetwork } from "./liveNetworks.ts";

/** The input of one compilation, as solc and every explorer that verifies take it ("standard JSON"). */
export type StandardJson = {
  language: string;
  sources: Record<string, { content: string }>;
  settings: Record<string, unknown>;
};

/** A contract, compiled by itself, without anything that it does not import. */
export type Recompiled = {
  initCode: Hex;
  runtimeCode: Hex;
  /** `source:name` in the standard JSON. */
  contract: string;
  /** With the commit. */
  compilerVersion: string;
  standardJson: StandardJson;
};

/**
 * A Hardhat of its own, on one of the networks of the repository's config. With `ETHERSCAN_API_URL` in the environment,
 * that explorer stands in for Etherscan on this network: it has to speak version 2 of Etherscan's API.
 */
export async function openHardhat(network?: string) {
  const path = await resolveHardhatConfigPath(join(ROOT, "hardhat.config.ts"));
  const apiUrl = process.env.ETHERSCAN_API_URL;
  const explorer =
    apiUrl && network !== undefined
      ? {
          chainDescriptors: {
            [LIVE_NETWORKS[network as LiveNetwork]]: {
              name: network,
              blockExplorers: { etherscan: { url: new URL(apiUrl).origin, apiUrl } },
            },
          },
        }
      : {};
  const hre = await createHardhatRuntimeEnvironment(
    { ...(await importUserConfig(path)), ...explorer },
    { config: path, ...(network === undefined ? {} : { network }) },
    ROOT,
  );
  askOnErrorOutput(hre);
  return hre;
}

/** What comes of a compilation, as far as it is used. */
type Output = {
  errors?: { severity: string; formattedMessage: string }[];
  contracts?: Record<
    string,
    Record<string, { evm: { bytecode: { object: string }; deployedBytecode: { object: string } } }>
  >;
};

/**
 * Compiles a contract from the sources, past every cache.
 *
 * @param contract `source:name`
 * @throws {@link DeployError} `NOT_COMPILED`.
 */
export async function recompile(
  { solidity }: Awaited<ReturnType<typeof openHardhat>>,
  contract: string,
): Promise<Recompiled> {
  const [source, name] = contract.split(":") as [string, string];
  const path = join(ROOT, source);
  const jobs = await solidity.getCompilationJobs([path], {
    buildProfile: "production",
    force: true,
    quiet: true,
  });
  const job = jobs.success ? jobs.compilationJobsPerFile.get(path) : undefined;
  if (!job) throw new DeployError("NOT_COMPILED", `${contract} cannot be compiled: run \`npm run build\`.`);
  const standardJson = (await job.getSolcInput()) as unknown as StandardJson;
  const output = (await solidity.runCompilationJob(job, { quiet: true })).output as Output;
  const [inputSource, contracts] = Object.entries(output.contracts ?? {}).find(([key]) =>
    key.endsWith(`/${source}`),
  ) ?? ["", {}];
  const compiled = contracts[name];
  if (!compiled)
    throw new DeployError(
      "NOT_COMPILED",
      `${contract}: ${output.errors?.find(({ severity }) => severity === "error")?.formattedMessage ?? "no such contract"}`,
    );
  return {
    initCode: `0x${compiled.evm.bytecode.object}`,
    runtimeCode: `0x${compiled.evm.deployedBytecode.object}`,
    contract: `${inputSource}:${name}`,
    compilerVersion: job.solcLongVersion,
    standardJson,
  };
}
