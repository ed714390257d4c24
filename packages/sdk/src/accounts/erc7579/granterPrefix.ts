import type { Address, Hex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { addressBytes } from "../../internal/addressBytes.ts";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

/**
 * What the owner's grants begin with: the bytes by which the account is told whom to ask about them. Name it at
 * installation, and put it before the owner's signature in every grant.
 *
 * A signature chooses its own validator on these accounts, so without this a weak validator that the account also has
 * could grant in the owner's name. Name the one that the owner would trust with everything.
 *
 * @param parameters.validator The owner's validator module. May be left out on a Kernel (its root validator, whichever
 * that is by then) and on a Safe7579 (the Safe's owners, as the Safe itself checks them).
 * @throws {InvalidInput} UNKNOWN_VALIDATOR: the validator is left out on any other account; INVALID_ADDRESS; UNSUPPORTED_ACCOUNT: no such kind.
 */
export function granterPrefix({ kind, validator }: { kind: Erc7579AccountKind; validator?: Address }): Hex {
  const adapter = erc7579AdapterOf(kind);
  if (validator !== undefined) return adapter.granterPrefix(addressBytes(validator, "validator"));
  if (adapter.owners) return adapter.owners.prefix;
  throw new InvalidInput({
    code: "UNKNOWN_VALIDATOR",
    shortMessage: `It is not said which validator of the account (${kind}) speaks for its owner.`,
    metaMessages: ["Name it: pass the address of that validator module as validator."],
    details: { kind },
  });
}
