import { InvalidInput } from "../../errors/InvalidInput.ts";
import { erc7579Adapters } from "../accountAdapterOf.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

/**
 * The kind of an account, from its id.
 *
 * @param accountId What the account's `accountId()` returns.
 * @throws {InvalidInput} UNSUPPORTED_ACCOUNT: Latchkey was not tested with this account.
 */
export function erc7579KindOf(accountId: string): Erc7579AccountKind {
  const known = Object.values(erc7579Adapters);
  const adapter = known.find((one) => String(accountId).startsWith(one.accountId));
  if (adapter) return adapter.kind;
  throw new InvalidInput({
    code: "UNSUPPORTED_ACCOUNT",
    shortMessage: `The account id "${accountId}" is not supported.`,
    metaMessages: [
      `Supported ids start with ${known.map((one) => one.accountId).join(", ")}.`,
      "If it is compatible with one of these, test it on a test chain and pass that kind.",
    ],
    details: { accountId },
  });
}
