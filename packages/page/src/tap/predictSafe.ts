import {
  safeCreation,
  safeInitializer,
  safeSessionHandlerAddress,
  safeSessionModuleAddress,
} from "@latchkey/sdk";
import {
  type Address,
  encodeFunctionData,
  encodePacked,
  getContractAddress,
  type Hex,
  keccak256,
  parseAbi,
} from "viem";
import type { PublicKey } from "./Passkey.ts";

/** The Safe version of new accounts: its handler serves all tokens, including ones added later. */
export const NEW_SAFE_VERSION = "1.4.1";

/** Safe 1.4.1 at its canonical addresses. */
export const newSafeContracts = {
  proxyFactory: "0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67",
  /** SafeL2. */
  singleton: "0x29fcB43b46531BcA003ddC8FCB67FFE91900C762",
} as const satisfies Record<string, Address>;

/**
 * keccak256 of what the factory deploys: SafeProxy 1.4.1's creation code and the singleton above. Hard-coded so that a
 * new account's address does not depend on a node.
 */
const PROXY_INIT_CODE_HASH: Hex = "0xe298282cefe913ab5d282047161268a8222e4bd4ed106300c547894bbefd31ee";

/** The same passkey always has the same first account. */
const SALT_NONCE = 0n;

export const proxyFactoryAbi = parseAbi([
  "function createProxyWithNonce(address singleton, bytes initializer, uint256 saltNonce) returns (address proxy)",
]);

/** A Safe that has not been deployed yet. */
export type PredictedSafe = {
  address: Address;
  /** The call that creates it with Latchkey installed. Anyone can send it, and nothing else can be deployed at that address. */
  creation: { to: Address; data: Hex };
};

/**
 * The address of a passkey's Safe, the same on every chain, and the call that creates it. The address commits to the
 * whole set-up: owner, threshold 1, module and handler.
 *
 * @param sharedSigner Safe's shared signer for passkeys, on this chain.
 */
export function predictSafe(passkey: PublicKey, sharedSigner: Address): PredictedSafe {
  const { proxyFactory, singleton } = newSafeContracts;
  const initializer = safeInitializer(
    safeCreation({
      version: NEW_SAFE_VERSION,
      handler: safeSessionHandlerAddress(),
      module: safeSessionModuleAddress(),
      passkey,
      sharedSigner,
    }),
  );
  const salt = keccak256(encodePacked(["bytes32", "uint256"], [keccak256(initializer), SALT_NONCE]));
  return {
    address: getContractAddress({
      opcode: "CREATE2",
      from: proxyFactory,
      salt,
      bytecodeHash: PROXY_INIT_CODE_HASH,
    }),
    creation: {
      to: proxyFactory,
      data: encodeFunctionData({
        abi: proxyFactoryAbi,
        functionName: "createProxyWithNonce",
        args: [singleton, initializer, SALT_NONCE],
      }),
    },
  };
}
