import type { Address } from "viem";
import type { Session } from "../session/Session.ts";

/** Anything that says which session of which module is meant: a proposal or a grant. */
export type SessionCarrier = { module: Address; session: Session };
