import type { Address, Hex } from "viem";

/**
 * ERC-7715's request for one permission: an element of what `wallet_requestExecutionPermissions` takes. Which types and
 * rules are supported is described at {@link requestedSession}; others are rejected, never ignored.
 */
export type PermissionRequest = {
  /** A quantity in hex. */
  chainId: Hex;
  /** The granting account, if the agent knows it. */
  from?: Address | undefined;
  /** The recipient of the permission: the session's key. */
  to: Address;
  permission: {
    type: string;
    /** Whether the owner may lower what is requested. */
    isAdjustmentAllowed: boolean;
    data: Record<string, unknown>;
  };
  rules?: readonly { type: string; data: Record<string, unknown> }[] | undefined;
};

/**
 * The data of a permission of type `latchkey-session`: a whole session except its parties and its window. Amounts are
 * quantities in hex, in base units of the token or in wei. ERC-7715's rule `expiry` has the end.
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
    /** Which signed payments: 0 none, 1 EIP-3009; Permit2 for x402: 2 exact, 4 upto, 6 both. */
    signatures: number;
    /** Into how many sizes a lot can be split, 1 to 8; 0 if `signatures` is 0. */
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
  /** The agent's reason, in its own words: a claim. At most 500 characters. */
  justification?: string | null | undefined;
};
