import type { Address } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { deterministicAddresses } from "../generated/addresses/deterministicAddresses.ts";

/** A contract of Latchkey, as its exports begin: `safeSessionModule` for `safeSessionModuleAbi`. */
export type LatchkeyContract = keyof typeof deterministicAddresses;

/** Where contracts are deployed, by chain id. */
export type DeployedAddresses = {
  readonly [chainId: number]: { readonly [contract in LatchkeyContract]?: Address };
};

/** Where a contract is, by a list of deployments. Throws what `addressOf` does. */
export function findAddress(
  deployed: DeployedAddresses,
  contract: LatchkeyContract,
  chainId: number,
): Address {
  if (!Object.hasOwn(deterministicAddresses, contract))
    throw new InvalidInput({
      code: "INVALID_ADDRESS",
      shortMessage: `Latchkey has no contract "${contract}".`,
      metaMessages: [`It has ${Object.keys(deterministicAddresses).join(", ")}.`],
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
      known.length > 0
        ? `It is known on the chains ${known.join(", ")}.`
        : "It is not known to be on any chain.",
      `If somebody deployed it there, it is at ${expected}: check that the chain has its code there, then use that.`,
    ],
    details: { contract, chainId, known, expected },
  });
}
