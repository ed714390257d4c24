import { decodeError } from "../errors/decodeError.ts";
import { Refusal } from "../errors/Refusal.ts";

/**
 * Has somebody sign who may say no: an owner's wallet, a passkey, a key that is kept elsewhere.
 *
 * @throws {Refusal} NOT_SIGNED: no signature came, for whatever reason; NETWORK: the signer could not be asked.
 */
export async function askSigner<signature>(sign: () => Promise<signature>): Promise<signature> {
  try {
    return await sign();
  } catch (cause) {
    const refusal = decodeError(cause);
    if (refusal.code !== "UNKNOWN") throw refusal;
    throw new Refusal({
      code: "NOT_SIGNED",
      shortMessage: `No signature came: ${cause instanceof Error ? firstLine(cause.message) : "no reason was given"}.`,
      metaMessages: ["Nothing was sent. Look at the cause: who was asked said no, or could not sign this."],
      cause,
    });
  }
}

const firstLine = (message: string): string => (message.split("\n")[0] ?? "").replace(/\.$/, "");
