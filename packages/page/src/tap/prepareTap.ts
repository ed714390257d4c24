import { type EncodedCall, enabledGrant, type Grant, grantDigest, type Proposal } from "@latchkey/sdk";
import {
  encodeEnable,
  encodeRevoke,
  hashSafeMessage,
  safePasskeySignature,
  safeTransaction,
} from "@latchkey/sdk/encoding";
import type { HandoffTransaction } from "@latchkey/sdk/handoff";
import { type Address, encodeFunctionData, erc20Abi, type Hex, isAddressEqual, zeroAddress } from "viem";
import type { Replaced } from "../review/readReplaced.ts";
import type { AccountState } from "./AccountState.ts";
import type { Assertion } from "./Passkey.ts";

/** The result of a tap, sent to the agent. */
export type TappedGrant = {
  grant: Grant;
  /** Must be mined in this order before the grant works. Anyone can send them. */
  transactions: readonly HandoffTransaction[];
};

/** A prepared tap that only needs the passkey. */
export type PreparedTap = {
  /** The 32 bytes the passkey signs, computed from the proposal shown. */
  challenge: Hex;
  /** Completes it with the passkey's assertion. */
  finish(assertion: Assertion): TappedGrant;
};

/**
 * What the passkey signs to grant a session: the session itself if the account has Latchkey (or will have it from its
 * first transaction), otherwise one batch that installs what is missing, enables the session and approves Permit2. Synchronous, so it can
 * run in the click handler.
 *
 * @param proposal The same object that the review shows.
 * @param approving The calls with which the account approves Permit2, if that pays and it has to.
 * @param replaced The permission that ends in the same transaction.
 */
export function prepareTap(
  account: AccountState,
  proposal: Proposal,
  approving: readonly EncodedCall[] = [],
  replaced?: Pick<Replaced, "old" | "floors">,
): PreparedTap {
  const { address: safe, signer, chainId } = account;
  const creation: HandoffTransaction[] = account.creation
    ? [{ to: account.creation.to, data: account.creation.data, value: "0x0" }]
    : [];
  if (account.installation.length === 0 && approving.length === 0 && !replaced)
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
        transactions: creation,
      }),
    };
  const batch = safeTransaction({
    safe,
    chainId,
    nonce: account.nonce,
    calls: [
      ...account.installation,
      ...(replaced ? endOf(safe, replaced) : []),
      encodeEnable(proposal),
      ...approving.filter(({ data }) => !account.installation.some((one) => one.data === data)),
    ],
  });
  return {
    challenge: batch.hash,
    finish(assertion) {
      const { to, data } = batch.encode(safePasskeySignature({ signer, assertion }));
      return { grant: enabledGrant(proposal), transactions: [...creation, { to, data, value: "0x0" }] };
    },
  };
}

/** As the SDK's `encodeReplaceSession`, which also carries what shows a session to co-signers. */
const endOf = (safe: Address, { old, floors }: Pick<Replaced, "old" | "floors">): EncodedCall[] => [
  ...floors
    .filter(({ amount }) => amount > 0n)
    .map(({ token, amount }): EncodedCall => {
      if (isAddressEqual(token, zeroAddress)) return { to: safe, value: amount, data: "0x" };
      const data = encodeFunctionData({ abi: erc20Abi, functionName: "transfer", args: [safe, amount] });
      return { to: token, value: 0n, data };
    }),
  encodeRevoke(old),
];
