import { signatureRail } from "@latchkey/accounts/safeAccount";
import { predictSafe } from "@latchkey/accounts/safeKit";
import { RELAYER, type SafeVersion } from "@latchkey/devchain";
import { passkeyVerifiers, type SafeCreation, safeAddresses, safeCreation } from "@latchkey/sdk";
import { type Address, encodeFunctionData, getAddress, type Hex, keccak256, parseAbi, toBytes } from "viem";
import type { DevicePasskey } from "./devicePasskey.ts";
import { world } from "./fixture.ts";

const sharedSignerAbi = parseAbi(["function configure((uint256 x, uint256 y, uint176 verifiers) signer)"]);

let made = 0;

async function create(
  version: SafeVersion,
  config: Pick<SafeCreation, "owners" | "threshold"> & Partial<SafeCreation>,
): Promise<Address> {
  const { testChain, safe, usdc } = world();
  made += 1;
  const saltNonce = BigInt(keccak256(toBytes(`a Safe of a human of the page, number ${made}`)));
  const { address, to, data } = await predictSafe(testChain, safe, { version, config, saltNonce });
  await testChain.send({ from: RELAYER, to: getAddress(to), data: data as Hex });
  await usdc.mint(getAddress(address), 100_000_000n);
  return getAddress(address);
}

/**
 * A Safe with $100 that passkeys own by Safe's shared signer, and that knows nothing of Latchkey.
 * @param more Further owners, and how many must agree.
 */
export function passkeySafe(
  { publicKey }: DevicePasskey,
  version: SafeVersion,
  { owners = [], threshold = 1 }: { owners?: readonly Address[]; threshold?: number } = {},
): Promise<Address> {
  const { sharedSigner } = safeAddresses;
  return create(version, {
    owners: [sharedSigner, ...owners],
    threshold,
    // The Safe's set-up calls it by delegatecall: the passkey is written where the signer will look for it.
    to: sharedSigner,
    data: encodeFunctionData({
      abi: sharedSignerAbi,
      functionName: "configure",
      args: [{ ...publicKey, verifiers: passkeyVerifiers() }],
    }),
    fallbackHandler: world().safe[version].compatibilityFallbackHandler,
  });
}

/** The same, with Latchkey installed. */
export function latchkeySafe({ publicKey }: DevicePasskey, version: SafeVersion): Promise<Address> {
  const { safe, latchkey, usdc } = world();
  return create(
    version,
    safeCreation({
      ...signatureRail(safe, version, latchkey, [usdc.domainSeparator]),
      module: latchkey.module,
      passkey: publicKey,
    }),
  );
}
