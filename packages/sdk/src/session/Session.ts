import type { Address, Hex } from "viem";
import type { SessionFields } from "./schema.ts";

/**
 * In a list of recipients, or as a paymaster or a submitter: anyone. Zero never means this. It is written
 * with its checksum, as viem returns addresses, so that `===` holds.
 */
export const ANYONE: Address = "0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF";

/**
 * What an account lets a key do, as the contracts have it: the object that the owner signs and that every use
 * carries. Create one with {@link proposeSession}; its id is {@link hashSession}.
 */
export interface Session extends Readonly<SessionFields["session"]> {}

/** How much of one token a session may move. Amounts are in the token's base units, or wei. */
export interface Budget extends Readonly<SessionFields["budget"]> {}

/** A call, other than a payment, that a session may make. All rules must hold. */
export interface Action extends Readonly<SessionFields["action"]> {}

/** One condition on one 32-byte word of an action's calldata: `word op value`, unsigned. */
export interface Rule extends Readonly<SessionFields["rule"]> {}

/** One call of the account. */
export type Call = { target: Address; value: bigint; data: Hex };
