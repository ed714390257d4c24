import { type Address, concat, type Hex, numberToHex, pad, size, slice } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { addressBytes } from "../../internal/addressBytes.ts";
import { normalSignature } from "../../internal/ecdsaSignature.ts";
import { parseHex } from "../../internal/parseHex.ts";
import { parseList } from "../../internal/parseList.ts";

/** The signature of one owner of a Safe. */
export type SafeOwnerSignature = {
  /** The owner. */
  signer: Address;
  /**
   * Of a key: 65 bytes r ‖ s ‖ v (v 31 or 32 over an `eth_sign` message), or 64 (EIP-2098). Of a contract: what its
   * ERC-1271 function accepts.
   */
  signature: Hex;
  /** Whether the owner is a contract, such as the signer of a passkey. */
  isContract?: boolean;
};

/**
 * Joins owners' signatures into the bytes that a Safe checks: one part of 65 bytes for each owner, by ascending
 * address, then the contracts' own bytes, each prefixed with its length. A contract's part is its address, the
 * offset of its bytes, and 0.
 * @throws {InvalidInput} INVALID_SIGNER: a key's signature is not 65 bytes, or an owner signed twice; INVALID_ADDRESS; INVALID_INPUT.
 */
export function safeSignatures(signatures: readonly SafeOwnerSignature[]): Hex {
  const checked = parseList(signatures, "signatures", (one, path) => ({
    signer: addressBytes(one?.signer, `${path}.signer`),
    signature: parseHex(one.signature, `${path}.signature`),
    isContract: one.isContract,
  }));
  const sorted = checked.sort((a, b) => (BigInt(a.signer) < BigInt(b.signer) ? -1 : 1));
  let place = 65 * sorted.length;
  const heads: Hex[] = [];
  const tails: Hex[] = [];
  for (const [i, { signer, signature, isContract }] of sorted.entries()) {
    if (i > 0 && BigInt(signer) === BigInt(sorted[i - 1]?.signer ?? 0)) {
      throw invalid(`The owner ${signer} signed twice.`, signer);
    }
    if (!isContract) {
      heads.push(headOf(signer, signature));
      continue;
    }
    const tail = concat([numberToHex(size(signature), { size: 32 }), signature]);
    heads.push(concat([pad(signer), numberToHex(place, { size: 32 }), "0x00"]));
    tails.push(tail);
    place += size(tail);
  }
  return concat([...heads, ...tails]);
}

/** A Safe's own forms stay as they are: over an `eth_sign` message (v 31 or 32), or with the owner's address as r. */
function headOf(signer: Address, signature: Hex): Hex {
  const namesOwner = size(signature) === 65 && BigInt(slice(signature, 0, 32)) === BigInt(signer);
  const head = namesOwner ? signature : (normalSignature(signature) ?? signature);
  if (size(head) !== 65) throw invalid(`The signature of ${signer} is not 65 bytes long.`, signer);
  return head;
}

const invalid = (shortMessage: string, signer: Address) =>
  new InvalidInput({
    code: "INVALID_SIGNER",
    shortMessage,
    metaMessages: ["Pass one signature per owner; mark those of contracts with isContract."],
    details: { signer },
  });
