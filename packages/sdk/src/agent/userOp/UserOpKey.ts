import type { Address, Hash, Hex } from "viem";

/**
 * The agent's key, as userOps need it: a viem account with a private key, or anything else that signs a hash as it is,
 * 65 bytes, with no prefix (an HSM, say). viem's `LocalAccount` may have no `sign`: such a one is refused where it is used.
 */
export type UserOpKey = {
  address: Address;
  sign?: ((parameters: { hash: Hash }) => Promise<Hex>) | undefined;
};
