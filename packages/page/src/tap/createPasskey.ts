import { bytesToHex, type Hex } from "viem";
import { PageFailure } from "../wording/PageFailure.ts";
import type { PublicKey } from "./Passkey.ts";
import { passkeyFailure, requireWebAuthn } from "./passkeyFailure.ts";
import { publicKeyOf } from "./publicKeyOf.ts";

/** A new passkey and the site it was created for. */
export type NewPasskey = { id: Hex; publicKey: PublicKey; rpId: string };

const ES256 = -7;

/**
 * Creates a passkey for this site on the user's device. Call it directly in the click handler, before any await:
 * browsers show the prompt only in response to a click.
 *
 * @throws {PageFailure} NO_WEBAUTHN, CANCELLED, NO_PASSKEY_CREATED, UNSUITABLE_PASSKEY, PASSKEY_FAILED
 */
export function createPasskey(): Promise<NewPasskey> {
  try {
    requireWebAuthn();
    const rpId = window.location.hostname;
    const label = `Latchkey account, ${new Date().toISOString().slice(0, 10)}`;
    const created = navigator.credentials.create({
      publicKey: {
        rp: { id: rpId, name: "Latchkey" },
        user: { id: crypto.getRandomValues(new Uint8Array(16)), name: label, displayName: label },
        // The response proves nothing: only its public key is used.
        challenge: crypto.getRandomValues(new Uint8Array(32)),
        pubKeyCredParams: [{ type: "public-key", alg: ES256 }],
        authenticatorSelection: {
          residentKey: "required",
          requireResidentKey: true,
          userVerification: "required",
          // Chrome on iOS is known to fail without this.
          ...(navigator.userAgent.includes("CriOS/") ? { authenticatorAttachment: "platform" as const } : {}),
        },
        attestation: "none",
        timeout: 120_000,
      },
    });
    return created.then(
      (credential) => readNew(credential, rpId),
      (error: unknown) => {
        throw passkeyFailure(error, true);
      },
    );
  } catch (error) {
    return Promise.reject(passkeyFailure(error, true));
  }
}

function readNew(credential: Credential | null, rpId: string): NewPasskey {
  if (!(credential instanceof PublicKeyCredential)) throw new PageFailure("NO_PASSKEY_CREATED");
  const response = credential.response as AuthenticatorAttestationResponse;
  const spki = response.getPublicKeyAlgorithm() === ES256 ? response.getPublicKey() : null;
  if (!spki) throw new PageFailure("UNSUITABLE_PASSKEY", { reason: "its key is not a P-256 key" });
  return {
    id: bytesToHex(new Uint8Array(credential.rawId)),
    publicKey: publicKeyOf(new Uint8Array(spki)),
    rpId,
  };
}
