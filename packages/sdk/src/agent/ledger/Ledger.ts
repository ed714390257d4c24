import type { Address, Hash, Hex } from "viem";

/**
 * One movement of an agent's money: an x402 payment, a payment by transaction, or one call of an execution. Strings and
 * numbers only, safe for JSON.
 */
export type LedgerEntry = {
  /** The same in every line about this movement. Of an x402 payment: its purchase's, in the payment store. */
  id: string;
  kind: "x402" | "pay" | "execute" | "executeSigned";
  /** `open`: it was signed or sent, and may still settle. */
  status: "open" | "settled" | "not settled";
  /**
   * Who shows its outcome: the merchant by its receipt, the chain, or the agent, which did not send it. A merchant can lie
   * about its own money; {@link reconcileLedger} compares it with the chain.
   */
  shownBy?: "merchant" | "chain" | "agent";
  /** When it was signed, or first written down; ISO 8601, by this machine's clock. */
  at: string;
  /** When its outcome became known. */
  closedAt?: string;
  /** The URL without user, password, query and fragment, which may hold secrets; of a call, its selector. */
  what: string;
  /** What the caller says that it was for. */
  purpose?: string;
  chainId: number;
  account: Address;
  /** The session's id, see {@link hashSession}. */
  session: Hex;
  /** The budget's index in the session; absent if no budget of the session is for this token. */
  budget?: number;
  /** The payee; of another call, its target. */
  to: Address;
  /** The zero address: the native coin. Absent for calls that are not payments, whose movements only the chain shows. */
  token?: Address;
  /** As the token names itself: a stranger's token may use any symbol. `base units` if it does not say its decimals. */
  symbol?: string;
  decimals?: number;
  /** In whole tokens, `"0.2"`. */
  amount?: string;
  /** In base units. */
  units?: string;
  /**
   * Of an x402 payment by `upto`, once it has settled: what moved, in whole tokens. `amount`, the most that the merchant
   * could take, counts against the budget all the same until the period ends.
   */
  paidAmount?: string;
  /** The same in base units. */
  paidUnits?: string;
  idempotencyKey?: string;
  transaction?: Hash;
  /** The merchant's receipt as JSON: its words, not checked. */
  receipt?: string;
  /** What the chain is asked about an x402 payment. */
  authorization?: {
    /** Absent: EIP-3009. */
    method?: "permit2-exact" | "permit2-upto" | "erc7710";
    /** By ERC-7710: the session module, whose `nonceUsed` shows the outcome. */
    module?: Address;
    /** By upto: who may settle. */
    facilitator?: Address;
    nonce: Hex;
    validAfter: string;
    validBefore: string;
  };
};

/**
 * An append-only record of what an agent moved. Each movement has one line when it is signed, before anybody else sees it, and
 * another when its outcome is known; a crash between them leaves it open. Read it with {@link readLedger}.
 *
 * There are two: {@link memoryLedger}, and `fileLedger` of `@latchkey/sdk/node`. Your own must keep the order of what one
 * process appends, and what is appended must survive the death of the process once the promise has resolved.
 */
export type Ledger = {
  /** Adds a line. A payment whose first line cannot be added is not sent. */
  append(entry: LedgerEntry): Promise<void>;
  /** All lines, in order, and what is not one: the text that a killed writer left. */
  read(): Promise<{ lines: readonly LedgerEntry[]; damaged: readonly string[] }>;
};
