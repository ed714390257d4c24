import type { Hash, Hex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { askSigner } from "../../internal/askSigner.ts";
import type { UserOpKey } from "./UserOpKey.ts";

/**
 * How a key signs hashes as they are.
 *
 * @throws {InvalidInput} INVALID_SIGNER: it signs none. Later {@link askSigner}'s.
 */
export function hashSigner(key: UserOpKey): (hash: Hash) => Promise<Hex> {
  const { sign } = key;
  if (!sign)
    throw new InvalidInput({
      code: "INVALID_SIGNER",
      shortMessage: `The account ${key.address} signs no hashes, which a userOp needs.`,
      metaMessages: [
        "Pass the key as viem's privateKeyToAccount makes one, or an object with address and sign.",
      ],
      details: { key: key.address },
    });
  return (hash) => askSigner(() => sign.call(key, { hash }));
}
