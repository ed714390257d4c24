import { type Hex, isHex, size } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";

/**
 * Reads bytes in hex.
 *
 * @param path Their path in the caller's arguments, for the message.
 * @param bytes How many there must be; any number if absent.
 * @throws {InvalidInput} INVALID_INPUT: not `0x` and whole bytes of hex, or another number of them.
 */
export function parseHex(value: Hex, path: string, bytes?: number): Hex {
  const isBytes = typeof value === "string" && isHex(value) && value.length % 2 === 0;
  if (isBytes && (bytes === undefined || size(value) === bytes)) return value;
  throw new InvalidInput({
    code: "INVALID_INPUT",
    shortMessage: value === undefined ? `${path} is missing.` : `${path} is not valid hex.`,
    metaMessages: [
      `Pass 0x and two hex digits for each byte${bytes === undefined ? "" : `: ${bytes} bytes`}.`,
    ],
    details: { path },
  });
}
