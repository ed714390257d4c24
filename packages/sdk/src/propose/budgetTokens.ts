import { type Address, isAddressEqual, zeroAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { usdcAddress } from "../internal/usdcAddress.ts";
import type { BudgetRequests, TokenBudgetRequest } from "./SessionRequest.ts";

/** A budget request and its token. */
export type BudgetToken = {
  /** The request's path in the caller's arguments, for messages. */
  path: string;
  token: Address;
  kind: "usdc" | "native" | "token";
  request: TokenBudgetRequest;
};

/**
 * Finds the token of each budget request on a chain.
 *
 * @throws {InvalidInput} UNKNOWN_TOKEN: an unknown name, or USDC on a chain whose USDC is unknown.
 */
export function budgetTokens(budgets: BudgetRequests, chainId: number): BudgetToken[] {
  if (typeof budgets !== "object" || budgets === null)
    throw new InvalidInput({
      code: "INVALID_LIMIT",
      shortMessage: "budgets is missing.",
      metaMessages: [
        "Pass at least one, for example budgets: { usdc: { perTransaction, perDay, recipients } }.",
      ],
    });
  const usdc = usdcAddress(chainId);
  return Object.entries<TokenBudgetRequest>(budgets).map(([name, request]): BudgetToken => {
    const path = `budgets.${name}`;
    if (typeof request !== "object" || request === null)
      throw new InvalidInput({
        code: "INVALID_LIMIT",
        shortMessage: `${path} is empty.`,
        metaMessages: ["Set its limits, or omit the whole budget: then none of the token may move."],
      });
    if (name === "native") return { path, token: zeroAddress, kind: "native", request };
    if (name === "usdc") {
      const token = request.token === undefined ? usdc : parseAddress(request.token, `${path}.token`);
      if (usdc && token && !isAddressEqual(token, usdc))
        throw new InvalidInput({
          code: "UNKNOWN_TOKEN",
          shortMessage: `${path}.token is not the USDC of chain ${chainId}, which is ${usdc}.`,
          metaMessages: ["Omit token. Use the address as the key for a budget of another token."],
          details: { token, usdc },
        });
      if (token) return { path, token, kind: "usdc", request };
      throw new InvalidInput({
        code: "UNKNOWN_TOKEN",
        shortMessage: `The USDC address of chain ${chainId} is not known.`,
        metaMessages: ["Pass its address: budgets: { usdc: { token, perTransaction, … } }."],
        details: { chainId },
      });
    }
    if (!name.startsWith("0x"))
      throw new InvalidInput({
        code: "UNKNOWN_TOKEN",
        shortMessage: `${path} is not a known token name.`,
        metaMessages: ["Use usdc, native or a token's address: budgets: { [address]: … }."],
      });
    const token = parseAddress(name as Address, path);
    if (isAddressEqual(token, zeroAddress))
      throw new InvalidInput({
        code: "UNKNOWN_TOKEN",
        shortMessage: `${path} is the zero address.`,
        metaMessages: ["For the native coin use budgets: { native: … }."],
      });
    if (request.token !== undefined && !isAddressEqual(parseAddress(request.token, `${path}.token`), token))
      throw new InvalidInput({
        code: "UNKNOWN_TOKEN",
        shortMessage: `${path}.token is another token than its key.`,
        metaMessages: ["Omit token: the key of the budget is its address."],
        details: { token, other: request.token },
      });
    return { path, token, kind: usdc && isAddressEqual(token, usdc) ? "usdc" : "token", request };
  });
}
