export { combineGrants } from "./combineGrants.ts";
export { enabledGrant } from "./enabledGrant.ts";
export {
  type AccountKind,
  GRANT_VERSION,
  type Grant,
  type Proposal,
  type SessionJson,
} from "./Grant.ts";
export { GRANT_SCHEMA_ID, grantJsonSchema } from "./grantJsonSchema.ts";
export { grantSession } from "./grantSession.ts";
export { parseGrant } from "./parseGrant.ts";
export type { SessionCarrier } from "./SessionCarrier.ts";
export { serializeGrant } from "./serializeGrant.ts";
export { sessionJson } from "./sessionJson.ts";
export { signGrant } from "./signGrant.ts";
export { type GrantVerdict, verifyGrant } from "./verifyGrant.ts";
