export { hashCarriedSession } from "./hashCarriedSession.ts";
export { encodeSession, packSession } from "./packSession.ts";
export { type CarriedSession, decodeSession, type UnpackedSession, unpackSession } from "./unpackSession.ts";
export type { WholeParts } from "./WholeParts.ts";
