import { bytesToHex, type Hex, hexToBytes } from "viem";
import { PageFailure } from "../wording/PageFailure.ts";
import type { Assertion } from "./Passkey.ts";
import { passkeyFailure, requireWebAuthn } from "./passkeyFailure.ts";

/**
 * Asks the user's passkey to sign 32 bytes. Call it directly in the click handler, before any await. The user may
 * choose any passkey: check the result with `verifyAssertion`.
 *
 * @param challenge The bytes to sign.
 * @param id The requested credential; if undefined, the browser offers all passkeys for this site.
 * @throws {PageFailure} NO_WEBAUTHN, CANCELLED, PASSKEY_FAILED
 */
export function askPasskey(challenge: Hex, id?: Hex): Promise<Assertion> {
  try {
    requireWebAuthn();
    const asked = navigator.credentials.get({
      publicKey: {
        challenge: Uint8Array.from(hexToBytes(challenge)),
        rpId: window.location.hostname,
        userVerification: "required",
        allowCredentials:
          id === undefined ? [] : [{ type: "public-key", id: Uint8Array.from(hexToBytes(id)) }],
        timeout: 120_000,
      },
    });
    return asked.then(read, (error: unknown) => {
      throw passkeyFailure(error, false);
    });
  } catch (error) {
    return Promise.reject(passkeyFailure(error, false));
  }
}

function read(credential: Credential | null): Assertion {
  if (!(credential instanceof PublicKeyCredential)) throw new PageFailure("CANCELLED");
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    id: bytesToHex(new Uint8Array(credential.rawId)),
    authenticatorData: new Uint8Array(response.authenticatorData),
    clientDataJSON: new Uint8Array(response.clientDataJSON),
    signature: new Uint8Array(response.signature),
  };
}
