import type { Address, Hex } from "viem";

/**
 * ERC-7715's request for one permission: an element of what `wallet_requestExecutionPermissions` takes. Which types and
 * rules are understood is told at {@link requestedSession}; others are refused, never ignored.
 */
export type PermissionRequest = {
  /** A quantity in hex. */
  chainId: Hex;
  /** The account that is to grant, if the agent knows it. */
  from?: Address | undefined;
  /** Who gets the permission: the session's key. */
  to: Address;
  permission: {
    type: string;
    /** Whether the owner may lower what is asked. */
    isAdjustmentAllowed: boolean;
    data: Record<string, unknown>;
  };
  rules?: readonly { type: string; data: Record<string, unknown> }[] | undefined;
};

/**
 * What a permission of type `latchkey-session` holds: a whole session but for its parties and its window. Amounts are
 * quantities in hex, in base units of the token or in wei. The end stands in ERC-7715's rule `expiry`.
 */
export type LatchkeySessionData = {
  budgets: readonly {
    /** The zero address is the chain's native coin. */
    token: Address;
    perTransaction: Hex;
    perPeriod: Hex;
    /** Seconds. */
    period: number;
    initial: Hex;
    perSecond: Hex;
    /** Which signed payments: 0 none, 1 EIP-3009. */
    signatures: number;
    /** Into how many sizes a lot can be cut, 1 to 8; 0 where `signatures` is 0. */
    sizes: number;
    recipients: readonly Address[];
  }[];
  actions: readonly {
    target: Address;
    /** 4 bytes. */
    selector: Hex;
    rules: readonly { offset: number; op: number; value: Hex }[];
  }[];
  /** Wei. */
  gasAllowance: Hex;
  paymaster: Address;
  /** Why the agent asks, in its own words: a claim. At most 500 signs. */
  justification?: string | null | undefined;
};
