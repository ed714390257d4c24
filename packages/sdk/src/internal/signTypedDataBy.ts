import {
  type Account,
  type Address,
  type Chain,
  concat,
  type Hex,
  hashTypedData,
  isAddressEqual,
  isHex,
  type LocalAccount,
  numberToHex,
  parseSignature,
  recoverAddress,
  size,
  type Transport,
  type TypedData,
  type TypedDataDefinition,
  type WalletClient,
} from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { Refusal } from "../errors/Refusal.ts";
import { askSigner } from "./askSigner.ts";

/** Who signs with a secp256k1 key: a viem account, or a wallet client that has an account. */
export type EcdsaSigner = LocalAccount | WalletClient<Transport, Chain | undefined, Account>;

/** The address that a signer signs for. */
export const signerAddress = (signer: EcdsaSigner): Address =>
  "account" in signer ? signer.account.address : signer.address;

/**
 * Has typed data signed, and returns the signature as it is: the wallet of a contract account signs in that
 * account's own format.
 *
 * @throws {Refusal} NOT_SIGNED, NETWORK
 */
export const requestSignature = (signer: EcdsaSigner, message: TypedDataDefinition): Promise<Hex> =>
  askSigner(async () => {
    const signature =
      "account" in signer
        ? await signer.signTypedData({ account: signer.account, ...message })
        : await signer.signTypedData(message);
    if (isHex(signature)) return signature;
    throw new Refusal({
      code: "NOT_SIGNED",
      shortMessage: "The signer did not return a signature.",
      metaMessages: ["Nothing was sent. Check that the client's transport is a wallet's."],
    });
  });

/**
 * Has typed data signed, and checks that the contracts accept the signature's format.
 *
 * @param expected Whose signature it must be.
 * @returns r ‖ s ‖ v, 65 bytes, low s, v 27 or 28.
 * @throws {InvalidInput} INVALID_SIGNER: another signer's signature, or one in another format.
 * @throws {Refusal} NOT_SIGNED, NETWORK
 */
export async function signTypedDataBy<
  const typedData extends TypedData | Record<string, unknown>,
  primaryType extends keyof typedData | "EIP712Domain",
>(
  signer: EcdsaSigner,
  expected: Address,
  definition: TypedDataDefinition<typedData, primaryType>,
): Promise<Hex> {
  // viem's overloads cannot be called with an open primary type; the definition was checked on the way in.
  const message = definition as TypedDataDefinition;
  const signature = await requestSignature(signer, message);
  const refuse = (shortMessage: string) =>
    new InvalidInput({
      code: "INVALID_SIGNER",
      shortMessage,
      metaMessages: [`Sign with the secp256k1 key of ${expected}, not with a contract or another key.`],
      details: { expected },
    });
  if (size(signature) !== 65) throw refuse(`The signature has ${size(signature)} bytes; expected 65.`);
  const { r, s, yParity } = parseSignature(signature);
  const normal = concat([r, s, numberToHex(27 + yParity, { size: 1 })]);
  const recovered = await recoverAddress({ hash: hashTypedData(message), signature: normal });
  if (!isAddressEqual(recovered, expected))
    throw refuse(`The signature is by ${recovered}; expected ${expected}.`);
  if (BigInt(s) > 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n)
    throw refuse("The signature has a high s.");
  return normal;
}
