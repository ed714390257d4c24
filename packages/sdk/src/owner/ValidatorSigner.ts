import type { Hex } from "viem";
import type { sessionTypedData } from "../session/sessionTypedData.ts";

/**
 * A signer for an ERC-7579 account through one of its validators, if there is no viem smart account of that
 * account: the validator defines the signature's format.
 *
 * @example
 * // A validator that takes signatures nested by ERC-7739, by viem's client for it.
 * import { signTypedData } from "viem/experimental/erc7739";
 *
 * const signer = {
 *   granter,
 *   sign: (_, session) => signTypedData(client, { account: owner, verifier: account, ...session }),
 * };
 */
export type ValidatorSigner = {
  /** What the account's grants start with, as set at installation: {@link granterPrefix}. */
  granter: Hex;
  /**
   * Signs in the validator's format.
   *
   * @param digest What the validator checks: the EIP-712 digest of the session; on a Kernel, the account's own
   * hash of it.
   * @param session The session as typed data, for validators that need it nested (ERC-7739) and for wallets to show.
   */
  sign: (digest: Hex, session: ReturnType<typeof sessionTypedData>) => Promise<Hex>;
};
