import type { Grant } from "./Grant.ts";

/** The text of a grant file: JSON, one field a line. It holds no secret. Read it back by {@link parseGrant}. */
export const serializeGrant = (grant: Grant): string => `${JSON.stringify(grant, undefined, 2)}\n`;
