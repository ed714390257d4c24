import type { Address, Hex } from "viem";
import { InvalidInput } from "../../errors/InvalidInput.ts";
import { addressBytes } from "../../internal/addressBytes.ts";
import { erc7579AdapterOf } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

/**
 * What the owner's grants start with: the bytes that tell the account which validator checks them. Set it at
 * installation, and prepend it to the owner's signature in every grant.
 *
 * On these accounts a signature selects its own validator, so without a granter a weak validator of the account
 * could grant for the owner. Use the validator that the owner trusts with everything.
 *
 * @param parameters.validator The owner's validator module. May be omitted on a Kernel (its current root
 * validator) and on a Safe7579 (the Safe's owners, as the Safe itself checks them).
 * @throws {InvalidInput} UNKNOWN_VALIDATOR: the validator is omitted on any other account; INVALID_ADDRESS; UNSUPPORTED_ACCOUNT.
 */
export function granterPrefix({ kind, validator }: { kind: Erc7579AccountKind; validator?: Address }): Hex {
  const adapter = erc7579AdapterOf(kind);
  if (validator !== undefined) return adapter.granterPrefix(addressBytes(validator, "validator"));
  if (adapter.owners) return adapter.owners.prefix;
  throw new InvalidInput({
    code: "UNKNOWN_VALIDATOR",
    shortMessage: `The owner's validator is missing; an account of kind ${kind} needs it.`,
    metaMessages: ["Pass the address of the owner's validator module as validator."],
    details: { kind },
  });
}
