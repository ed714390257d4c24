import { keccak256, toBytes } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";

/** A person of the tests, with a key made from their name. */
export const actor = (name: string): PrivateKeyAccount =>
  privateKeyToAccount(keccak256(toBytes(`Latchkey ${name}`)));

/** Owns the Safes, alone. */
export const owner = actor("owner");
/** The keys that sessions are granted to. */
export const agents = [actor("first agent"), actor("second agent")] as const;
/** Submits what others signed. */
export const relayer = actor("relayer");
/** Nobody's friend: signs and sends what is not theirs. */
export const stranger = actor("stranger");
/** Whom sessions may pay. */
export const payees = [actor("first payee").address, actor("second payee").address] as const;
/** Whom only a session that pays anyone may pay. */
export const outsider = actor("outsider").address;
