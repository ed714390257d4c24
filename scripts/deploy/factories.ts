import {
  type Address,
  type Client,
  getContractAddress,
  type Hash,
  type Hex,
  keccak256,
  zeroHash,
} from "viem";
import { getCode } from "viem/actions";
import { DeployError } from "./DeployError.ts";

/** What runs at both factories, 69 bytes: creates `salt ‖ init code` by CREATE2 and answers with the address. */
export const FACTORY_CODE: Hex =
  "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";

/**
 * The CREATE2 factories that are used. An address follows from the factory, so there are two sets of addresses:
 *
 * - `safe`, the Safe singleton factory: the addresses that the SDK takes for granted, the same on every chain. Its
 *   creator can put it on any chain that wants it, also on those that refuse transactions without a chain id.
 * - `arachnid`, the deterministic deployment proxy: for a chain that has nothing else. The same addresses on all such
 *   chains, but not those of the others; therefore never chosen unless requested.
 */
export const FACTORIES = {
  safe: { name: "Safe singleton factory", address: "0x914d7Fec6aaC8cd542e72Bca78B30650d45643d7" },
  arachnid: { name: "Arachnid proxy", address: "0x4e59b44847b379578588920cA78FbF26c0B4956C" },
} as const satisfies Record<string, { name: string; address: Address }>;

/** One of {@link FACTORIES}. */
export type FactoryName = keyof typeof FACTORIES;

/** The salt of every contract. Another one would move them all. */
export const SALT: Hash = zeroHash;

/** Where a factory puts a contract, on every chain. */
export const deploymentAddress = (initCode: Hex, factory: FactoryName = "safe"): Address =>
  getContractAddress({ opcode: "CREATE2", from: FACTORIES[factory].address, salt: SALT, bytecode: initCode });

/**
 * Requires the factory on the client's chain.
 *
 * @throws {@link DeployError} `NO_FACTORY`, `WRONG_FACTORY`; `NEEDLESS_FACTORY` if the proxy was asked for on a chain
 * that has the Safe singleton factory: a second set of addresses there would only be mistaken for the first.
 */
export async function requireFactory(client: Client, factory: FactoryName, chainId: number): Promise<void> {
  const codeAt = (name: FactoryName) => getCode(client, { address: FACTORIES[name].address });
  const [safe, arachnid] = await Promise.all([codeAt("safe"), codeAt("arachnid")]);
  if (factory === "arachnid" && safe === FACTORY_CODE)
    throw new DeployError(
      "NEEDLESS_FACTORY",
      `Chain ${chainId} has the ${FACTORIES.safe.name}. Omit --factory, so that the contracts get the addresses ` +
        "that they have elsewhere.",
    );
  const code = factory === "safe" ? safe : arachnid;
  const { name, address } = FACTORIES[factory];
  if (!code)
    throw new DeployError(
      "NO_FACTORY",
      `Chain ${chainId} has no ${name} at ${address}, so the contracts cannot get the addresses that they have ` +
        "elsewhere." +
        (factory === "safe"
          ? " Ask for the factory at github.com/safe-global/safe-singleton-factory." +
            (arachnid === FACTORY_CODE
              ? ` This chain has the ${FACTORIES.arachnid.name}: with --factory arachnid the contracts get the second ` +
                "set of addresses in deployments/expected.json, which every user of the SDK on this chain has to name."
              : "")
          : ""),
    );
  if (code !== FACTORY_CODE)
    throw new DeployError(
      "WRONG_FACTORY",
      `What is at ${address} on chain ${chainId} is not the ${name} (code hash ${keccak256(code)}): it might put ` +
        "anything anywhere.",
    );
}
