import type { Erc7579AccountKind } from "./erc7579/Erc7579AccountKind.ts";

/** The kind of the granting account: it decides how a grant is signed and verified, and how a token queries it. */
export type AccountKind = "safe" | Erc7579AccountKind;
