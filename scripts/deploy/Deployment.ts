import { join } from "node:path";
import type { Address, Hash } from "viem";
import type { Compiler } from "./CompiledContract.ts";
import { DeployError } from "./DeployError.ts";
import { readJson } from "./readJson.ts";
import { writeJson } from "./writeJson.ts";

/** One contract on one chain. `deployments/schema.json` says the same to machines. */
export type Deployment = {
  /** `source:name` */
  contract: string;
  /** Of the repository, when it was deployed: `0.1.0`. */
  version: string;
  address: Address;
  /** Keccak-256 of the code at the address. */
  codeHash: Hash;
  /** Keccak-256 of the creation code. */
  initCodeHash: Hash;
  salt: Hash;
  factory: Address;
  /** Null where somebody else deployed it. */
  transaction: Hash | null;
  /** Number of the block that has the transaction; null as above. */
  block: number | null;
  compiler: Compiler;
  /** The git commit that the code was compiled from; null where the sources had changes that are in no commit. */
  commit: string | null;
};

/** What is known to be on one chain: `deployments/<chainId>.json`. */
export type ChainRecord = {
  $schema: "./schema.json";
  chainId: number;
  /** By contract name. */
  contracts: Record<string, Deployment>;
};

/** Where a chain's record is. */
export const recordPath = (folder: string, chainId: number) => join(folder, `${chainId}.json`);

/**
 * What earlier runs recorded of a chain.
 *
 * @returns A record without contracts if there is none.
 * @throws {@link DeployError} `BAD_RECORD`.
 */
export async function readRecord(folder: string | undefined, chainId: number): Promise<ChainRecord> {
  const empty: ChainRecord = { $schema: "./schema.json", chainId, contracts: {} };
  if (folder === undefined) return empty;
  const path = recordPath(folder, chainId);
  const record = await readJson<ChainRecord>(path);
  if (!record) return empty;
  if (record.chainId !== chainId || typeof record.contracts !== "object" || !record.contracts)
    throw new DeployError("BAD_RECORD", `${path} is not a record of chain ${chainId}. Move it away first.`);
  return record;
}

/** Replaces a chain's record. */
export const writeRecord = (folder: string, record: ChainRecord) =>
  writeJson(recordPath(folder, record.chainId), record);
