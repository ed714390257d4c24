import { PageFailure } from "../wording/PageFailure.ts";

/**
 * Why passkeys cannot work here at all: they need a browser that knows them, an encrypted page, a site with a name.
 *
 * @returns NO_WEBAUTHN, or undefined where they can.
 */
export function webAuthnFailure(): PageFailure | undefined {
  const { hostname } = window.location;
  const isAddress = /^[\d.]+$/.test(hostname) || hostname.includes(":") || hostname === "";
  // A browser may know the name and not the thing.
  const isKnown = typeof window.PublicKeyCredential === "function";
  return window.isSecureContext && isKnown && !isAddress ? undefined : new PageFailure("NO_WEBAUTHN");
}

/** @throws {PageFailure} NO_WEBAUTHN: see {@link webAuthnFailure}. */
export function requireWebAuthn(): void {
  const failure = webAuthnFailure();
  if (failure) throw failure;
}

/**
 * What an error of `navigator.credentials` means. Browsers tell little on purpose: a closed prompt and a missing passkey are
 * the same to them.
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
