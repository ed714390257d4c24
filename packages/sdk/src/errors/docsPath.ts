import type { RefusalCode } from "./Refusal.ts";

/** Where the documentation is published. */
export const DOCS_BASE = "https://github.com/latchkey/latchkey/blob/main/docs";

/** The address of the section about a code. */
export const docsPathOf = (code: RefusalCode): string =>
  `${DOCS_BASE}/errors.md#${code.toLowerCase().replaceAll("_", "-")}`;
