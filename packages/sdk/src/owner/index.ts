export type { AccountSender, BySafeOwners, BySending, PayingClient, ReadingClient } from "./AccountSender.ts";
export { enableSession, type SessionToEnable } from "./enableSession.ts";
export { executeAsSafe } from "./executeAsSafe.ts";
export type { Owner, PasskeyBytes, PasskeyOwner, PasskeyRequest } from "./Owner.ts";
export { pauseSession } from "./pauseSession.ts";
export { resumeSession } from "./resumeSession.ts";
export { revokeAllSessions, type SessionsToRevoke } from "./revokeAllSessions.ts";
export { revokeSession, type SessionToChange } from "./revokeSession.ts";
export type { ValidatorSigner } from "./ValidatorSigner.ts";
