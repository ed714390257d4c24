import { PageFailure } from "../wording/PageFailure.ts";

/**
 * Makes sure that passkeys can work at all: a browser that knows them, an encrypted page, a site with a name.
 *
 * @throws {PageFailure} NO_WEBAUTHN
 */
export function requireWebAuthn(): void {
  const { hostname } = window.location;
  const isAddress = /^[\d.]+$/.test(hostname) || hostname.includes(":") || hostname === "";
  if (!window.isSecureContext || !("PublicKeyCredential" in window) || isAddress)
    throw new PageFailure("NO_WEBAUTHN");
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
