import type { EncodedCall } from "@latchkey/sdk";
import { safePasskeySignature, safeTransaction } from "@latchkey/sdk/encoding";
import type { Hex } from "viem";
import type { AccountState } from "./AccountState.ts";
import { askPasskey } from "./askPasskey.ts";
import { verifyAssertion } from "./verifyAssertion.ts";

/** A Safe transaction waiting for its passkey. */
export type SafeAction = {
  /** The bytes the passkey signs. */
  challenge: Hex;
  /**
   * Prompts for the passkey. Call it directly in the click handler.
   *
   * @returns The Safe's signature.
   * @throws {PageFailure} From `askPasskey` and `verifyAssertion`.
   */
  sign(): Promise<Hex>;
};

/**
 * A Safe transaction to be signed by its passkey, for example to revoke a session. It does not query the chain, so that
 * nothing is awaited in the click handler: recreate it whenever the Safe's nonce changes.
 */
export function safeAction(
  account: Pick<AccountState, "address" | "chainId" | "signer" | "passkey" | "nonce">,
  calls: readonly EncodedCall[],
): SafeAction {
  const { address: safe, chainId, signer, passkey, nonce } = account;
  const transaction = safeTransaction({ safe, chainId, nonce, calls });
  return {
    challenge: transaction.hash,
    sign: () =>
      askPasskey(transaction.hash, passkey.id).then(async (assertion) => {
        const { hostname: rpId, origin } = window.location;
        const { publicKey } = passkey;
        await verifyAssertion(assertion, { challenge: transaction.hash, publicKey, rpId, origin });
        return safePasskeySignature({ signer, assertion });
      }),
  };
}
