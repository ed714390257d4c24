import type { SessionHandoff } from "@latchkey/sdk/node";

/**
 * A request for the owner: the link, the codes to compare, and a QR code where it fits.
 *
 * @param columns Of the terminal.
 */
export function linkText({ link, code, fingerprint, qr }: SessionHandoff, columns: number): string {
  const fits = qr !== undefined && qr.indexOf("\n") <= columns;
  return [
    "To allow this agent to spend, open:",
    "",
    link,
    "",
    `The page must show the code ${code} and the key ${fingerprint}.`,
    "If it does not, decline.",
    ...(fits ? ["", qr] : []),
  ].join("\n");
}

/** The same for programs. */
export const linkFacts = ({ link, code, fingerprint, request }: SessionHandoff) => ({
  status: "waiting",
  link,
  code,
  fingerprint,
  key: request.permissions[0]?.to,
});
