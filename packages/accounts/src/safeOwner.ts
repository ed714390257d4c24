import type { Passkey, SafeContracts, TestChain } from "@latchkey/devchain";
import { passkeyVerifiers } from "@latchkey/sdk";
import { type Address, encodeFunctionData, getAddress, type Hex, keccak256, parseAbi, toBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** The only owner of a test Safe. */
export type SafeOwner = {
  /** The address among the Safe's owners. */
  address: Address;
  /** Whether that is a contract, asked by ERC-1271. */
  isContract: boolean;
  /** Signs a hash that the Safe is to approve: 65 bytes of a key, or what the contract understands. */
  sign(hash: Hex): Promise<Hex>;
  /** As protocol-kit wants a signer: a private key, or a passkey with how to reach it. */
  signer: Hex | PasskeySigner;
};

/** protocol-kit's `PasskeyArgType`. */
export type PasskeySigner = {
  rawId: string;
  coordinates: { x: Hex; y: Hex };
  /** uint176, hex: the precompile's address before that of the contract. */
  verifierAddress: Hex;
  getFn: Passkey["getFn"];
};

/** An owner with an ordinary key, which the seed decides. */
export function ecdsaOwner(seed: string): SafeOwner {
  const privateKey = keccak256(toBytes(`owner ${seed}`));
  const account = privateKeyToAccount(privateKey);
  return {
    address: account.address,
    isContract: false,
    sign: (hash) => account.sign({ hash }),
    signer: privateKey,
  };
}

const asPasskeySigner = (passkey: Passkey, verifiers: bigint): PasskeySigner => ({
  rawId: passkey.rawId,
  coordinates: passkey.coordinates,
  verifierAddress: `0x${verifiers.toString(16).padStart(44, "0")}`,
  getFn: passkey.getFn,
});

/** A passkey as owner by the shared signer, which reads it from the Safe's own storage. */
export function sharedSignerOwner(safe: SafeContracts, passkey: Passkey): SafeOwner {
  return {
    address: safe.passkey.sharedSigner,
    isContract: true,
    sign: passkey.sign,
    signer: asPasskeySigner(passkey, passkeyVerifiers(undefined, safe.passkey.daimoP256Verifier)),
  };
}

const signerFactoryAbi = parseAbi([
  "function getSigner(uint256 x, uint256 y, uint176 verifiers) view returns (address)",
  "function createSigner(uint256 x, uint256 y, uint176 verifiers) returns (address)",
]);

/** A passkey as owner by a signer contract of its own, which is deployed if it is not there. */
export async function passkeyOwner(
  testChain: TestChain,
  safe: SafeContracts,
  passkey: Passkey,
): Promise<SafeOwner> {
  const verifiers = passkeyVerifiers(undefined, safe.passkey.daimoP256Verifier);
  const args = [passkey.publicKey.x, passkey.publicKey.y, verifiers] as const;
  const factory = safe.passkey.signerFactory;
  await testChain.send({
    from: factory,
    to: factory,
    data: encodeFunctionData({ abi: signerFactoryAbi, functionName: "createSigner", args }),
  });
  const address = await testChain.client.readContract({
    address: factory,
    abi: signerFactoryAbi,
    functionName: "getSigner",
    args,
  });
  return {
    address: getAddress(address),
    isContract: true,
    sign: passkey.sign,
    signer: asPasskeySigner(passkey, verifiers),
  };
}
