import type { ChangeKind } from "./SessionChange.ts";

/** A change that the reader is offered. */
export type ChangeOffer = {
  kind: ChangeKind;
  /** The button's name. */
  label: string;
  look: "danger" | "danger-quiet" | "secondary";
  /** What the button does, beside it. */
  does: string;
};
