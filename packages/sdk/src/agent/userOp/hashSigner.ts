import type { Hash, Hex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { askSignature } from "../../internal/askSigner.ts";
import { signatureBy } from "../../internal/ecdsaSignature.ts";
import type { UserOpKey } from "./UserOpKey.ts";

/**
 * How a key signs bare hashes, in the form that the contracts accept: 65 bytes, low s, v 27 or 28.
 *
 * @throws {InvalidInput} INVALID_SIGNER: it cannot, or its signature is by another key. On signing as {@link askSignature}.
 */
export function hashSigner(key: UserOpKey): (hash: Hash) => Promise<Hex> {
  const { sign } = key;
  if (!sign)
    throw new InvalidInput({
      code: "INVALID_SIGNER",
      shortMessage: `The account ${key.address} cannot sign bare hashes, as userOps require.`,
      metaMessages: ["Pass an account from viem's privateKeyToAccount, or an object with address and sign."],
      details: { key: key.address },
    });
  return async (hash) =>
    signatureBy(key.address, { hash, signature: await askSignature(() => sign.call(key, { hash })) });
}
