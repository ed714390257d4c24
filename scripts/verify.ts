/**
 * Verifies what is deployed on a chain: compiles each contract again, by itself, and compares the code byte by byte with
 * the chain's; then has explorers and Sourcify publish the sources.
 *
 *     npm run verify -- --network base                       everything
 *     npm run verify -- --network base --offline             compares only; reads only the chain
 *     npm run verify -- --network base --provider sourcify   only there (may be repeated)
 *     npm run verify -- --network base --contract SafeSessionHandler
 *     npm run verify -- --standard-json folder               writes what an explorer's form wants, and nothing else
 *
 * Exit code: 0 verified, 1 something differs or was refused, 2 wrong usage, 3 a node did not answer.
 */
import { join } from "node:path";
import { Option } from "commander";
import { createPublicClient, http } from "viem";
import { getChainId } from "viem/actions";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { DEPLOYED_CONTRACTS, ROOT } from "./deploy/CompiledContract.ts";
import { DeployError } from "./deploy/DeployError.ts";
import { readRecord } from "./deploy/Deployment.ts";
import { FACTORIES, type FactoryName } from "./deploy/factories.ts";
import { chooseChain } from "./deploy/openDeployer.ts";
import { PROVIDERS, type Provider, publishSources } from "./deploy/publishSources.ts";
import { openHardhat, type Recompiled, recompile } from "./deploy/recompile.ts";
import { reportError } from "./deploy/reportError.ts";
import { verifyOffline } from "./deploy/verifyOffline.ts";
import { writeJson } from "./deploy/writeJson.ts";

type Options = {
  network?: string;
  rpcUrl?: string;
  provider?: Provider[];
  contract?: string[];
  offline: boolean;
  standardJson?: string;
  json: boolean;
  out: string;
};

const command = commandLine("npm run verify --", "Verifies the contracts deployed on a chain.")
  .option("--network <name>", "a chain of hardhat.config.ts: base, baseSepolia, …")
  .option("--rpc-url <url>", "any chain, by its RPC URL; with --offline")
  .addOption(new Option("--provider <name...>", "default: etherscan and sourcify").choices(PROVIDERS))
  .addOption(
    new Option("--contract <name...>", "only these; default: all").choices(
      DEPLOYED_CONTRACTS.map((contract) => contract.split(":")[1] as string),
    ),
  )
  .option("--offline", "compare with the chain only", false)
  .option("--standard-json <folder>", "write each contract's standard JSON input there")
  .option("--json", "end with one line of JSON; everything else goes to the error output", false)
  .option("--out <folder>", "where <chainId>.json is", join(ROOT, "deployments"));

/** The contracts as the sources make them, one after the other: each is a compilation of its own. */
async function recompileAll(
  hre: Awaited<ReturnType<typeof openHardhat>>,
  names: readonly string[] | undefined,
  say: (line: string) => void,
) {
  const all: (Recompiled & { name: string })[] = [];
  for (const contract of DEPLOYED_CONTRACTS) {
    const name = contract.split(":")[1] as string;
    if (names && !names.includes(name)) continue;
    say(`${name}: compiling`);
    all.push({ ...(await recompile(hre, contract)), name });
  }
  return all;
}

/** What `--json` ends with; everything else is kept from the standard output then. */
const print = console.log;

async function run(options: Options): Promise<number> {
  const { json, network, out, standardJson } = options;
  // The plugin prints by this as well.
  if (json) console.log = console.error;
  const say = (line: string) => console.log(line);
  if (standardJson !== undefined) {
    for (const { name, standardJson: input, contract, compilerVersion } of await recompileAll(
      await openHardhat(),
      options.contract,
      say,
    )) {
      await writeJson(join(standardJson, `${name}.json`), input);
      say(`${name}: ${contract}, compiler v${compilerVersion}, no constructor arguments`);
    }
    return 0;
  }

  let opened: ReturnType<typeof openHardhat> | undefined;
  // One for everything, so that the keystore's password is asked for once. Hardhat's plugin speaks to the network that
  // its environment was made for.
  const openOnce = (name?: string) => {
    opened ??= openHardhat(name);
    return opened;
  };
  const chain = await chooseChain(options, openOnce);
  const client = createPublicClient({ transport: http(chain.rpcUrl) });
  const chainId = await getChainId(client);
  if (chain.chainId !== undefined && chain.chainId !== chainId)
    throw new DeployError(
      "WRONG_CHAIN",
      `The RPC URL is for chain ${chainId}, not for chain ${chain.chainId}.`,
    );
  if (!options.offline && network === undefined)
    throw new DeployError("NO_NETWORK", "Publishing needs a --network; use --offline for any other chain.");
  const record = await readRecord(out, chainId);
  const isArachnid = Object.values(record.contracts).some(
    (one) => one.factory === FACTORIES.arachnid.address,
  );
  const factory: FactoryName = isArachnid ? "arachnid" : "safe";

  const hre = await openOnce(network);
  const contracts = [];
  const sources = new Map<string, Recompiled>();
  for (const recompiled of await recompileAll(hre, options.contract, say)) {
    const verified = await verifyOffline(client, record, factory, recompiled);
    const isSame = verified.faults.length === 0;
    say(`${verified.name} ${verified.address}: ${isSame ? "same code" : verified.faults.join("; ")}`);
    contracts.push({ ...verified, published: {} as Partial<Record<Provider, boolean>> });
    sources.set(verified.name, recompiled);
  }
  if (!options.offline) {
    for (const contract of contracts.filter(({ faults }) => faults.length === 0))
      for (const provider of options.provider ?? PROVIDERS) {
        const { name, address } = contract;
        const recompiled = sources.get(name);
        if (!recompiled) continue;
        const transaction = record.contracts[name]?.transaction ?? null;
        try {
          await publishSources(hre, provider, { ...recompiled, address, chainId, transaction });
          contract.published[provider] = true;
          say(`${name}: ${provider} has the sources`);
        } catch (error) {
          // One that is down or has no key does not keep the others from being asked.
          contract.published[provider] = false;
          contract.faults.push(`${provider}: ${(error as Error).message}`);
          say(`${name}: ${provider} rejected: ${(error as Error).message}`);
        }
      }
  }
  if (json) print(JSON.stringify({ chainId, factory, contracts }));
  return contracts.every(({ faults }) => faults.length === 0) ? 0 : 1;
}

const options = readCommandLine<Options>(command);
try {
  process.exitCode = await run(options);
} catch (error) {
  console.log = print;
  process.exitCode = reportError(error, options.json);
}
