import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

/** How many bytes of a nonce's key each kind of account leaves to choose. */
export const laneBytes: Readonly<Record<Erc7579AccountKind, number>> = {
  openzeppelin: 4,
  reference: 4,
  safe7579: 4,
  nexus: 3,
  kernel: 2,
};
