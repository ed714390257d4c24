import { enabledGrant, type Grant, grantDigest, type Proposal } from "@latchkey/sdk";
import { encodeEnable, hashSafeMessage, safePasskeySignature, safeTransaction } from "@latchkey/sdk/encoding";
import type { HandoffTransaction } from "@latchkey/sdk/handoff";
import type { Hex } from "viem";
import type { AccountState } from "./AccountState.ts";
import type { Assertion } from "./Passkey.ts";

/** What one tap makes: what the agent gets. */
export type TappedGrant = {
  grant: Grant;
  /** To be mined in this order before the grant works; anybody may send them. */
  transactions: readonly HandoffTransaction[];
};

/** A tap that only waits for the passkey. */
export type PreparedTap = {
  /** The 32 bytes that the passkey signs, computed from the proposal that is shown. */
  challenge: Hex;
  /** Puts the passkey's answer in its place. */
  finish(assertion: Assertion): TappedGrant;
};

/**
 * What the passkey has to sign so that an account grants a session: the session itself where the account has Latchkey (or
 * will have it from its first transaction), else one batch that installs what is missing and enables the session. Asks
 * nobody and waits for nothing, so it can run in the click's handler.
 *
 * @param proposal The very object that the review shows.
 */
export function prepareTap(account: AccountState, proposal: Proposal): PreparedTap {
  const { address: safe, signer, chainId } = account;
  if (account.installation.length === 0)
    return {
      challenge: hashSafeMessage({ safe, chainId, digest: grantDigest(proposal.session, proposal) }),
      finish: (assertion) => ({
        grant: {
          version: proposal.version,
          chainId: proposal.chainId,
          module: proposal.module,
          accountKind: proposal.accountKind,
          session: proposal.session,
          signature: safePasskeySignature({ signer, assertion }),
        },
        transactions: account.creation
          ? [{ to: account.creation.to, data: account.creation.data, value: "0x0" }]
          : [],
      }),
    };
  const batch = safeTransaction({
    safe,
    chainId,
    nonce: account.nonce,
    calls: [...account.installation, encodeEnable(proposal)],
  });
  return {
    challenge: batch.hash,
    finish(assertion) {
      const { to, data } = batch.encode(safePasskeySignature({ signer, assertion }));
      return { grant: enabledGrant(proposal), transactions: [{ to, data, value: "0x0" }] };
    },
  };
}
