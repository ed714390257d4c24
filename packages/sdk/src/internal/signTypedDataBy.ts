import {
  type Account,
  type Address,
  type Chain,
  type Hex,
  hashTypedData,
  type LocalAccount,
  size,
  type Transport,
  type TypedData,
  type TypedDataDefinition,
  type WalletClient,
} from "viem";
import { askSignature } from "./askSigner.ts";
import { normalSignature, signatureBy } from "./ecdsaSignature.ts";

/** Who signs with a secp256k1 key: a viem account, or a wallet client that has an account. */
export type EcdsaSigner = LocalAccount | WalletClient<Transport, Chain | undefined, Account>;

/** What signs typed data as such a signer does. */
export type TypedDataSigner = Pick<LocalAccount, "signTypedData"> | Exclude<EcdsaSigner, LocalAccount>;

/** The address that a signer signs for. */
export const signerAddress = (signer: EcdsaSigner): Address =>
  "account" in signer ? signer.account.address : signer.address;

/**
 * Has typed data signed, and returns the signature as it is: the wallet of a contract account signs in that
 * account's own format.
 *
 * @throws {Refusal} NOT_SIGNED, NETWORK
 */
export const requestSignature = (signer: TypedDataSigner, message: TypedDataDefinition): Promise<Hex> =>
  askSignature(() =>
    "account" in signer
      ? signer.signTypedData({ account: signer.account, ...message })
      : signer.signTypedData(message),
  );

/**
 * Has typed data signed, and returns the signature in the form that the contracts accept.
 *
 * @param expected Whose signature it must be.
 * @param options.isProven Only the form is checked, as the signer has signed for that address before, and the account looks
 * at the signature before it counts: to recover who signed takes a fifth of a payment's CPU time.
 * @returns r ‖ s ‖ v, 65 bytes, low s, v 27 or 28.
 * @throws {InvalidInput} INVALID_SIGNER: another signer's signature, or not a signature.
 * @throws {Refusal} NOT_SIGNED, NETWORK
 */
export async function signTypedDataBy<
  const typedData extends TypedData | Record<string, unknown>,
  primaryType extends keyof typedData | "EIP712Domain",
>(
  signer: TypedDataSigner,
  expected: Address,
  definition: TypedDataDefinition<typedData, primaryType>,
  { isProven = false }: { isProven?: boolean } = {},
): Promise<Hex> {
  // viem's overloads cannot be called with an open primary type; the definition was checked on the way in.
  const message = definition as TypedDataDefinition;
  const signature = await requestSignature(signer, message);
  // 64 bytes do not say which of two signers they are by.
  const normal = isProven && size(signature) === 65 ? normalSignature(signature) : undefined;
  return normal ?? signatureBy(expected, { hash: hashTypedData(message), signature });
}
