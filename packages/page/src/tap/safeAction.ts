import type { EncodedCall } from "@latchkey/sdk";
import { safePasskeySignature, safeTransaction } from "@latchkey/sdk/encoding";
import type { Hex } from "viem";
import type { AccountState } from "./AccountState.ts";
import { askPasskey } from "./askPasskey.ts";
import { verifyAssertion } from "./verifyAssertion.ts";

/** Something that a Safe is to do, waiting for its passkey. */
export type SafeAction = {
  /** What the passkey signs. */
  challenge: Hex;
  /**
   * Asks the passkey. Call it right in the click's handler.
   *
   * @returns The Safe's signature.
   * @throws {PageFailure} Of `askPasskey` and `verifyAssertion`.
   */
  sign(): Promise<Hex>;
};

/**
 * What a Safe is to do on its passkey's word, for example to take a session back. It asks no chain, so that nothing has to
 * be awaited in the click's handler: make it anew whenever the Safe's nonce is another.
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
