import { type Address, type Hash, hashTypedData, type TypedDataDefinition } from "viem";
import { parseAddress } from "../../internal/parseAddress.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseChainId } from "../../internal/parseWhole.ts";

const types = { SafeMessage: [{ name: "message", type: "bytes" }] } as const;

/** EIP-712 typed data of a SafeMessage. */
export type SafeMessage = TypedDataDefinition<typeof types, "SafeMessage">;

/**
 * What the owners of a Safe sign so that the Safe approves a digest: typed data of
 * `SafeMessage(bytes message)` in the Safe's own domain, where the message is the digest's 32 bytes. The same
 * for all versions from 1.3.0 on.
 *
 * @throws {InvalidInput} INVALID_ADDRESS; INVALID_INPUT
 */
export function safeMessage({
  safe,
  chainId,
  digest,
}: {
  safe: Address;
  chainId: number;
  /** The argument of `isValidSignature`; for a grant, its EIP-712 digest. */
  digest: Hash;
}) {
  return {
    domain: { chainId: parseChainId(chainId), verifyingContract: parseAddress(safe, "safe") },
    types,
    primaryType: "SafeMessage",
    message: { message: parseHex(digest, "digest") },
  } as const satisfies SafeMessage;
}

/** The hash of a {@link safeMessage}: what an owner's ECDSA key signs, and a passkey's challenge. */
export const hashSafeMessage = (parameters: Parameters<typeof safeMessage>[0]): Hash =>
  hashTypedData(safeMessage(parameters));
