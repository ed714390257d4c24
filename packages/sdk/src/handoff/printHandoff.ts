import type { Writable } from "node:stream";
import type { SessionHandoff } from "./openHandoff.ts";

/**
 * Prints a request for the owner at this terminal: the link, the codes to compare, and a QR code for a phone, unless the
 * terminal is too narrow for it.
 *
 * @param output For example `process.stderr`.
 */
export function printHandoff(
  handoff: Pick<SessionHandoff, "link" | "code" | "fingerprint" | "qr"> & {
    request?: SessionHandoff["request"];
  },
  output: Writable & { columns?: number },
): void {
  const { link, code, fingerprint, qr, request } = handoff;
  const width = qr?.indexOf("\n") ?? 0;
  const fits = output.columns === undefined || output.columns >= width;
  const lines = [
    request?.replaces
      ? "To give this agent other limits in place of its present ones, open:"
      : "To allow this agent to spend, open:",
    "",
    link,
    "",
    `The page must show the code ${code} and the key ${fingerprint}. If it does not, decline.`,
    "",
    ...(qr === undefined
      ? []
      : fits
        ? [qr, ""]
        : [`A terminal of ${width} columns shows a QR code as well.`]),
  ];
  output.write(`${lines.join("\n")}\n`);
}
