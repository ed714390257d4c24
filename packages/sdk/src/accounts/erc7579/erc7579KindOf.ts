import { InvalidInput } from "../../errors/InvalidInput.ts";
import { erc7579Adapters } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

/**
 * The kind of an account, by what it says of itself.
 *
 * @param accountId What the account's `accountId()` answers.
 * @throws {InvalidInput} UNSUPPORTED_ACCOUNT: no kind that was tried with Latchkey calls itself so.
 */
export function erc7579KindOf(accountId: string): Erc7579AccountKind {
  const known = Object.values(erc7579Adapters);
  const adapter = known.find((one) => String(accountId).startsWith(one.accountId));
  if (adapter) return adapter.kind;
  throw new InvalidInput({
    code: "UNSUPPORTED_ACCOUNT",
    shortMessage: `An account that calls itself "${accountId}" is not known.`,
    metaMessages: [
      `Known are accounts whose id begins with ${known.map((one) => one.accountId).join(", ")}.`,
      "Name the kind that it behaves as, after trying it on a test chain.",
    ],
    details: { accountId },
  });
}
