export type { BalanceFloor } from "./BalanceFloor.ts";
export { encodeReplaceSession } from "./encodeReplaceSession.ts";
export { readBalanceFloors } from "./readBalanceFloors.ts";
export { replaceSession, type SessionToReplace } from "./replaceSession.ts";
