import type { Address, Hex } from "viem";
import type * as z from "zod/mini";

/** A schema that gives such a value back, whatever it reads it from. */
type Reads<value> = z.ZodMiniType<value>;

/**
 * How one field is read. A session is read in two ways, as a program holds it and as a grant file does; its fields are
 * the same, so they stand here once: {@link sessionSchemas}.
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

/** Most that one session holds of each. The module refuses more. */
export const MOST = { budgets: 8, actions: 32, rules: 8, recipients: 32, sizes: 8 } as const;

/** Every field of a session, its bounds, and what it means: the types, the reader and the JSON Schema are made of it. */
export function sessionSchemas(read: FieldReader) {
  const { address, bytes, whole, amount, list, object } = read;
  const rule = object({
    /** Where the word begins in the calldata, selector included: the first argument is at 4. */
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
    /** Most that one execution, or one authorization, may move. */
    perTransaction: amount(128),
    /** Most that one period may move, over all rails. */
    perPeriod: amount(128),
    /** Seconds. */
    period: whole(32),
    /** Streams only: of `perPeriod`, how much is there when a period begins. */
    initial: amount(128),
    /** Streams only: what each second adds. 0: no stream, all is there at once. */
    perSecond: amount(128),
    /** Which signed payments may move this token: 0 none, 1 EIP-3009. */
    signatures: whole(8, { below: 2 }),
    /** Into how many sizes a lot can be cut, 1 to 8; 0 where `signatures` is 0. */
    sizes: whole(8, { below: MOST.sizes + 1 }),
    /** Who may be paid or approved; `[ANYONE]` says anyone. */
    recipients: list(address, { least: 1, most: MOST.recipients }),
  });
  const session = object({
    /** The account that grants; a session is worthless on any other. */
    account: address,
    /** The address of the agent's key, an ordinary secp256k1 key. */
    key: address,
    /** First second of validity (Unix time); also where period 0 begins. */
    validAfter: whole(48, { isMoment: true }),
    /** First second after it. Mandatory. */
    validUntil: whole(48, { below: 2 ** 47, isMoment: true }),
    /** The account's epoch when the session was made. */
    epoch: amount(64),
    /** Tells equal sessions apart. Small ones cost less gas. */
    salt: amount(256),
    /** Most wei of ERC-4337 gas that its userOps may cost in all; 2**128 - 1: not counted. */
    gasAllowance: amount(128),
    /** The only paymaster that its userOps may name; the zero address: none; {@link ANYONE}: any. */
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
