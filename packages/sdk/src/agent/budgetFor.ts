import { type Address, isAddress, isAddressEqual, zeroAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { usdcAddress } from "../internal/usdcAddress.ts";
import type { Session } from "../session/Session.ts";

/**
 * The token of the budget for a payment.
 *
 * @param named `"usdc"`, `"native"` or a token's address; may be omitted if the session has one budget.
 * @throws {InvalidInput} UNKNOWN_TOKEN: no such budget, or the choice is ambiguous.
 */
export function budgetFor(
  session: Session,
  chainId: number,
  named: "usdc" | "native" | Address | undefined,
): Address | "native" {
  const [only] = session.budgets;
  const usdc = usdcAddress(chainId);
  const token =
    named === undefined
      ? session.budgets.length === 1
        ? only?.token
        : undefined
      : named === "native"
        ? zeroAddress
        : named === "usdc"
          ? usdc
          : typeof named === "string" && isAddress(named)
            ? named
            : undefined;
  const budget = token && session.budgets.find((one) => isAddressEqual(one.token, token));
  if (!budget)
    throw new InvalidInput({
      code: "UNKNOWN_TOKEN",
      shortMessage:
        named === undefined
          ? "The session does not have exactly one budget."
          : `The session has no budget for ${named}.`,
      metaMessages: [
        `Pass token: "usdc", "native" or an address. The session has: ${session.budgets.map((one) => one.token).join(", ")}.`,
      ],
    });
  return isAddressEqual(budget.token, zeroAddress) ? "native" : budget.token;
}
