import {
  concat,
  type Hex,
  hashTypedData,
  isAddressEqual,
  isErc6492Signature,
  parseErc6492Signature,
  size,
  type TypedDataDefinition,
} from "viem";
import type { SmartAccount } from "viem/account-abstraction";
import { erc7579AdapterOf } from "../accounts/accountAdapterOf.ts";
import type { Erc7579AccountKind } from "../accounts/erc7579/Erc7579AccountKind.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import type { Proposal } from "../grant/Grant.ts";
import { askSigner } from "../internal/askSigner.ts";
import { requestSignature, signerAddress, signTypedDataBy } from "../internal/signTypedDataBy.ts";
import { grantDigest } from "../session/grantDigest.ts";
import { sessionTypedData } from "../session/sessionTypedData.ts";
import type { Owner } from "./Owner.ts";
import { ownersSignature } from "./ownersSignature.ts";
import type { ValidatorSigner } from "./ValidatorSigner.ts";

/** The signers for an ERC-7579 account, one or several. */
type Signer = Owner | SmartAccount | ValidatorSigner;

/**
 * Has the owner of an ERC-7579 account sign a proposal, in the account's own format, prefix included.
 *
 * @throws {InvalidInput} INVALID_SIGNER: a signer that such an account does not accept, or one that did not sign.
 * @throws {Refusal} NOT_SIGNED, NETWORK
 */
export async function erc7579Signature(
  signer: Signer | readonly Signer[],
  proposal: Proposal & { accountKind: Erc7579AccountKind },
): Promise<Hex> {
  const { chainId, module, accountKind: kind, session } = proposal;
  const { account } = session;
  const adapter = erc7579AdapterOf(kind);
  const typedData = sessionTypedData(session, { chainId, module });
  const digest = grantDigest(session, { chainId, module });
  const signers = [signer].flat() as readonly Signer[];
  const [only, ...others] = signers;
  if (!only) throw noSigner("There is no signer.", kind);

  if (others.length === 0) {
    if (isValidatorSigner(only)) {
      const asked = adapter.wrappedHash
        ? hashTypedData(adapter.wrappedHash({ account, chainId, digest }))
        : digest;
      return concat([only.granter, await askSigner(() => only.sign(asked, typedData))]);
    }
    if (isSmartAccount(only)) {
      if (!isAddressEqual(only.address, account))
        throw noSigner(`The smart account is ${only.address}; the session is for ${account}.`, kind);
      return withoutFactory(await askSigner(() => only.signTypedData(typedData as TypedDataDefinition)));
    }
    // A wallet that is connected as the account signs in the account's format. A key of the same address, such as an
    // EOA's that runs the account by EIP-7702, does not.
    if (isWallet(only) && isAddressEqual(signerAddress(only), account))
      return nonEmpty(await requestSignature(only, typedData as TypedDataDefinition), kind);
  }

  const owners = signers.filter(isOwner);
  if (owners.length < signers.length)
    throw noSigner("A smart account or a validator's signer cannot be combined with other signers.", kind);
  const [key] = owners;
  if (adapter.owners?.ofSafe)
    return concat([
      adapter.owners.prefix,
      await ownersSignature(owners, adapter.owners.message({ account, chainId, digest })),
    ]);
  if (adapter.owners && key && owners.length === 1 && !("rawId" in key))
    return concat([
      adapter.owners.prefix,
      await signTypedDataBy(key, signerAddress(key), adapter.owners.message({ account, chainId, digest })),
    ]);
  throw noSigner("A key alone does not identify the account's validator and its signature format.", kind);
}

const isValidatorSigner = (signer: Signer): signer is ValidatorSigner => "granter" in signer;
const isSmartAccount = (signer: Signer): signer is SmartAccount =>
  "type" in signer && signer.type === "smart";
const isOwner = (signer: Signer): signer is Owner => !isValidatorSigner(signer) && !isSmartAccount(signer);
/** One that does not sign with a key in this process. */
const isWallet = (signer: Signer): signer is Extract<Owner, { account: unknown }> =>
  isOwner(signer) && "account" in signer && signer.account.type === "json-rpc";

/** viem wraps signatures of an undeployed account (ERC-6492); once deployed, it accepts the inner signature. */
const withoutFactory = (signature: Hex): Hex =>
  isErc6492Signature(signature) ? parseErc6492Signature(signature).signature : signature;

function nonEmpty(signature: Hex, kind: Erc7579AccountKind): Hex {
  if (size(signature) > 0) return signature;
  throw noSigner("The account's wallet did not return a signature.", kind);
}

const noSigner = (shortMessage: string, kind: Erc7579AccountKind) =>
  new InvalidInput({
    code: "INVALID_SIGNER",
    shortMessage,
    metaMessages: [
      "Pass a viem smart account of this account, or { granter, sign } for one of its validators",
      othersWhoSign(kind),
      "or have the account enable the session.",
    ],
    details: { kind },
  });

/** Further signers that such an account accepts, in the sentence of {@link noSigner}. */
function othersWhoSign(kind: Erc7579AccountKind): string {
  const { owners } = erc7579AdapterOf(kind);
  if (!owners) return "in its validator's signature format,";
  return owners.ofSafe
    ? "(for a Safe7579 also the Safe's owners),"
    : "(for a Kernel also the key of its root validator),";
}
