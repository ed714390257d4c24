import { checkSession } from "../checkSession.ts";
import { grantDigest } from "../grantDigest.ts";
import type { Owner } from "../owner/Owner.ts";
import { ownersSignature } from "../owner/ownersSignature.ts";
import { safeMessage } from "../safe/safeMessage.ts";
import type { Grant, Proposal } from "./Grant.ts";
import { sessionJson } from "./sessionJson.ts";

/**
 * Has the owner of the account sign a proposal. A passkey is asked once; nothing is sent to any chain. What comes
 * back is all that the agent needs: it travels along with the first use of the session.
 *
 * @param owner The owner; for a Safe with a threshold above 1, as many owners as that. Owners on different devices
 * sign one by one, and {@link combineGrants} joins what they signed.
 * @param proposal By {@link proposeSession}. Show it to the owner first: what is signed is this very object.
 * @throws {InvalidInput} MALFORMED_SESSION, before anybody is asked, where the module would refuse the session.
 * @throws {InvalidInput} INVALID_SIGNER: no owner, another's signature, or a passkey that gave none. Whether the
 * signers are owners only the chain knows: ask {@link verifyGrant}.
 */
export async function signGrant(owner: Owner | readonly Owner[], proposal: Proposal): Promise<Grant> {
  const { version, chainId, module, accountKind, session } = proposal;
  checkSession(session, module);
  const digest = grantDigest(session, { chainId, module });
  const signature = await ownersSignature(owner, safeMessage({ safe: session.account, chainId, digest }));
  return { version, chainId, module, accountKind, session: sessionJson(session), signature };
}
