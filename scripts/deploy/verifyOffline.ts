import { type Address, type Client, type Hash, type Hex, keccak256 } from "viem";
import { getCode } from "viem/actions";
import type { ChainRecord } from "./Deployment.ts";
import { deploymentAddress, type FactoryName } from "./factories.ts";

/** What was found of one contract. */
export type Verified = {
  name: string;
  address: Address;
  /** Of the code at the address; null where there is none. */
  codeHash: Hash | null;
  /** Everything that does not agree; empty: verified. */
  faults: string[];
};

/**
 * Compares a contract that was compiled just now with what is on a chain, and what is recorded of it. The address
 * follows from the creation code, so neither the record nor anybody else is trusted for it.
 */
export async function verifyOffline(
  client: Client,
  record: ChainRecord,
  factory: FactoryName,
  contract: { name: string; initCode: Hex; runtimeCode: Hex },
): Promise<Verified> {
  const { name, initCode, runtimeCode } = contract;
  const address = deploymentAddress(initCode, factory);
  const code = await getCode(client, { address });
  const faults: string[] = [];
  if (!code) faults.push(`there is no code at ${address}`);
  else if (code !== runtimeCode.toLowerCase())
    faults.push(`the code at ${address} does not match its sources`);
  const recorded = record.contracts[name];
  if (!recorded) faults.push("there is no record of it");
  else {
    if (recorded.address !== address) faults.push(`it is recorded at ${recorded.address}, not at ${address}`);
    if (recorded.initCodeHash !== keccak256(initCode)) faults.push("its recorded init code hash is another");
    if (recorded.codeHash !== keccak256(runtimeCode)) faults.push("its recorded code hash is another");
  }
  return { name, address, codeHash: code ? keccak256(code) : null, faults };
}
