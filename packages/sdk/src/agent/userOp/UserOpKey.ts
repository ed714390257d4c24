import type { Address, Hash, Hex } from "viem";

/**
 * The agent's key for userOps: a viem account with a private key, or anything else that signs a bare hash
 * without a prefix (such as an HSM), in 65 bytes or 64. viem's `LocalAccount` may have no `sign`: such a key is refused on use.
 */
export type UserOpKey = {
  address: Address;
  sign?: ((parameters: { hash: Hash }) => Promise<Hex>) | undefined;
};
