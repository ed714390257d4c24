import type { EncodedCall, Proposal } from "@latchkey/sdk";
import { isRefusal } from "@latchkey/sdk";
import type { Hex } from "viem";
import type { ChainClient } from "../chain/chainClient.ts";
import type { Replaced } from "../review/readReplaced.ts";
import type { AccountState } from "./AccountState.ts";
import { askPasskey } from "./askPasskey.ts";
import { checkTapped } from "./checkTapped.ts";
import { prepareTap, type TappedGrant } from "./prepareTap.ts";
import { verifyAssertion } from "./verifyAssertion.ts";

/** A grant, and the credential proven to be the account's owner. */
export type Tapped = TappedGrant & { passkeyId: Hex };

/**
 * Has the account's passkey allow a proposal with one prompt. Call it directly in the click handler: nothing is awaited
 * before the prompt. Nothing is sent.
 *
 * If the chain stops responding, the signature is still good: the agent checks with the chain as well.
 *
 * @param proposal The same object that the review shows.
 * @param approving, replaced See `prepareTap`.
 * @throws {PageFailure} Of `askPasskey`, `verifyAssertion` and `checkTapped`; {@link Refusal} of `verifyGrant`.
 */
export function grantByTap(
  client: ChainClient,
  account: AccountState,
  proposal: Proposal,
  approving: readonly EncodedCall[] = [],
  replaced?: Replaced,
): Promise<Tapped> {
  const { challenge, finish } = prepareTap(account, proposal, approving, replaced);
  const asked = askPasskey(challenge, account.passkey.id);
  return asked.then(async (assertion) => {
    const { hostname: rpId, origin } = window.location;
    await verifyAssertion(assertion, { challenge, publicKey: account.passkey.publicKey, rpId, origin });
    const tapped = finish(assertion);
    try {
      await checkTapped(client, account, tapped);
    } catch (error) {
      if (!isRefusal(error, "NETWORK")) throw error;
    }
    return { ...tapped, passkeyId: assertion.id };
  });
}
