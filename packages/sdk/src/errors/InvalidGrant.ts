import { Refusal } from "./Refusal.ts";

/** Thrown for a grant that cannot be read, or is for another version, chain or module. */
export class InvalidGrant extends Refusal {
  override readonly name: string = "InvalidGrant";
}
