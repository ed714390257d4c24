import {
  type Account,
  type Address,
  type Chain,
  type Client,
  concat,
  formatEther,
  type Hex,
  keccak256,
  type Transport,
} from "viem";
import {
  estimateFeesPerGas,
  estimateGas,
  getBalance,
  getChainId,
  getCode,
  getTransactionCount,
} from "viem/actions";
import { type CompiledContract, readCompiledContracts } from "./CompiledContract.ts";
import { DeployError } from "./DeployError.ts";
import { type ChainRecord, readRecord } from "./Deployment.ts";
import { dataFee } from "./dataFee.ts";
import { deploymentAddress, FACTORIES, type FactoryName, requireFactory, SALT } from "./factories.ts";
import { type Creation, finishCreation } from "./finishCreation.ts";
import { Journal, type PendingCreation } from "./Journal.ts";
import { requireEvm } from "./requireEvm.ts";

/** A client that signs by itself: what it signs is written down before it is sent. */
export type DeployClient = Client<Transport, Chain | undefined, Account>;

/** What has to be done about one contract. */
export type Step = {
  contract: CompiledContract;
  address: Address;
  /** `present`: nothing; `pending`: wait for what an earlier run sent; `missing`: create it. */
  state: "present" | "pending" | "missing";
  /** Of a missing one, at most. */
  gas: bigint;
};

/** What a deployment will do, and cost. */
export type DeploymentPlan = {
  chainId: number;
  factory: FactoryName;
  deployer: Address;
  /** Wei that the deployer has. */
  balance: bigint;
  /** Wei a unit of gas. The priority fee is undefined on a chain that has one price only. */
  fees: { price: bigint; priorityFee: bigint | undefined };
  /** Gas of all missing contracts, at most. */
  gas: bigint;
  /** Wei for all missing contracts, at most, with what a rollup charges for their data. */
  cost: bigint;
  steps: readonly Step[];
  /** Where the record and the journal are; undefined: nowhere. */
  folder: string | undefined;
  record: ChainRecord;
  journal: Journal;
  /** What an earlier run had sent, and this one saw mined, by the contract's address. */
  settled: ReadonlyMap<Address, Creation>;
};

/**
 * Looks at the chain and says what is to be done. Sends nothing, but for what an earlier run had sent already.
 *
 * @param resume Milliseconds to wait for each transaction of an earlier run; undefined: leave them alone.
 * @param onResume Called before the wait for each of these.
 * @param folder Where `<chainId>.json` and the journal are; undefined: nothing is written down.
 * @param chainId Which chain this has to be; undefined: whichever answers.
 * @param contracts Default: those of the last build.
 * @throws {@link DeployError} for everything that is a reason not to send anything.
 */
export async function planDeployment(parameters: {
  client: DeployClient;
  folder?: string | undefined;
  chainId?: number | undefined;
  factory?: FactoryName | undefined;
  contracts?: readonly CompiledContract[] | undefined;
  resume?: number | undefined;
  onResume?: ((creation: PendingCreation) => void) | undefined;
}): Promise<DeploymentPlan> {
  const { client, folder, factory = "safe" } = parameters;
  const contracts = parameters.contracts ?? (await readCompiledContracts());
  const deployer = client.account.address;
  const chainId = await getChainId(client);
  if (parameters.chainId !== undefined && parameters.chainId !== chainId)
    throw new DeployError(
      "WRONG_CHAIN",
      `The RPC URL is for chain ${chainId}, but chain ${parameters.chainId} was requested. Correct the URL.`,
    );
  const record = await readRecord(folder, chainId);
  const elsewhere = Object.values(record.contracts).find(
    (deployment) => deployment.factory !== FACTORIES[factory].address,
  );
  if (elsewhere)
    throw new DeployError(
      "BAD_RECORD",
      `On chain ${chainId} the contracts are recorded with the factory ${elsewhere.factory}, not with ` +
        `${FACTORIES[factory].address}: a chain has one set of addresses.`,
    );
  const journal = await Journal.open(folder, chainId);
  await requireFactory(client, factory, chainId);
  await requireEvm(client, chainId);
  const settled = new Map<Address, Creation>();
  if (parameters.resume !== undefined)
    for (const creation of journal.entries) {
      parameters.onResume?.(creation);
      const done = await finishCreation(client, journal, creation, parameters.resume);
      if (done) settled.set(creation.address, done);
    }

  const steps = await Promise.all(
    contracts.map(async (contract): Promise<Step> => {
      const address = deploymentAddress(contract.initCode, factory);
      const code = await getCode(client, { address });
      if (code) {
        requireCode(contract, address, code);
        return { contract, address, state: "present", gas: 0n };
      }
      const isPending = journal.entries.some((entry) => entry.address === address);
      return { contract, address, state: isPending ? "pending" : "missing", gas: 0n };
    }),
  );
  const missing = steps.filter(({ state }) => state === "missing");
  if (missing.length > 0) await requireKnownNonces(client, journal.entries);
  await Promise.all(
    missing.map(async (step) => {
      step.gas = await creationGas(client, step.contract, factory);
    }),
  );
  const fees = await currentFees(client);
  const gas = missing.reduce((sum, step) => sum + step.gas, 0n);
  const dataFees = await Promise.all(missing.map((step) => dataFee(client, creationData(step.contract))));
  const cost = gas * fees.price + dataFees.reduce((sum, fee) => sum + fee, 0n);
  const balance = await getBalance(client, { address: deployer });
  return { chainId, factory, deployer, balance, fees, gas, cost, steps, folder, record, journal, settled };
}

/** What the factory is sent. */
export const creationData = ({ initCode }: CompiledContract) => concat([SALT, initCode]);

/**
 * The code must be, byte by byte, what the compiler made.
 *
 * @throws {@link DeployError} `WRONG_CODE`.
 */
export function requireCode({ name, runtimeCode }: CompiledContract, address: Address, code: Hex): void {
  if (code.toLowerCase() !== runtimeCode.toLowerCase())
    throw new DeployError(
      "WRONG_CODE",
      `The code at ${address} is not ${name}'s (code hash ${keccak256(code)}). Do not use this address.`,
    );
}

/** With a tenth to spare: what creating costs can still change a little until it is mined. */
async function creationGas(client: DeployClient, contract: CompiledContract, factory: FactoryName) {
  // Asked without a gas price, so that a node tells it also to someone who cannot pay for it.
  const gas = await estimateGas(client, {
    account: client.account.address,
    to: FACTORIES[factory].address,
    data: creationData(contract),
  });
  return (gas * 11n) / 10n;
}

/** What a unit of gas costs, at most. */
async function currentFees(client: DeployClient): Promise<DeploymentPlan["fees"]> {
  // Chains without EIP-1559 have one price only.
  return estimateFeesPerGas(client).then(
    ({ maxFeePerGas, maxPriorityFeePerGas }) => ({ price: maxFeePerGas, priorityFee: maxPriorityFeePerGas }),
    async () => ({
      price: (await estimateFeesPerGas(client, { chain: client.chain, type: "legacy" })).gasPrice,
      priorityFee: undefined,
    }),
  );
}

/**
 * Without its journal, nothing tells a creation that is underway from any other transaction; sending more then could
 * pay for the same contract twice.
 */
async function requireKnownNonces(client: DeployClient, pending: readonly PendingCreation[]) {
  const { address } = client.account;
  const [mined, sent] = await Promise.all([
    getTransactionCount(client, { address, blockTag: "latest" }),
    getTransactionCount(client, { address, blockTag: "pending" }),
  ]);
  const known = new Set(pending.filter(({ from }) => from === address).map(({ nonce }) => nonce));
  for (let nonce = mined; nonce < sent; nonce++)
    if (!known.has(nonce))
      throw new DeployError(
        "UNKNOWN_PENDING",
        `${address} has a pending transaction (nonce ${nonce}) that this command did not send: wait until it is ` +
          "mined, or replace it, and run this again.",
      );
}

/**
 * @throws {@link DeployError} `NO_BALANCE` if the deployer cannot pay for all that is missing: better nothing than a
 * half.
 */
export function requireBalance({ balance, chainId, cost, deployer, steps }: DeploymentPlan): void {
  const missing = steps.filter(({ state }) => state === "missing").map(({ contract }) => contract.name);
  if (missing.length === 0 || (balance > 0n && balance >= cost)) return;
  throw new DeployError(
    "NO_BALANCE",
    `${deployer} has ${formatEther(balance)} native coin on chain ${chainId} and needs up to ${formatEther(cost)} for ` +
      `${missing.join(", ")}. Fund it and run this again.`,
  );
}
