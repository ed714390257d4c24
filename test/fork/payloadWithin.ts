import { type Hex, slice } from "viem";

/** The payload that a Safe's signature carries: all of it, or the last argument of what ExtensibleFallbackHandler takes. */
export function payloadWithin(signature: Hex): Hex {
  if (!signature.startsWith("0x5fd7e97d")) return signature;
  const args = slice(signature, 4);
  const offset = Number(slice(args, 96, 128));
  const length = Number(slice(args, offset, offset + 32));
  return slice(args, offset + 32, offset + 32 + length);
}
