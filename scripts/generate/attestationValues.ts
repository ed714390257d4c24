import { keccak256 } from "viem";
import { deploymentAddress, FACTORIES, SALT } from "../deploy/factories.ts";
import type { CompiledContract } from "./CompiledContract.ts";

/**
 * The attestation file with the values that follow from the contract's code; all else is kept as people wrote it.
 *
 * @param text The file's content: JSON in which each of those values' names occurs once.
 * @throws If a name occurs not at all or more than once.
 */
export function attestationValues(text: string, contract: CompiledContract): string {
  const values = {
    codeHash: keccak256(contract.deployedBytecode),
    initCodeHash: keccak256(contract.bytecode),
    factory: FACTORIES.safe.address,
    salt: SALT,
    moduleAddress: deploymentAddress(contract.bytecode),
  };
  return Object.entries(values).reduce((changed, [name, value]) => {
    const parts = changed.split(new RegExp(`(?<="${name}": )"[^"]*"`));
    if (parts.length !== 2) throw new Error(`The attestation has "${name}" ${parts.length - 1} times.`);
    return parts.join(JSON.stringify(value));
  }, text);
}
