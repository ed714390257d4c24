import type { Hex } from "viem";
import type { sessionTypedData } from "../session/sessionTypedData.ts";

/**
 * Whoever speaks for an ERC-7579 account by one of its validators, where no viem smart account of that account is at
 * hand: what the validator takes as a signature is the validator's own affair.
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
  /** What the account's grants begin with, as named at installation: {@link granterPrefix}. */
  granter: Hex;
  /**
   * Signs in the form that the validator takes.
   *
   * @param digest What the validator is asked about: the EIP-712 digest of the session; on a Kernel, the account's own
   * hash of it.
   * @param session The session as typed data, for validators that want it nested (ERC-7739) and for wallets to show.
   */
  sign: (digest: Hex, session: ReturnType<typeof sessionTypedData>) => Promise<Hex>;
};
