import { type Hex, hashStruct } from "viem";
import { eip712Types } from "./eip712Types.ts";
import { readSession } from "./readSession.ts";
import type { Session } from "./Session.ts";

/**
 * The session's id: its EIP-712 struct hash, equal to `ISessionModule.hashSession`.
 *
 * @throws {InvalidInput} MALFORMED_SESSION
 */
export const hashSession = (session: Session): Hex =>
  hashStruct({ types: eip712Types, primaryType: "Session", data: readSession(session) });
