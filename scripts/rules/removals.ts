import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { budgets } from "./budgets.ts";
import { calls } from "./calls.ts";
import { sessionChecks } from "./checks.ts";
import { erc7579 } from "./erc7579.ts";
import { sessionLens } from "./lens.ts";
import { nodes } from "./nodes.ts";
import { payloads } from "./payloads.ts";
import type { Removal } from "./Removal.ts";
import { sessionReader } from "./reader.ts";
import { redemptions } from "./redemptions.ts";
import { safe } from "./safe.ts";
import { sessionModule } from "./sessionModule.ts";
import { signatureRail } from "./signatureRail.ts";
import { slots } from "./slots.ts";

/**
 * Every rule of the contracts that `npm run test:rules` leaves out, one at a time.
 *
 * Not in it are checks without which nothing changes that anybody could see, since another check stands behind them:
 * - that a recovered signer, or a key that is named, is not 0: no session of key 0 can be enabled or granted
 * - that a budget has at most 8 sizes before its slots are looked at: its bounds are looked at behind that
 * - that a slot's lot is below 2**32: no session with more can be enabled or granted; test/solidity looks at it
 * - that lot, index and value of a payload fit their fields: a slot has no room for more
 * - that the end of an authorization has at most 32 bytes in a payload: more are read as 0, when none is good
 * - that malformed payloads are not judged: it has no bytes for a session, or a token's domain that there is none of
 * - that a payload has bytes left for a session: what lies behind it is zeros, which cannot be used as a session
 * - that a session with signatures has slot sizes: without any the smallest is worth nothing
 * - that a carried grant is not empty: no Safe accepts an empty one, and others begin with the granter, who has a byte
 *   at least
 * - that a charge keeps a pause: none is made while there is one
 * - that the fields of a budget that is left out are zeros: memory is zero there; test/contracts/reading.test.ts looks at
 *   it where memory is not
 * - that an address has no bits above it where assembly looks at one: Solidity has cleaned it
 * - that a number that is packed has at most 32 bytes: a word has no more
 * - that the handler asks the module about payloads only, and no module where none is set: the module rejects the
 *   rest, and who is nobody does not answer
 * - that an op's arguments are canonical before their session is read: where they are not there is no session
 * - of an op's arguments, that they have room for each part: the rest says so again, and that they end where their last
 *   call does
 * - that the one call of an op has room for a selector: zeros stand behind it, and that of `execute` ends in none
 * - that an account that answers for this module is asked no more: it would have come here, and only gas depends on it
 * - that the answer of an account other than a Safe is not looked at: nobody is the zero address
 * - that who speaks for itself makes a call: no calls end nowhere
 */
export const removals: readonly Removal[] = [
  ...sessionReader,
  ...sessionChecks,
  ...sessionLens,
  ...calls,
  ...budgets,
  ...slots,
  ...nodes,
  ...payloads,
  ...redemptions,
  ...sessionModule,
  ...signatureRail,
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
