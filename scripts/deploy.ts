/**
 * Puts the contracts on a chain, at the same addresses as on every other: CREATE2 through the Safe singleton factory,
 * a fixed salt, no constructor arguments. Says what it will cost first. Doing it again changes nothing, and goes on
 * where an earlier run stopped. docs/deploying.md is the guide.
 *
 *     npm run deploy -- --network base --dry-run
 *     npm run deploy -- --network base [--yes] [--json]
 *     npm run deploy -- --rpc-url https://… [--factory arachnid] [--out folder]
 *
 * Exit code: 0 all contracts are there (or the dry run has nothing against it), 1 refused, 2 wrong usage, 3 not
 * finished: run it again. Without a terminal there is no prompt.
 */
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { InvalidArgumentError, Option } from "commander";
import { formatEther, formatGwei } from "viem";
import { commandLine, readCommandLine } from "./commandLine.ts";
import { ROOT, readCompiledContracts } from "./deploy/CompiledContract.ts";
import { DeployError } from "./deploy/DeployError.ts";
import { type DeployResult, deploy } from "./deploy/deploy.ts";
import { FACTORIES, type FactoryName } from "./deploy/factories.ts";
import type { PendingCreation } from "./deploy/Journal.ts";
import { chooseChain, openDeployer, readDeployer } from "./deploy/openDeployer.ts";
import { packageVersion } from "./deploy/packageVersion.ts";
import { type DeploymentPlan, planDeployment, requireBalance } from "./deploy/planDeployment.ts";
import { reportError } from "./deploy/reportError.ts";
import { requireReleasedCode } from "./deploy/requireReleasedCode.ts";
import { sourceCommit } from "./deploy/sourceCommit.ts";
import { updateNetworkAddresses } from "./deploy/VersionFile.ts";

type Options = {
  network?: string;
  rpcUrl?: string;
  factory: FactoryName;
  dryRun: boolean;
  yes: boolean;
  json: boolean;
  out: string;
  releases: string;
  /** Seconds. */
  timeout: number;
};

const seconds = (text: string) => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Pass a number of seconds.");
  return value;
};

const command = commandLine("npm run deploy --", "Deploys the contracts to a chain.")
  .option("--network <name>", "a chain of hardhat.config.ts: base, baseSepolia, …")
  .option("--rpc-url <url>", "any chain, by its RPC URL")
  .addOption(
    new Option("--factory <name>", "arachnid: other addresses, where the Safe singleton factory is missing")
      .choices(Object.keys(FACTORIES))
      .default("safe"),
  )
  .option("--dry-run", "say what it would do and cost, and send nothing", false)
  .option("--yes", "do not ask before sending", false)
  .option("--json", "end with one line of JSON; everything else goes to the error output", false)
  .option("--out <folder>", "where <chainId>.json is", join(ROOT, "deployments"))
  .option("--releases <folder>", "where the files of released versions are", join(ROOT, "deployments"))
  .option("--timeout <seconds>", "how long to wait for each transaction", seconds, 300);

/** One line a contract. */
const progress = ({ name, address, isNew, transaction, block }: DeployResult) =>
  `${name} ${address} ${isNew ? `deployed in ${transaction}, block ${block}` : "already exists"}`;

/** A wait can take minutes; and a user who interrupts it knows where to look. */
const sayWaiting = ({ name, nonce, transaction }: PendingCreation) =>
  console.error(`${name}: waiting for transaction ${transaction} (nonce ${nonce})`);

/** What is to be done, and what it costs. */
function planLines({
  balance,
  chainId,
  cost,
  deployer,
  factory,
  fees,
  gas,
  steps,
}: DeploymentPlan): string[] {
  const doing = { present: "is there already", pending: "was sent by an earlier run", missing: "to deploy" };
  const lines = steps.map(
    ({ contract, address, state, gas }) =>
      `  ${contract.name} ${address} ${doing[state]}${state === "missing" ? `, up to ${gas} gas` : ""}`,
  );
  const isDone = steps.every(({ state }) => state === "present");
  return [
    `Chain ${chainId}, ${FACTORIES[factory].name}, deployer ${deployer}`,
    ...lines,
    isDone
      ? "  nothing to deploy, no cost"
      : `  cost: up to ${formatEther(cost)} (${gas} gas at ${formatGwei(fees.price)} gwei); the deployer has ${formatEther(balance)}`,
  ];
}

/** @returns False if the person at the terminal says anything but yes. Nobody is asked without a terminal. */
async function isConfirmed(isYes: boolean): Promise<boolean> {
  if (isYes || !process.stdin.isTTY) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The end of the input, or an interruption, does not end a prompt.
  const isClosed = new Promise<string>((done) => terminal.once("close", () => done("")));
  const answer = await Promise.race([terminal.question("Send? [y/N] ").catch(() => ""), isClosed]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

async function run(options: Options): Promise<number> {
  const { factory, dryRun, yes, json, out, releases, timeout } = options;
  const say = json ? console.error : console.log;
  const chain = await chooseChain(options);
  const client = openDeployer(await readDeployer(), chain.rpcUrl);
  const [contracts, version, commit] = await Promise.all([
    readCompiledContracts(),
    packageVersion(),
    sourceCommit(),
  ]);
  if (!(await requireReleasedCode(releases, version, contracts)))
    say(`Version ${version} is not released: its code and addresses may still change.`);

  const milliseconds = timeout * 1000;
  const plan = await planDeployment({
    client,
    chainId: chain.chainId,
    factory,
    folder: out,
    contracts,
    resume: dryRun ? undefined : milliseconds,
    onResume: sayWaiting,
  });
  for (const line of planLines(plan)) say(line);
  requireBalance(plan);
  const steps = plan.steps.map(({ contract, address, state, gas }) => ({
    name: contract.name,
    address,
    state,
    gas: String(gas),
  }));
  const { chainId, deployer, balance, cost } = plan;
  const summary = { chainId, factory, deployer, balance: String(balance), cost: String(cost) };
  if (dryRun) {
    if (json) console.log(JSON.stringify({ ...summary, dryRun, contracts: steps }));
    else say("Dry run: nothing was sent.");
    return 0;
  }
  const isMissing = plan.steps.some(({ state }) => state === "missing");
  if (isMissing && !(await isConfirmed(yes))) throw new DeployError("DECLINED", "Nothing was sent.");
  const results = await deploy({
    client,
    plan,
    version,
    commit,
    timeout: milliseconds,
    onSend: sayWaiting,
    onResult: (result) => say(progress(result)),
  });
  await updateNetworkAddresses(
    out,
    version,
    results.map(({ name }) => name),
  );
  if (json) console.log(JSON.stringify({ ...summary, dryRun, contracts: results }));
  return 0;
}

const options = readCommandLine<Options>(command);
try {
  process.exitCode = await run(options);
} catch (error) {
  process.exitCode = reportError(error, options.json);
}
