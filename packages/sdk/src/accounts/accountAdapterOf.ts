import type { AccountAdapter } from "./AccountAdapter.ts";
import type { AccountKind } from "./AccountKind.ts";
import { erc7579Adapter } from "./erc7579Adapter.ts";
import { safeAdapter } from "./safeAdapter.ts";

/** The adapter for accounts of a kind. */
export const accountAdapterOf = (kind: AccountKind): AccountAdapter =>
  kind === "safe" ? safeAdapter : erc7579Adapter(kind);
