import type { Address } from "viem";
import type { Session } from "../Session.ts";
import type { SessionJson } from "./Grant.ts";

/** Anything that says which session of which module is meant: a proposal or a grant. */
export type SessionCarrier = { module: Address; session: Session | SessionJson };
