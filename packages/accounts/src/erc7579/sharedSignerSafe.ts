import {
  createPasskey,
  RELAYER,
  type SafeContracts,
  type SafeVersion,
  type TestChain,
} from "@latchkey/devchain";
import { passkeyVerifiers } from "@latchkey/sdk";
import { encodeFunctionData, getAddress, type Hex, parseAbi } from "viem";
import type { SafeAccount } from "../safeAccount.ts";
import { predictSafe } from "../safeKit.ts";
import { sharedSignerOwner } from "../safeOwner.ts";

const sharedSignerAbi = parseAbi([
  "struct Signer { uint256 x; uint256 y; uint176 verifiers; }",
  "function configure(Signer signer)",
]);

/** A Safe that a passkey owns by Safe's shared signer, and that knows nothing of Latchkey. */
export async function createSharedSignerSafe(
  testChain: TestChain,
  safe: SafeContracts,
  version: SafeVersion,
): Promise<SafeAccount> {
  const passkey = createPasskey("owner of a Safe7579");
  const owner = sharedSignerOwner(safe, passkey);
  const verifiers = passkeyVerifiers(undefined, safe.passkey.daimoP256Verifier);
  const configure = encodeFunctionData({
    abi: sharedSignerAbi,
    functionName: "configure",
    args: [{ ...passkey.publicKey, verifiers }],
  });
  const { address, to, data } = await predictSafe(testChain, safe, {
    version,
    // The Safe's set-up calls it by delegatecall: the passkey is written where the signer will look for it.
    config: { owners: [owner.address], threshold: 1, to: owner.address, data: configure },
    saltNonce: 7579n,
  });
  await testChain.send({ from: RELAYER, to: getAddress(to), data: data as Hex });
  return { testChain, safe, version, address: getAddress(address), owner };
}
