/**
 * Puts the contracts on a network, at the same addresses as on every other: CREATE2 through the Safe singleton
 * factory, a fixed salt, no constructor arguments. Doing it again changes nothing.
 *
 *     LATCHKEY_DEPLOYER_KEY=0x… npm run deploy -- --rpc-url https://… [--json] [--out deployments]
 *
 * Exit code: 0 all contracts are there, 1 refused or failed, 2 wrong usage.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  type Account,
  type Address,
  BaseError,
  type Chain,
  type Client,
  concat,
  createWalletClient,
  formatEther,
  getContractAddress,
  type Hash,
  type Hex,
  http,
  isHex,
  keccak256,
  size,
  type Transport,
  zeroHash,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  estimateFeesPerGas,
  estimateGas,
  getBalance,
  getChainId,
  getCode,
  getGasPrice,
  sendTransaction,
  waitForTransactionReceipt,
} from "viem/actions";

const root = resolve(import.meta.dirname, "..");

/** Deploys `salt ‖ init code` by CREATE2; the same address on every network that has it. */
export const safeSingletonFactory: Address = "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7";

/** What runs at {@link safeSingletonFactory}, 69 bytes. */
export const safeSingletonFactoryCode: Hex =
  "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";

/** The salt of every contract. Another one would move them all. */
export const deploymentSalt: Hex = zeroHash;

/** The contracts that are put on a network, by source and name. */
const deployedContracts = [
  "contracts/accounts/SafeSessionModule.sol:SafeSessionModule",
  "contracts/accounts/SafeSessionHandler.sol:SafeSessionHandler",
] as const;

/** A contract to deploy, as the compiler made it. */
export type CompiledContract = {
  /** `source:name` */
  contract: string;
  name: string;
  /** Creation code, without constructor arguments. */
  initCode: Hex;
  /** Runtime code, with zeros in the place of immutables. */
  runtimeCode: Hex;
  /** Where immutables are in the runtime code, in bytes. */
  immutables: readonly { start: number; length: number }[];
  compiler: Compiler;
};

/** What somebody needs to compile the same code again. */
export type Compiler = { version: string; evmVersion: string; viaIR: boolean; optimizerRuns: number };

/** One contract on one network, as it is written to `deployments/<chainId>.json`. */
export type Deployment = {
  /** `source:name` */
  contract: string;
  address: Address;
  /** Keccak-256 of the code at the address. */
  codeHash: Hash;
  /** Keccak-256 of the creation code. */
  initCodeHash: Hash;
  salt: Hash;
  factory: Address;
  /** Null where somebody else deployed it and we did not see when. */
  transaction: Hash | null;
  /** Number of the block that has the transaction; null as above. */
  block: number | null;
  compiler: Compiler;
};

/** What became of one contract. */
export type DeployResult = Deployment & { name: string; isNew: boolean };

/** Why a deployment was refused. */
export type DeployRefusal =
  | "NO_FACTORY"
  | "WRONG_FACTORY"
  | "NO_BALANCE"
  | "WRONG_CODE"
  | "REVERTED"
  | "NOT_COMPILED"
  | "BAD_RECORD";

/** Thrown by {@link deploy} before it sends anything it would regret; the message says what to do. */
export class DeployError extends Error {
  override name = "DeployError";
  readonly code: DeployRefusal;

  constructor(code: DeployRefusal, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The contracts to deploy, from the artifacts of the last build.
 *
 * @throws {@link DeployError} `NOT_COMPILED` if there are none, or a contract needs linking.
 */
export async function readCompiledContracts(): Promise<CompiledContract[]> {
  return Promise.all(
    deployedContracts.map(async (contract) => {
      const [source, name] = contract.split(":") as [string, string];
      const artifact = await readJson(join(root, "artifacts", source, `${name}.json`));
      const buildInfo =
        artifact && (await readJson(join(root, "artifacts/build-info", `${artifact.buildInfoId}.json`)));
      if (!artifact || !buildInfo)
        throw new DeployError("NOT_COMPILED", `${name} is not compiled: run \`npm run build\`.`);
      if (!isHex(artifact.bytecode) || size(artifact.bytecode) === 0)
        throw new DeployError(
          "NOT_COMPILED",
          `${name} has no code of its own, or needs a library linked to it.`,
        );
      const { settings } = buildInfo.input;
      return {
        contract,
        name,
        initCode: artifact.bytecode,
        runtimeCode: artifact.deployedBytecode,
        immutables: Object.values(
          artifact.immutableReferences as Record<string, { start: number; length: number }[]>,
        ).flat(),
        compiler: {
          version: buildInfo.solcLongVersion,
          evmVersion: settings.evmVersion,
          viaIR: settings.viaIR ?? false,
          optimizerRuns: settings.optimizer?.enabled ? settings.optimizer.runs : 0,
        },
      };
    }),
  );
}

/** Where a contract is, or will be, on every network. */
export const deploymentAddress = (initCode: Hex): Address =>
  getContractAddress({
    opcode: "CREATE2",
    from: safeSingletonFactory,
    salt: deploymentSalt,
    bytecode: initCode,
  });

/**
 * Puts each contract on the client's network, unless it is there already. Sends at most one transaction a contract.
 *
 * @param client A wallet client whose account pays.
 * @param contracts Default: those of the last build.
 * @param folder Where `<chainId>.json` is written, and what it says of earlier deployments is read; default: nowhere.
 * @returns One result a contract, in their order.
 * @throws {@link DeployError} if the factory is missing or another, the account cannot pay for all that is missing,
 * or an address has other code. All of that is checked before anything is sent.
 */
export async function deploy(parameters: {
  client: Client<Transport, Chain | undefined, Account>;
  contracts?: readonly CompiledContract[];
  folder?: string;
}): Promise<DeployResult[]> {
  const { client, folder } = parameters;
  const contracts = parameters.contracts ?? (await readCompiledContracts());
  const chainId = await getChainId(client);
  const recorded = folder ? await readRecord(join(folder, `${chainId}.json`), chainId) : {};

  const factoryCode = await getCode(client, { address: safeSingletonFactory });
  if (!factoryCode)
    throw new DeployError(
      "NO_FACTORY",
      `Chain ${chainId} has no Safe singleton factory at ${safeSingletonFactory}, so the contracts cannot get the ` +
        "addresses that they have elsewhere. See github.com/safe-global/safe-singleton-factory for how to get one.",
    );
  if (factoryCode !== safeSingletonFactoryCode)
    throw new DeployError(
      "WRONG_FACTORY",
      `What is at ${safeSingletonFactory} on chain ${chainId} is not the Safe singleton factory ` +
        `(code hash ${keccak256(factoryCode)}): it might put anything anywhere.`,
    );

  const plans = await Promise.all(
    contracts.map(async (contract) => {
      const address = deploymentAddress(contract.initCode);
      const code = await getCode(client, { address });
      if (code) assertCode(contract, address, code);
      return { contract, address, isNew: !code };
    }),
  );
  const missing = plans.filter(({ isNew }) => isNew).map(({ contract }) => contract);
  if (missing.length > 0) await assertCanPay(client, missing, chainId);

  const results: DeployResult[] = [];
  for (const { contract, address, isNew } of plans) {
    const { name, initCode, compiler } = contract;
    const sent = isNew ? await create(client, contract, address) : undefined;
    const code = await getCode(client, { address });
    if (!code) throw new DeployError("REVERTED", `${name}: no code at ${address} after the deployment.`);
    const earlier = recorded[name]?.address === address ? recorded[name] : undefined;
    results.push({
      name,
      isNew: sent !== undefined,
      contract: contract.contract,
      address,
      codeHash: keccak256(code),
      initCodeHash: keccak256(initCode),
      salt: deploymentSalt,
      factory: safeSingletonFactory,
      transaction: sent?.transaction ?? earlier?.transaction ?? null,
      block: sent?.block ?? earlier?.block ?? null,
      compiler,
    });
    // After each one: if the next fails, what happened is still on record.
    if (folder) await writeRecord(folder, chainId, recorded, results);
  }
  return results;
}

/** Sends one creation. Undefined if somebody else was faster: the same code is there then. */
async function create(
  client: Client<Transport, Chain | undefined, Account>,
  contract: CompiledContract,
  address: Address,
): Promise<{ transaction: Hash; block: number } | undefined> {
  const data = concat([deploymentSalt, contract.initCode]);
  const hash = await sendTransaction(client, {
    account: client.account,
    chain: client.chain ?? null,
    to: safeSingletonFactory,
    data,
  });
  const receipt = await waitForTransactionReceipt(client, { hash });
  const code = await getCode(client, { address });
  if (!code)
    throw new DeployError("REVERTED", `${contract.name}: transaction ${hash} left no code at ${address}.`);
  assertCode(contract, address, code);
  return receipt.status === "success" ? { transaction: hash, block: Number(receipt.blockNumber) } : undefined;
}

/** The code must be what the compiler made, but for the immutables, which the constructor fills in. */
function assertCode({ name, runtimeCode, immutables }: CompiledContract, address: Address, code: Hex) {
  const masked = Buffer.from(code.slice(2), "hex");
  for (const { start, length } of immutables) masked.fill(0, start, start + length);
  if (`0x${masked.toString("hex")}` !== runtimeCode.toLowerCase())
    throw new DeployError(
      "WRONG_CODE",
      `Other code than ${name}'s is at ${address} (code hash ${keccak256(code)}). Do not use this address.`,
    );
}

async function assertCanPay(
  client: Client<Transport, Chain | undefined, Account>,
  contracts: readonly CompiledContract[],
  chainId: number,
) {
  const payer = client.account.address;
  const balance = await getBalance(client, { address: payer });
  const refuse = (needs: string) =>
    new DeployError(
      "NO_BALANCE",
      `${payer} has ${formatEther(balance)} of chain ${chainId}'s coin and needs ${needs}.`,
    );
  if (balance === 0n) throw refuse("some to pay for gas");
  // Without a gas price the node does not look at the balance, and says the gas even to someone who cannot pay it.
  const gas = await Promise.all(
    contracts.map(({ initCode }) =>
      estimateGas(client, {
        account: payer,
        to: safeSingletonFactory,
        data: concat([deploymentSalt, initCode]),
      }),
    ),
  );
  // Chains without EIP-1559 have one price only.
  const maxFeePerGas = await estimateFeesPerGas(client).then(
    (fees) => fees.maxFeePerGas,
    () => getGasPrice(client),
  );
  const cost = gas.reduce((sum, one) => sum + one, 0n) * maxFeePerGas;
  if (balance < cost)
    throw refuse(`up to ${formatEther(cost)} for ${contracts.map(({ name }) => name).join(" and ")}`);
}

type DeploymentsByName = Partial<Record<string, Deployment>>;

/** What a former run wrote, by contract name. */
async function readRecord(path: string, chainId: number): Promise<DeploymentsByName> {
  const record = await readJson(path);
  if (!record) return {};
  if (record.chainId !== chainId || typeof record.contracts !== "object")
    throw new DeployError("BAD_RECORD", `${path} is not a record of chain ${chainId}: move it away first.`);
  return record.contracts;
}

async function writeRecord(
  folder: string,
  chainId: number,
  recorded: DeploymentsByName,
  results: readonly DeployResult[],
) {
  const contracts = { ...recorded };
  for (const { name, isNew: _, ...deployment } of results) contracts[name] = deployment;
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, `${chainId}.json`),
    `${JSON.stringify({ chainId, contracts }, undefined, 2)}\n`,
  );
}

/** Undefined if there is no such file. */
// biome-ignore lint/suspicious/noExplicitAny: files that we or Hardhat wrote; what is used of them is checked by use.
async function readJson(path: string): Promise<any> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new DeployError("BAD_RECORD", `${path} cannot be read: ${(error as Error).message}`);
  }
}

const usage = `Usage: LATCHKEY_DEPLOYER_KEY=0x… npm run deploy -- --rpc-url URL [--json] [--out FOLDER]

  --rpc-url URL   the network (or set LATCHKEY_RPC_URL)
  --json          print the result as JSON
  --out FOLDER    where <chainId>.json is written; default: deployments
`;

/** The command. @returns The exit code. */
async function main(): Promise<number> {
  let values: { "rpc-url"?: string; out: string; json: boolean; help: boolean };
  try {
    ({ values } = parseArgs({
      options: {
        "rpc-url": { type: "string" },
        out: { type: "string", default: join(root, "deployments") },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const url = values["rpc-url"] ?? process.env.LATCHKEY_RPC_URL;
  const key = process.env.LATCHKEY_DEPLOYER_KEY;
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (!url || !key || !isHex(key) || size(key) !== 32) {
    console.error(
      `${url ? "LATCHKEY_DEPLOYER_KEY must be a private key, 0x and 64 hex digits." : "No --rpc-url."}\n\n${usage}`,
    );
    return 2;
  }
  try {
    const client = createWalletClient({ account: privateKeyToAccount(key), transport: http(url) });
    const results = await deploy({ client, folder: values.out });
    if (values.json)
      console.log(JSON.stringify({ chainId: await getChainId(client), contracts: results }, undefined, 2));
    else
      for (const { name, address, isNew, transaction, block } of results)
        console.log(
          `${name} ${address} ${isNew ? `deployed in ${transaction}, block ${block}` : "was there already"}`,
        );
    return 0;
  } catch (error) {
    // viem's long messages quote the URL, which may have an API key in it.
    console.error(
      error instanceof BaseError
        ? error.shortMessage
        : error instanceof Error
          ? error.message
          : String(error),
    );
    return 1;
  }
}

if (resolve(process.argv[1] ?? "") === import.meta.filename) process.exitCode = await main();
