import type { Address, Hex } from "viem";
import type * as z from "zod/mini";

/** A schema that returns such a value from any input. */
type Reads<value> = z.ZodMiniType<value>;

/**
 * How one field is read. A session is read in two ways, from a program and from a grant file; its fields are
 * the same, so they are defined here once: {@link sessionSchemas}.
 */
export type FieldReader = {
  address: Reads<Address>;
  bytes(length: number): Reads<Hex>;
  /** A number of so many bits. `below` is a lower bound that the module sets. */
  whole(bits: number, bound?: { below?: number; isMoment?: true }): Reads<number>;
  /** An amount of so many bits. */
  amount(bits: number): Reads<bigint>;
  list<value>(item: Reads<value>, bound: { least?: number; most: number }): Reads<readonly value[]>;
  object<shape extends z.core.$ZodShape>(shape: shape): z.ZodMiniObject<shape, z.core.$strip>;
};

/** Maximum of each in one session. The module rejects more. */
export const MOST = { budgets: 8, actions: 32, rules: 8, recipients: 32, sizes: 8 } as const;

/** Every field of a session, its bounds, and what it means: the types, the reader and the JSON Schema are made of it. */
export function sessionSchemas(read: FieldReader) {
  const { address, bytes, whole, amount, list, object } = read;
  const rule = object({
    /** Offset of the word in the calldata, selector included: the first argument is at 4. */
    offset: whole(16),
    /** 0 ==, 1 !=, 2 <, 3 <=, 4 >, 5 >= */
    op: whole(8, { below: 6 }),
    value: bytes(32),
  });
  const action = object({
    target: address,
    selector: bytes(4),
    rules: list(rule, { most: MOST.rules }),
  });
  const budget = object({
    /** An ERC-20; the zero address is the chain's native coin. */
    token: address,
    /** Limit per payment: of one execution, or one signed payment. */
    perTransaction: amount(128),
    /** Limit per period, over all rails. */
    perPeriod: amount(128),
    /** Seconds. */
    period: whole(32),
    /** Streams only: how much of `perPeriod` is available when a period starts. */
    initial: amount(128),
    /** Streams only: what each second adds. 0: not a stream, everything is available at once. */
    perSecond: amount(128),
    /** Which signed payments may move this token: 0 none, 1 EIP-3009, Permit2 by x402: 2 exact, 4 upto, 6 both. */
    signatures: whole(8, { below: 7 }),
    /** Into how many sizes a lot can be split, 1 to 8; 0 if `signatures` is 0. */
    sizes: whole(8, { below: MOST.sizes + 1 }),
    /** Who may be paid or approved; `[ANYONE]` says anyone. */
    recipients: list(address, { least: 1, most: MOST.recipients }),
  });
  const session = object({
    /** The granting account; a session is not valid for any other. */
    account: address,
    /** The address of the agent's key, an ordinary secp256k1 key. */
    key: address,
    /** First second of validity (Unix time); period 0 starts there. */
    validAfter: whole(48, { isMoment: true }),
    /** First second after it. Mandatory. */
    validUntil: whole(48, { below: 2 ** 47, isMoment: true }),
    /** The account's epoch when the session was created. */
    epoch: amount(64),
    /** Tells equal sessions apart. Small ones cost less gas. */
    salt: amount(256),
    /** Limit of ERC-4337 gas cost of its userOps in total, in wei; 2**128 - 1: unlimited. */
    gasAllowance: amount(128),
    /** The only paymaster that its userOps may use; the zero address: none; {@link ANYONE}: any. */
    paymaster: address,
    /** At most one for each token. */
    budgets: list(budget, { most: MOST.budgets }),
    /** Calls other than payments. */
    actions: list(action, { most: MOST.actions }),
  });
  return { rule, action, budget, session };
}

/** What the schemas give back. */
export type SessionFields = {
  [name in keyof ReturnType<typeof sessionSchemas>]: z.output<ReturnType<typeof sessionSchemas>[name]>;
};
