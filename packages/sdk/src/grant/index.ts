/** The agent's grant file: a session and its owner's signature. */
export { enabledGrant } from "./enabledGrant.ts";
export { GRANT_SCHEMA_ID, GRANT_VERSION, type Grant, type Proposal } from "./Grant.ts";
export { grantJsonSchema } from "./grantJsonSchema.ts";
export { parseGrant } from "./parseGrant.ts";
export type { SessionCarrier } from "./SessionCarrier.ts";
export { serializeGrant } from "./serializeGrant.ts";
export { type GrantVerdict, verifyGrant } from "./verifyGrant.ts";
