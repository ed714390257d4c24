import { Refusal } from "./Refusal.ts";

/** Thrown before anything is sent, for an argument that is not valid or contradicts the chain. */
export class InvalidInput extends Refusal {
  override readonly name: string = "InvalidInput";
}
