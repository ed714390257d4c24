import { InvalidInput } from "../../errors/InvalidInput.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";

const beginnings: readonly (readonly [string, Erc7579AccountKind])[] = [
  ["@openzeppelin/contracts.AccountERC7579.v1.", "openzeppelin"],
  ["uMSA.", "reference"],
  ["biconomy.nexus.1.", "nexus"],
  // A Kernel signs in a domain that has its version: later ones want other signatures than kernelMessage makes.
  ["kernel.advanced.v0.3.1", "kernel"],
  ["rhinestone.safe7579.v1.", "safe7579"],
];

/**
 * The kind of an account, by what it says of itself.
 *
 * @param accountId What the account's `accountId()` answers.
 * @throws {InvalidInput} UNSUPPORTED_ACCOUNT: no kind that was tried with Latchkey calls itself so.
 */
export function erc7579KindOf(accountId: string): Erc7579AccountKind {
  const kind = beginnings.find(([beginning]) => String(accountId).startsWith(beginning))?.[1];
  if (kind) return kind;
  throw new InvalidInput({
    code: "UNSUPPORTED_ACCOUNT",
    shortMessage: `An account that calls itself "${accountId}" is not known.`,
    metaMessages: [
      `Known are accounts whose id begins with ${beginnings.map(([beginning]) => beginning).join(", ")}.`,
      "Name the kind that it behaves as, after trying it on a test chain.",
    ],
    details: { accountId },
  });
}
