import { type Hex, isHex } from "viem";
import { decodeError } from "../errors/decodeError.ts";
import { Refusal } from "../errors/Refusal.ts";

/**
 * Requests a signature that may be rejected: from an owner's wallet, a passkey, a remote key.
 *
 * @throws {Refusal} NOT_SIGNED: it was not signed, for any reason; NETWORK: the signer could not be reached.
 */
export async function askSigner<signature>(sign: () => Promise<signature>): Promise<signature> {
  try {
    return await sign();
  } catch (cause) {
    const refusal = decodeError(cause);
    if (refusal.code !== "UNKNOWN") throw refusal;
    throw new Refusal({
      code: "NOT_SIGNED",
      shortMessage: `The request was not signed: ${cause instanceof Error ? firstLine(cause.message) : "no reason was given"}.`,
      metaMessages: [
        "Nothing was sent. See the cause: the signer rejected the request, or could not sign it.",
      ],
      cause,
    });
  }
}

/**
 * Requests a signature in hex, and returns it as it is.
 *
 * @throws {Refusal} NOT_SIGNED, NETWORK
 */
export const askSignature = (sign: () => Promise<Hex>): Promise<Hex> =>
  askSigner(async () => {
    const signature = await sign();
    if (isHex(signature)) return signature;
    throw new Refusal({
      code: "NOT_SIGNED",
      shortMessage: "The signer did not return a signature.",
      metaMessages: [
        "Nothing was sent. A signature is hex; the transport of a wallet client must be a wallet's.",
      ],
    });
  });

const firstLine = (message: string): string => (message.split("\n")[0] ?? "").replace(/\.$/, "");
