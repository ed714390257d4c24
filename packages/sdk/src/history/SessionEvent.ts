import type { Address, Hex } from "viem";
import type { Session } from "../session/Session.ts";
import type { SignedPaymentKind } from "../session/SignedPaymentKind.ts";
import type { Slot } from "../session/Slot.ts";

/** Where on the chain something happened. */
export type Occurrence = {
  blockNumber: bigint;
  /** Of the block, seconds of Unix time. */
  timestamp: number;
  transactionHash: Hex;
  /** Place within the block. */
  logIndex: number;
};

/** Something that happened to the sessions of an account. Amounts in the token's base units, or wei. */
export type SessionEvent = Occurrence &
  (
    | { type: "enabled"; id: Hex; key: Address; session: Session }
    | { type: "revoked"; id: Hex }
    /** By the account. */
    | { type: "paused"; id: Hex }
    | { type: "resumed"; id: Hex }
    /** Every session of another epoch ended. */
    | { type: "epochChanged"; epoch: bigint }
    /**
     * What one execution spent of one budget; or what a userOp with which an ERC-7579 account pays itself was charged, which
     * happens in its validation. Such a transfer may have failed afterwards: then `amount` is counted but did not move.
     */
    | { type: "executed"; id: Hex; token: Address; period: bigint; amount: bigint }
    /**
     * A signed payment that settled. `amount` and `to` are missing if the token's Transfer is not found beside it.
     * `reserved` is what it used up of its period: its slot's or node's worth, `amount` or more.
     */
    | {
        type: "settled";
        id: Hex;
        token: Address;
        period: bigint;
        /** Whose nonce it used. */
        by: SignedPaymentKind;
        /** By Permit2: the node, whose depth is its `size`. */
        slot: Slot;
        nonce: Hex;
        reserved: bigint;
        amount: bigint | undefined;
        to: Address | undefined;
      }
  );
