/**
 * Compares every entry of deployments/ with its chain.
 *
 *     npm run check-deployments                     each chain by its configured RPC URL
 *     npm run check-deployments -- --offline        only what can be found without a chain
 *     npm run check-deployments -- --rpc-url URL    only the chain behind it
 *
 * Exit code: 0 everything agrees, 1 something differs or could not be looked at, 2 wrong usage, 3 a node did not answer.
 */
import { join } from "node:path";
import { createPublicClient, http } from "viem";
import { getChainId } from "viem/actions";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { ROOT } from "./deploy/CompiledContract.ts";
import { chainFaults, type Fault, offlineFaults } from "./deploy/checkRecord.ts";
import { DeployError } from "./deploy/DeployError.ts";
import { type ChainRecord, recordPath } from "./deploy/Deployment.ts";
import { liveNetworkOf } from "./deploy/liveNetworks.ts";
import { chooseChain } from "./deploy/openDeployer.ts";
import { readJson } from "./deploy/readJson.ts";
import { reportError } from "./deploy/reportError.ts";
import { recordedChains } from "./deploy/VersionFile.ts";

type Options = { offline: boolean; rpcUrl?: string; json: boolean; out: string };

const command = commandLine(
  "npm run check-deployments --",
  "Compares every entry of deployments/ with its chain.",
)
  .option("--offline", "ask no chain", false)
  .option("--rpc-url <url>", "only the chain behind this URL")
  .option("--json", "end with one line of JSON; everything else goes to the error output", false)
  .option("--out <folder>", "the folder with the records", join(ROOT, "deployments"));

/** What is wrong with the record of one chain. */
async function faultsOf(chainId: number, options: Options): Promise<Fault[]> {
  const record = (await readJson<ChainRecord>(recordPath(options.out, chainId))) as ChainRecord;
  const faults = await offlineFaults(options.out, chainId, record);
  // What is not even a record is not compared with anything.
  if (options.offline || faults.some(({ contract }) => contract === "")) return faults;
  const network = liveNetworkOf(chainId);
  try {
    const { rpcUrl } = await chooseChain({ network, rpcUrl: options.rpcUrl });
    const client = createPublicClient({ transport: http(rpcUrl) });
    return [...faults, ...(await chainFaults(client, record))];
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    // Not looked at is not the same as right.
    return [...faults, { contract: "", fault: `not compared with the chain: ${error.message}` }];
  }
}

async function run(options: Options): Promise<number> {
  const { json, out, rpcUrl } = options;
  const say = json ? console.error : console.log;
  let chains = await recordedChains(out);
  if (rpcUrl) {
    const chainId = await getChainId(createPublicClient({ transport: http(rpcUrl) }));
    if (!chains.includes(chainId))
      throw new DeployError("MISMATCH", `There is no record of chain ${chainId}.`);
    chains = [chainId];
  }
  const results = [];
  for (const chainId of chains) {
    const faults = await faultsOf(chainId, options);
    results.push({ chainId, network: liveNetworkOf(chainId) ?? null, faults });
    if (faults.length === 0) say(`${chainId}: ${options.offline ? "consistent" : "as on the chain"}`);
    for (const { contract, fault } of faults)
      say(`${chainId}: ${[contract, fault].filter(Boolean).join(": ")}`);
  }
  if (chains.length === 0) say("There are no deployments.");
  if (json) console.log(JSON.stringify({ offline: options.offline, chains: results }));
  return results.every(({ faults }) => faults.length === 0) ? 0 : 1;
}

const options = readCommandLine<Options>(command);
try {
  process.exitCode = await run(options);
} catch (error) {
  process.exitCode = reportError(error, options.json);
}
