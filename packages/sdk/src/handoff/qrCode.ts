import { renderUnicodeCompact } from "uqr";

/** Bytes that a QR code holds at its lowest error correction. */
const MOST = 2953;

/** A QR code of ASCII text for a terminal, dark on light, two rows a line; undefined where the text does not fit in one. */
export const qrCode = (text: string): string | undefined =>
  text.length > MOST ? undefined : renderUnicodeCompact(text, { ecc: "L", boostEcc: false, border: 2 });
