import { PageFailure } from "../wording/PageFailure.ts";

/**
 * Why passkeys cannot work here: they need browser support, a secure context and a host name.
 *
 * @returns NO_WEBAUTHN, or undefined if they can.
 */
export function webAuthnFailure(): PageFailure | undefined {
  const { hostname } = window.location;
  const isAddress = /^[\d.]+$/.test(hostname) || hostname.includes(":") || hostname === "";
  // A browser may define the name without supporting it.
  const isKnown = typeof window.PublicKeyCredential === "function";
  return window.isSecureContext && isKnown && !isAddress ? undefined : new PageFailure("NO_WEBAUTHN");
}

/** @throws {PageFailure} NO_WEBAUTHN: see {@link webAuthnFailure}. */
export function requireWebAuthn(): void {
  const failure = webAuthnFailure();
  if (failure) throw failure;
}

/**
 * Interprets an error of `navigator.credentials`. Browsers reveal little on purpose: a closed prompt and a missing
 * passkey look the same.
 */
export function passkeyFailure(error: unknown, made: boolean): PageFailure {
  if (error instanceof PageFailure) return error;
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "AbortError") return new PageFailure("CANCELLED", {}, error);
  if (name === "SecurityError" || name === "TypeError") return new PageFailure("NO_WEBAUTHN", {}, error);
  if (made && (name === "NotSupportedError" || name === "ConstraintError"))
    return new PageFailure("NO_PASSKEY_CREATED", {}, error);
  return new PageFailure("PASSKEY_FAILED", { reason: name || String(error) }, error);
}
