import type { Address, Hex } from "viem";

/**
 * In a list of recipients, or as a paymaster or a submitter: whoever it is. Zero never means this. It is written
 * with its checksum, as viem gives addresses back, so that `===` holds.
 */
export const ANYONE: Address = "0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF";

/**
 * What an account lets a key do, as the chain knows it: the object that the owner signs and that every use
 * carries along. Build one with {@link proposeSession}; its id is {@link hashSession}.
 */
export type Session = {
  /** The account that grants; a session is worthless on any other. */
  account: Address;
  /** The agent's key: an ordinary secp256k1 address. */
  key: Address;
  /** First second of validity (Unix time); also where period 0 begins. */
  validAfter: number;
  /** First second after it. Mandatory. */
  validUntil: number;
  /** The account's epoch when the session was made. */
  epoch: bigint;
  /** Tells equal sessions apart. Small ones cost less gas. */
  salt: bigint;
  /** Most wei of ERC-4337 gas that its userOps may cost in all. */
  gasAllowance: bigint;
  /** The only paymaster that its userOps may name; the zero address: none; {@link ANYONE}: any. */
  paymaster: Address;
  /** At most one for each token, at most 8. */
  budgets: readonly Budget[];
  /** Calls other than payments, at most 32. */
  actions: readonly Action[];
};

/** How much of one token a session may move. Amounts are in the token's base units, or wei. */
export type Budget = {
  /** An ERC-20; the zero address is the chain's native coin. */
  token: Address;
  /** Most that one execution, or one authorization, may move. */
  perTransaction: bigint;
  /** Most that one period may move, over all rails. */
  perPeriod: bigint;
  /** Seconds. */
  period: number;
  /** Streams only: of `perPeriod`, how much is there when a period begins. */
  initial: bigint;
  /** Streams only: what each second adds. 0: no stream, all is there at once. */
  perSecond: bigint;
  /** Which signed payments may move this token: 0 none, 1 EIP-3009. */
  signatures: number;
  /** Into how many sizes a lot can be cut, 1 to 8; 0 where `signatures` is 0. */
  sizes: number;
  /** Who may be paid or approved; `[ANYONE]` says anyone. */
  recipients: readonly Address[];
};

/** A call, other than a payment, that a session may make. All rules must hold. */
export type Action = { target: Address; selector: Hex; rules: readonly Rule[] };

/** One condition on one 32-byte word of an action's calldata: `word op value`, unsigned. */
export type Rule = {
  /** Where the word begins in the calldata, selector included: the first argument is at 4. */
  offset: number;
  /** 0 ==, 1 !=, 2 <, 3 <=, 4 >, 5 >= */
  op: number;
  value: Hex;
};

/** One call that the account is to make. */
export type Call = { target: Address; value: bigint; data: Hex };
