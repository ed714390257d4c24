import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { type Client, getContractAddress, isAddressEqual, keccak256 } from "viem";
import { getChainId, getCode, getTransactionReceipt } from "viem/actions";
import { ROOT } from "./CompiledContract.ts";
import type { ChainRecord, Deployment } from "./Deployment.ts";
import { readVersionFile, type VersionFile } from "./VersionFile.ts";

/** What is wrong with a chain's record; `contract` is empty where it is the file as a whole. */
export type Fault = { contract: string; fault: string };

/** What the schema of the records says against one. */
export async function schemaFaults(record: unknown): Promise<Fault[]> {
  const schema = JSON.parse(await readFile(join(ROOT, "deployments/schema.json"), "utf8"));
  const ajv = new Ajv2020({ allErrors: true });
  if (ajv.validate(schema, record)) return [];
  return (ajv.errors ?? []).map(({ instancePath, message }) => ({
    contract: "",
    fault: `${instancePath || "the file"} ${message}`,
  }));
}

/**
 * What can be found without a chain: the schema, an address that does not follow from factory, salt and init code hash,
 * a half of transaction and block, and what the files of the version say otherwise.
 *
 * @param folder Where the files of the versions are.
 * @param chainId That the file's name says.
 */
export async function offlineFaults(folder: string, chainId: number, record: ChainRecord): Promise<Fault[]> {
  const malformed = await schemaFaults(record);
  if (malformed.length > 0) return malformed;
  const faults: Fault[] = [];
  if (record.chainId !== chainId)
    faults.push({ contract: "", fault: `it is for chain ${record.chainId}, not for ${chainId}` });
  for (const [contract, deployment] of Object.entries(record.contracts)) {
    const add = (fault: string) => faults.push({ contract, fault });
    const { address, factory, initCodeHash, salt, transaction, block, version } = deployment;
    const expected = getContractAddress({
      opcode: "CREATE2",
      from: factory,
      salt,
      bytecodeHash: initCodeHash,
    });
    if (address !== expected) add(`the address is ${address}; factory, salt and init code give ${expected}`);
    if ((transaction === null) !== (block === null))
      add("transaction and block are known together or not at all");
    if (!deployment.contract.endsWith(`:${contract}`)) add(`it is recorded as ${deployment.contract}`);
    const file = await readVersionFile(folder, version, contract);
    if (!file) add(`there is no deployments/v${version}/${contract}.json`);
    else for (const fault of versionFaults(chainId, deployment, file)) add(fault);
  }
  return faults;
}

/** Where a deployment is not what was published of its version. */
function versionFaults(chainId: number, deployment: Deployment, file: VersionFile): string[] {
  const faults: string[] = [];
  const set = file.networkAddresses[chainId];
  if (!set) faults.push(`the file of version ${file.version} does not list chain ${chainId}`);
  else if (file.deployments[set].address !== deployment.address)
    faults.push(`the file of version ${file.version} has it at ${file.deployments[set].address}`);
  if (
    file.initCodeHash !== deployment.initCodeHash ||
    file.deployments.canonical.codeHash !== deployment.codeHash
  )
    faults.push(`the file of version ${file.version} has other code`);
  return faults;
}

/** Where the chain is not what is recorded of it. */
export async function chainFaults(client: Client, record: ChainRecord): Promise<Fault[]> {
  const chainId = await getChainId(client);
  if (chainId !== record.chainId)
    return [{ contract: "", fault: `the RPC URL is for chain ${chainId}, not for ${record.chainId}` }];
  const faults: Fault[] = [];
  for (const [contract, { address, codeHash, factory, transaction, block }] of Object.entries(
    record.contracts,
  )) {
    const add = (fault: string) => faults.push({ contract, fault });
    const code = await getCode(client, { address });
    if (!code) add(`there is no code at ${address}`);
    else if (keccak256(code) !== codeHash) add(`the code at ${address} has the hash ${keccak256(code)}`);
    if (transaction === null) continue;
    const receipt = await getTransactionReceipt(client, { hash: transaction }).catch((error) => {
      if ((error as Error).name === "TransactionReceiptNotFoundError") return undefined;
      throw error;
    });
    if (!receipt) add(`there is no transaction ${transaction}`);
    else if (receipt.status !== "success" || !receipt.to || !isAddressEqual(receipt.to, factory))
      add(`transaction ${transaction} is not a successful call of the factory`);
    else if (Number(receipt.blockNumber) !== block)
      add(`transaction ${transaction} is in block ${receipt.blockNumber}, not ${block}`);
  }
  return faults;
}
