import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { budgets } from "./budgets.ts";
import { calls } from "./calls.ts";
import { erc7579 } from "./erc7579.ts";
import { payload } from "./payload.ts";
import type { Removal } from "./Removal.ts";
import { safe } from "./safe.ts";
import { session } from "./session.ts";
import { sessionModule } from "./sessionModule.ts";
import { slots } from "./slots.ts";

/**
 * Every rule of the contracts that `npm run test:rules` leaves out, one at a time.
 *
 * Not in it are checks without which nothing changes that anybody could see, since another check stands behind them:
 * that a recovered signer is not 0 (no session of key 0 can be enabled or granted), that a granted session is
 * open to signatures, and has at most 8 slot sizes, before its slots are looked at (its bounds are looked at behind
 * that), that a carried grant is not empty (no Safe accepts an empty one), that a packed payload's budget is one of at most 8 (one that is not is refused again where it is used,
 * and no such session can be enabled), that the handler asks
 * the module about payloads only (the module says no to the rest), the bound on a session's own head, which Solidity
 * has checked, and that an op's grant is not empty (it must begin with the granter, who has a byte at least),
 * that a payload's version is known (an unknown one has no key), and of an account's own arguments that they have room
 * for each part, and that their session can be read and lies behind the head before the rest is read (the rest says so
 * again, and that they end where their last call does), and that the one call of an op has room for a selector (zeros stand
 * behind it, and the selector of `execute` ends in none), and that a payment's session can be read (what cannot has the id
 * of the session without it, and is taken for that one).
 */
export const removals: readonly Removal[] = [
  ...session,
  ...calls,
  ...budgets,
  ...slots,
  ...payload,
  ...sessionModule,
  ...safe,
  ...erc7579,
];

const contracts = resolve(import.meta.dirname, "../../contracts");

/** The text of a contract, by its path below contracts/. */
export const readContract = (file: string): string => readFileSync(join(contracts, file), "utf8");

/** How often the text that a removal looks for stands in its file: it must be once. */
export const matches = ({ file, find }: Removal): number => readContract(file).split(find).length - 1;

/** The contract without the rule. */
export const withoutRule = ({ file, find, replace }: Removal): string =>
  // By a function: a replacement text would take "$&" for something else.
  readContract(file).replace(find, () => replace);
