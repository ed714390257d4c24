import { InvalidInput } from "../../errors/InvalidInput.ts";
import type { Erc7579AccountKind } from "./Erc7579AccountKind.ts";
import { laneBytes } from "./laneBytes.ts";

/**
 * Makes sure that a kind of account is one that is known.
 *
 * @throws {InvalidInput} UNSUPPORTED_ACCOUNT
 */
export function requireErc7579Kind(kind: Erc7579AccountKind): void {
  if (Object.hasOwn(laneBytes, kind)) return;
  throw new InvalidInput({
    code: "UNSUPPORTED_ACCOUNT",
    shortMessage: `"${String(kind)}" is not a known kind of ERC-7579 account.`,
    metaMessages: [`Known are ${Object.keys(laneBytes).join(", ")}.`],
    details: { kind },
  });
}
