import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { network } from "hardhat";
import {
  createTestClient,
  createWalletClient,
  custom,
  type EIP1193RequestFn,
  type Hex,
  http,
  parseEther,
  type TestClient,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { setBalance, setCode } from "viem/actions";
import { type CompiledContract, readCompiledContracts } from "../../scripts/deploy/CompiledContract.ts";
import { DeployError, type DeployErrorCode } from "../../scripts/deploy/DeployError.ts";
import { type ChainRecord, readRecord } from "../../scripts/deploy/Deployment.ts";
import { type DeployResult, deploy } from "../../scripts/deploy/deploy.ts";
import { FACTORIES, FACTORY_CODE, type FactoryName } from "../../scripts/deploy/factories.ts";
import { type DeployClient, planDeployment, requireBalance } from "../../scripts/deploy/planDeployment.ts";

/** The names of all contracts, in the order in which they are deployed. */
export const CONTRACTS = ["SafeSessionModule", "SafeSessionHandler", "ERC7579SessionModule", "SessionLens"];

const folders: string[] = [];

/** A new folder, gone after the tests. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-deploy-"));
  folders.push(folder);
  return folder;
}

/** For `after`. */
export const removeFolders = () =>
  Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));

/** How a request to the node may be tampered with. */
export type Tamper = (request: { method: string; params?: unknown }, pass: () => Promise<unknown>) => unknown;

/** What differs from a fresh chain with the Safe singleton factory and a deployer with 10 ether. */
export type ChainOptions = {
  factories?: Partial<Record<FactoryName, Hex>>;
  ether?: string;
  hardfork?: string;
};

/** A chain of its own, a deployer on it and a folder for the records. */
export async function newChain({
  factories = { safe: FACTORY_CODE },
  ether = "10",
  hardfork,
}: ChainOptions = {}) {
  const { provider } = await network.create({
    network: "default",
    ...(hardfork ? { override: { hardfork } } : {}),
  });
  const account = privateKeyToAccount(generatePrivateKey());
  let tamper: Tamper = (_, pass) => pass();
  const request = ((args: { method: string; params?: unknown[] }) =>
    tamper(args, () => provider.request(args))) as EIP1193RequestFn;
  const client: DeployClient = createWalletClient({
    account,
    transport: custom({ request }, { retryCount: 0 }),
    pollingInterval: 10,
    cacheTime: 0,
  });
  const test = createTestClient({ mode: "hardhat", transport: custom(provider) });
  await prepare(test, account.address, { factories, ether });
  const folder = await newFolder();
  return {
    client,
    test,
    folder,
    /** Has every later request of the client go through this. */
    tamperWith: (next: Tamper) => {
      tamper = next;
    },
    record: (): Promise<ChainRecord> => readRecord(folder, 31_337),
  };
}

/** A chain of its own behind HTTP, for the commands. */
export async function newServer(hardhatNetwork: string, { factories, ether = "10" }: ChainOptions = {}) {
  const server = await network.createServer(hardhatNetwork, "127.0.0.1", 0);
  const { address, port } = await server.listen();
  const url = `http://${address}:${port}`;
  const key = generatePrivateKey();
  const test = createTestClient({ mode: "hardhat", transport: http(url) });
  await prepare(test, privateKeyToAccount(key).address, {
    factories: factories ?? { safe: FACTORY_CODE },
    ether,
  });
  return { url, key, test, close: () => server.close() };
}

async function prepare(
  test: TestClient<"hardhat">,
  deployer: Hex,
  { factories = {}, ether = "0" }: ChainOptions,
) {
  for (const [name, bytecode] of Object.entries(factories))
    await setCode(test, { address: FACTORIES[name as FactoryName].address, bytecode });
  await setBalance(test, { address: deployer, value: parseEther(ether) });
}

/** What the command does, without the command: plans, requires the money, deploys. */
export async function deployAll(
  { client, folder }: { client: DeployClient; folder?: string },
  options: {
    contracts?: readonly CompiledContract[];
    factory?: FactoryName;
    chainId?: number;
    /** Milliseconds. */
    timeout?: number;
  } = {},
): Promise<DeployResult[]> {
  const { timeout = 2000, ...rest } = options;
  const plan = await planDeployment({ client, folder, resume: timeout, ...rest });
  requireBalance(plan);
  return deploy({ client, plan, version: "0.1.0", commit: null, timeout });
}

/** One of the contracts of the last build. */
export async function compiled(name: string): Promise<CompiledContract> {
  const contract = (await readCompiledContracts()).find((one) => one.name === name);
  if (!contract) throw new Error(`${name} is not deployed`);
  return contract;
}

/** The refusal that something ends with. */
export async function refusalOf(
  deployment: Promise<unknown>,
): Promise<{ code: DeployErrorCode; message: string }> {
  try {
    await deployment;
  } catch (error) {
    if (error instanceof DeployError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
