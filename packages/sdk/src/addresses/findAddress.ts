import type { Address } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";

/** A contract of Latchkey, by the prefix of its exports: `safeSessionModule` for `safeSessionModuleAbi`. */
export type LatchkeyContract = keyof typeof deterministicAddresses;

/** Where contracts are deployed, by chain id. */
export type DeployedAddresses = {
  readonly [chainId: number]: { readonly [contract in LatchkeyContract]?: Address };
};

/** The address of a contract in a list of deployments. Throws as `addressOf` does. */
export function findAddress(
  deployed: DeployedAddresses,
  contract: LatchkeyContract,
  chainId: number,
): Address {
  if (!Object.hasOwn(deterministicAddresses, contract))
    throw new InvalidInput({
      code: "INVALID_ADDRESS",
      shortMessage: `Latchkey has no contract "${contract}".`,
      metaMessages: [`Use one of ${Object.keys(deterministicAddresses).join(", ")}.`],
      details: { contract },
    });
  const expected = deterministicAddresses[contract];
  const address = Object.hasOwn(deployed, chainId) ? deployed[chainId]?.[contract] : undefined;
  if (address !== undefined) return address;
  const known = Object.keys(deployed)
    .map(Number)
    .filter((id) => deployed[id]?.[contract] !== undefined);
  throw new InvalidInput({
    code: "UNKNOWN_CHAIN",
    shortMessage: `No deployment of ${contract} on chain ${chainId} is known.`,
    metaMessages: [
      known.length > 0 ? `It is deployed on the chains ${known.join(", ")}.` : "No deployment is known.",
      `If someone deployed it there, it is at ${expected}: check the code at that address, then use it.`,
    ],
    details: { contract, chainId, known, expected },
  });
}
