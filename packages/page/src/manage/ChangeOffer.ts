import type { ChangeKind } from "./SessionChange.ts";

/** A change offered to the user. */
export type ChangeOffer = {
  kind: ChangeKind;
  /** The button's label. */
  label: string;
  look: "danger" | "danger-quiet" | "secondary";
  /** What the button does, shown next to it. */
  does: string;
};
