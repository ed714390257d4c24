import type { Address } from "viem";
import type { Session } from "../session/Session.ts";

/** Anything that identifies a session and its module: a proposal or a grant. */
export type SessionCarrier = { module: Address; session: Session };
