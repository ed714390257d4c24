import type { Hash, Hex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { askSigner } from "../../internal/askSigner.ts";
import type { UserOpKey } from "./UserOpKey.ts";

/**
 * How a key signs bare hashes.
 *
 * @throws {InvalidInput} INVALID_SIGNER: it cannot. On signing as {@link askSigner}.
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
  return (hash) => askSigner(() => sign.call(key, { hash }));
}
