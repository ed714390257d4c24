import type { Address } from "viem";
import { deploymentAddress } from "../deploy/factories.ts";
import { bindingName, type CompiledContract, isDeployable } from "./CompiledContract.ts";
import type { Files } from "./Files.ts";
import { header } from "./header.ts";

/** The addresses that follow from the code, and those on the chains where it is known to be deployed. */
export function addressBindings(
  contracts: readonly CompiledContract[],
  deployed: ReadonlyMap<number, ReadonlyMap<string, Address>>,
  folder: string,
): Files {
  const expected = contracts
    .filter(isDeployable)
    .map(
      (contract) => `  ${bindingName(contract.contractName)}: "${deploymentAddress(contract.bytecode)}",\n`,
    );
  const chains = [...deployed].map(
    ([chainId, addresses]) =>
      `  ${chainId}: {\n${[...addresses].map(([name, address]) => `    ${name}: "${address}",\n`).join("")}  },\n`,
  );
  return new Map([
    [
      `${folder}/addresses/deterministicAddresses.ts`,
      `${header}
/**
 * Where the contracts of this version are on every chain that has them: CREATE2 by Safe's singleton factory, salt 0,
 * from the very creation code in this package. That a chain has them is not said here.
 */
export const deterministicAddresses = {
${expected.join("")}} as const;
`,
    ],
    [
      `${folder}/addresses/deployedAddresses.ts`,
      `${header}import type { Address } from "viem";
import type { deterministicAddresses } from "./deterministicAddresses.ts";

/** By chain id: where the contracts of this version are known to be deployed. */
export const deployedAddresses = {${chains.length > 0 ? `\n${chains.join("")}` : ""}} as const satisfies {
  readonly [chainId: number]: { readonly [contract in keyof typeof deterministicAddresses]?: Address };
};
`,
    ],
  ]);
}
