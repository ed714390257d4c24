/** What a session is. */
export type { CallRequest, EncodedCall } from "./CallRequest.ts";
export { checkSession, type Flaw } from "./checkSession.ts";
export { grantDigest } from "./grantDigest.ts";
export { hashSession } from "./hashSession.ts";
export * from "./Session.ts";
export type { SignedPaymentKind } from "./SignedPaymentKind.ts";
export type { Slot } from "./Slot.ts";
export { type SessionState, sessionState } from "./sessionState.ts";
export { sessionTypedData } from "./sessionTypedData.ts";
