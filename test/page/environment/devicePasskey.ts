import { generateKeyPairSync, randomBytes } from "node:crypto";
import { bytesToBigInt } from "viem";
import type { Human } from "./Human.ts";

/** A passkey as it lies on a device: made for this site at another time. */
export type DevicePasskey = { id: Buffer; publicKey: { x: bigint; y: bigint } };

/**
 * Puts a passkey on a human's device. Nobody is asked.
 * @param id The credential's id; default: a new one. Of two with the same id the later one remains.
 */
export async function putPasskey(
  { cdp, authenticatorId }: Pick<Human, "cdp" | "authenticatorId">,
  id: Buffer = randomBytes(16),
): Promise<DevicePasskey> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  await cdp.send("WebAuthn.addCredential", {
    authenticatorId,
    credential: {
      credentialId: id.toString("base64"),
      isResidentCredential: true,
      rpId: "localhost",
      privateKey: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
      userHandle: randomBytes(16).toString("base64"),
      signCount: 0,
    },
  });
  const coordinate = (text: string) => bytesToBigInt(Buffer.from(text, "base64url"));
  return { id, publicKey: { x: coordinate(x), y: coordinate(y) } };
}
