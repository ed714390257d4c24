import {
  type Address,
  type Chain,
  type Client,
  type Hex,
  hashTypedData,
  isAddressEqual,
  type Transport,
  type TypedDataDefinition,
} from "viem";
import { getEip712Domain } from "../chainActions.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { isRefusal } from "../errors/isRefusal.ts";
import type { ValidatorSigner } from "../owner/ValidatorSigner.ts";
import { type AccountDomain, nestedSession, wrapNestedSignature } from "./nestedSession.ts";

/**
 * A signer for {@link signGrant} on accounts whose validator takes signatures nested by ERC-7739. The owner's wallet shows
 * the session's content, inside of the account's own domain.
 *
 * It writes ERC-7739's explicit mode, the only one in which a session can be signed: the names of its types (`Action`,
 * `Budget`, `Rule`) come before `Session`, so the shorter, implicit mode describes other types than a wallet hashes.
 *
 * @param client Any viem client of the account's chain: the account is asked for its domain (ERC-5267) when it signs.
 * @param parameters.granter What the account's grants begin with, as named at installation: {@link granterPrefix}.
 * @param parameters.account The account, which must be deployed.
 * @param parameters.sign Has the owner sign typed data: `(nested) => wallet.signTypedData(nested)`; for a key that signs
 * hashes, and for a passkey, of viem's `hashTypedData(nested)`.
 * @returns A signer that throws INVALID_SIGNER where the account tells no whole domain, is another than the session's, or
 * asks its validators about a hash of its own, as a Kernel does: a session cannot be nested there; NETWORK where the account
 * cannot be asked.
 *
 * @example
 * const signer = erc7739Signer(client, { account, granter, sign: (nested) => owner.signTypedData(nested) });
 * const grant = await signGrant(signer, proposal);
 */
export function erc7739Signer(
  client: Client<Transport, Chain | undefined>,
  parameters: { granter: Hex; account: Address; sign: (nested: TypedDataDefinition) => Promise<Hex> },
): ValidatorSigner {
  const { granter, account, sign } = parameters;
  return {
    granter,
    async sign(digest, session) {
      if (!isAddressEqual(account, session.message.account))
        throw cannotSign(
          `The signer is for the account ${account}; the session is of ${session.message.account}.`,
          "Make a signer for the session's account.",
          account,
        );
      if (digest !== hashTypedData(session))
        throw cannotSign(
          "The account asks its validators about a hash of its own, in which no session can be nested.",
          "Use a validator that takes plain signatures, or have the account enable the session.",
          account,
        );
      const domain = await accountDomain(client, account);
      const nested = nestedSession(session, domain) as TypedDataDefinition;
      return wrapNestedSignature(await sign(nested), session);
    },
  };
}

async function accountDomain(
  client: Client<Transport, Chain | undefined>,
  account: Address,
): Promise<AccountDomain> {
  const refuse = (cause?: unknown) =>
    cannotSign(
      `The account ${account} tells no whole domain by ERC-5267, so nothing can be nested in it.`,
      "Check the address, and that the account is deployed; or sign in the form that its validator takes.",
      account,
      cause,
    );
  const { domain } = await getEip712Domain(client, { address: account }).catch((cause: unknown) => {
    throw isRefusal(cause, "NETWORK") ? cause : refuse(cause);
  });
  const { name, version, chainId, verifyingContract, salt } = domain;
  if (!name || !version || !chainId || !verifyingContract || !salt) throw refuse();
  return { name, version, chainId: Number(chainId), verifyingContract, salt };
}

const cannotSign = (shortMessage: string, metaMessage: string, account: Address, cause?: unknown) =>
  new InvalidInput({
    code: "INVALID_SIGNER",
    shortMessage,
    metaMessages: [metaMessage],
    details: { account },
    cause,
  });
