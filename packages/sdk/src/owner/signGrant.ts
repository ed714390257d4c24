import { type Address, type Hex, isAddressEqual, size, type TypedDataDefinition } from "viem";
import type { SmartAccount } from "viem/account-abstraction";
import { accountAdapterOf } from "../accounts/accountAdapterOf.ts";
import type { Erc7579AccountKind } from "../accounts/erc7579/Erc7579AccountKind.ts";
import { safeMessage } from "../accounts/safe/safeMessage.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { loggable } from "../errors/json.ts";
import type { Grant, Proposal } from "../grant/Grant.ts";
import { sessionIn } from "../grant/sessionIn.ts";
import { type EcdsaSigner, requestSignature, signerAddress } from "../internal/signTypedDataBy.ts";
import { checkSession } from "../session/checkSession.ts";
import { grantDigest } from "../session/grantDigest.ts";
import { sessionTypedData } from "../session/sessionTypedData.ts";
import { erc7579Signature } from "./erc7579Signature.ts";
import type { Owner } from "./Owner.ts";
import { ownersSignature } from "./ownersSignature.ts";
import type { ValidatorSigner } from "./ValidatorSigner.ts";

/**
 * Has the owner of the account sign a proposal. A passkey prompts once; nothing is sent to any chain. The result
 * is all that the agent needs: it is carried in the first use of the session.
 *
 * @param owner Of a Safe: the owner; with a threshold above 1, as many owners as that. Owners on different devices
 * sign one by one, and {@link combineGrants} joins what they signed. Or a wallet that is connected as the account
 * itself, as Safe's is: it gets the session as typed data, which it can show, and collects its owners' signatures on
 * its own. An owner's own wallet gets the Safe's message instead, 32 bytes.
 * Of an ERC-7579 account: a viem smart account of that very account, as permissionless makes them, whose signatures
 * must start with the granter of the installation; or a {@link ValidatorSigner}. Of a Safe7579 also the Safe's owners, of a Kernel
 * also the key that its root validator knows.
 * @param proposal From {@link proposeSession}. Show it to the owner first: exactly this object is signed.
 * @throws {InvalidInput} MALFORMED_SESSION, before a signature is requested, if the module would reject the session.
 * @throws {InvalidInput} INVALID_SIGNER: no owner, another's signature, or a wallet or passkey that did not sign. Only the chain knows whether
 * the signers are owners: use {@link verifyGrant}.
 * @throws {Refusal} NOT_SIGNED: the signer rejected the request or could not sign; NETWORK if a remote signer was not reached.
 */
export async function signGrant(
  owner: Owner | readonly Owner[] | SmartAccount | ValidatorSigner,
  proposal: Proposal,
): Promise<Grant> {
  const session = sessionIn(proposal);
  const { version, chainId, module, accountKind } = proposal;
  checkSession(session, module);
  const adapter = accountAdapterOf(accountKind);
  const signature = adapter.sendsUserOps
    ? await erc7579Signature(owner, { ...proposal, accountKind: accountKind as Erc7579AccountKind })
    : await safeSignature(onlyOwners(owner), proposal);
  return loggable({ version, chainId, module, accountKind, session, signature });
}

function safeSignature(
  owner: Owner | readonly Owner[],
  { chainId, module, session }: Proposal,
): Promise<Hex> {
  const { account } = session;
  const wallet = walletOf(account, owner);
  return wallet
    ? askAccount(wallet, sessionTypedData(session, { chainId, module }) as TypedDataDefinition)
    : ownersSignature(
        owner,
        safeMessage({ safe: account, chainId, digest: grantDigest(session, { chainId, module }) }),
      );
}

/** A Safe's owners sign the Safe's message: a signer with its own format cannot be one. */
function onlyOwners(owner: Parameters<typeof signGrant>[0]): Owner | readonly Owner[] {
  const foreign = [owner].flat().some((one) => "granter" in one || ("type" in one && one.type === "smart"));
  if (!foreign) return owner as Owner | readonly Owner[];
  throw new InvalidInput({
    code: "INVALID_SIGNER",
    shortMessage: "A Safe's session must be signed by the Safe's owners, or by its own wallet.",
    metaMessages: ["Pass a viem account, a wallet client with an account, or a passkey with its rawId."],
  });
}

/** The only signer that acts as the account. With others it would be an owner of itself, which no Safe has. */
function walletOf(account: Address, owner: Owner | readonly Owner[]): EcdsaSigner | undefined {
  const [only, ...others] = [owner].flat() as readonly Owner[];
  if (!only || others.length > 0 || "rawId" in only) return undefined;
  return isAddressEqual(signerAddress(only), account) ? only : undefined;
}

async function askAccount(wallet: EcdsaSigner, message: TypedDataDefinition): Promise<Hex> {
  const signature = await requestSignature(wallet, message);
  if (size(signature) > 0) return signature;
  throw new InvalidInput({
    code: "INVALID_SIGNER",
    shortMessage: "The account's wallet did not return a signature.",
    metaMessages: [
      "It may have signed the message on chain instead, which is not a grant.",
      "Turn on off-chain signing in the wallet, or have the account enable the session with a transaction.",
    ],
  });
}
