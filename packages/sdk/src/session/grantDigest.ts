import { type Address, type Hex, hashTypedData } from "viem";
import type { Session } from "./Session.ts";
import { sessionTypedData } from "./sessionTypedData.ts";

/**
 * What the account's owner grants: the EIP-712 digest of the session, equal to
 * `ISessionModule.grantDigest`. An account may wrap it before its owner signs: a Safe signs the SafeMessage of it.
 */
export const grantDigest = (session: Session, domain: { chainId: number; module: Address }): Hex =>
  hashTypedData(sessionTypedData(session, domain));
