import type { Erc7579AccountKind } from "./erc7579/Erc7579AccountKind.ts";

/** Which kind of account grants: it decides how a grant is signed and verified, and how a token asks it. */
export type AccountKind = "safe" | Erc7579AccountKind;
