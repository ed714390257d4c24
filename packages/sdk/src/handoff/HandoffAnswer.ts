import type { Address, Hex } from "viem";
import type { Grant } from "../grant/Grant.ts";
import type { HANDOFF_VERSION } from "./HandoffRequest.ts";

/** A transaction that anyone may send, and that must be mined before the grant works. */
export type HandoffTransaction = { to: Address; data: Hex; value: "0x0" };

/** The owner granted the request: the grant, and what must be mined before it works. */
export type GrantedAnswer = {
  version: typeof HANDOFF_VERSION;
  /** Of the request. */
  nonce: Hex;
  status: "granted";
  grant: Grant;
  /**
   * To be mined in this order before the grant works: the creation of the Safe, or its execution of the batch that installs
   * the module. Empty if the account is ready.
   */
  transactions: readonly HandoffTransaction[];
};

/** An owner's answer to a {@link HandoffRequest}; serialized with `JSON.stringify`. It holds no secret. */
export type HandoffAnswer =
  | GrantedAnswer
  | { version: typeof HANDOFF_VERSION; nonce: Hex; status: "declined" };
