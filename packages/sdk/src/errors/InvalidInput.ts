import { Refusal } from "./Refusal.ts";

/** Thrown for an argument that cannot be meant, before anything is read, signed or sent. */
export class InvalidInput extends Refusal {
  override readonly name: string = "InvalidInput";
}
