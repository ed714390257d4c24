import { type Hex, hashTypedData, hexToBytes, isHex, type TypedData, type TypedDataDefinition } from "viem";
import { safeAddresses } from "../accounts/safe/safeAddresses.ts";
import { encodePasskeyAssertion, type PasskeyAssertion } from "../accounts/safe/safePasskeySignature.ts";
import { type SafeOwnerSignature, safeSignatures } from "../accounts/safe/safeSignatures.ts";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { askSigner } from "../internal/askSigner.ts";
import { signerAddress, signTypedDataBy } from "../internal/signTypedDataBy.ts";
import type { Owner, PasskeyOwner, PasskeyRequest } from "./Owner.ts";

/**
 * Has owners of a Safe sign typed data in the Safe's own domain: one request each, one after the other.
 *
 * @returns The bytes that the Safe checks.
 * @throws {InvalidInput} INVALID_SIGNER: no owner, another's signature, or a passkey that did not sign. Only the chain knows whether the
 * signers are owners.
 * @throws {Refusal} NOT_SIGNED, NETWORK
 */
export async function ownersSignature<
  const typedData extends TypedData,
  primaryType extends keyof typedData | "EIP712Domain",
>(owner: Owner | readonly Owner[], definition: TypedDataDefinition<typedData, primaryType>): Promise<Hex> {
  const owners: readonly Owner[] = isList(owner) ? owner : [owner];
  if (owners.length === 0) throw noSigner("There is no signer.");
  const signatures: SafeOwnerSignature[] = [];
  // A device shows one prompt at a time.
  for (const one of owners) {
    if ("rawId" in one) signatures.push(await askPasskey(one, hashTypedData(definition)));
    else {
      const signer = signerAddress(one);
      signatures.push({ signer, signature: await signTypedDataBy(one, signer, definition) });
    }
  }
  return safeSignatures(signatures);
}

const isList = (owner: Owner | readonly Owner[]): owner is readonly Owner[] => Array.isArray(owner);

async function askPasskey(passkey: PasskeyOwner, challenge: Hex): Promise<SafeOwnerSignature> {
  const get = passkey.getFn ?? ((options: PasskeyRequest) => navigator.credentials.get(options));
  const id: Hex = isHex(passkey.rawId) ? passkey.rawId : `0x${passkey.rawId}`;
  const publicKey = {
    challenge: Uint8Array.from(hexToBytes(challenge)),
    allowCredentials: [{ type: "public-key" as const, id: Uint8Array.from(hexToBytes(id)) }],
    userVerification: "required" as const,
    ...(passkey.rpId === undefined ? {} : { rpId: passkey.rpId }),
  };
  const credential = await askSigner(() => get({ publicKey }));
  if (!credential || !("response" in credential)) throw noSigner("The passkey did not return a signature.");
  return {
    signer: passkey.signer ?? safeAddresses.sharedSigner,
    signature: encodePasskeyAssertion(credential.response as PasskeyAssertion),
    isContract: true,
  };
}

const noSigner = (shortMessage: string) =>
  new InvalidInput({
    code: "INVALID_SIGNER",
    shortMessage,
    metaMessages: ["Pass a viem account, a wallet client with an account, or a passkey with its rawId."],
  });
