/** Functions for an account's owner: signing and sending. */

export type { BalanceFloor } from "../encoding/BalanceFloor.ts";
export type { AccountSender, BySafeOwners, BySending, PayingClient, ReadingClient } from "./AccountSender.ts";
export { combineGrants } from "./combineGrants.ts";
export { enableSession, type SessionToEnable } from "./enableSession.ts";
export { executeAsSafe } from "./executeAsSafe.ts";
export type { Reviewable } from "./isReviewable.ts";
export type { Owner, PasskeyBytes, PasskeyOwner, PasskeyRequest } from "./Owner.ts";
export { pauseSession } from "./pauseSession.ts";
export {
  type Permit2Change,
  type Permit2Occasion,
  type Permit2Plan,
  permit2Calls,
} from "./permit2/permit2Calls.ts";
export type { Permit2Spender } from "./permit2/permit2Spenders.ts";
export {
  type Permit2Search,
  type Permit2Standing,
  permit2Standing,
} from "./permit2/permit2Standing.ts";
export type { WithPermit2 } from "./permit2/withPermit2.ts";
export { readBalanceFloors } from "./replace/readBalanceFloors.ts";
export { replaceSession, type SessionToReplace } from "./replace/replaceSession.ts";
export { resumeSession } from "./resumeSession.ts";
export { revokeAllSessions, type SessionsToRevoke } from "./revokeAllSessions.ts";
export { revokeSession, type SessionToChange, type SessionToRevoke } from "./revokeSession.ts";
export { signGrant } from "./signGrant.ts";
export type { ValidatorSigner } from "./ValidatorSigner.ts";
