import { Refusal } from "./Refusal.ts";

/** Thrown for an argument that cannot be meant, or that does not fit what the chain says, before anything is sent. */
export class InvalidInput extends Refusal {
  override readonly name: string = "InvalidInput";
}
