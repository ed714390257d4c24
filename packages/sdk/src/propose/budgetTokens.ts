import { type Address, isAddressEqual, zeroAddress } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { parseAddress } from "../internal/parseAddress.ts";
import { usdcAddress } from "../internal/usdcAddress.ts";
import type { BudgetRequests, TokenBudgetRequest } from "./SessionRequest.ts";

/** A budget request and the token that it means. */
export type BudgetToken = {
  /** Where the request stands in what the caller passed, for messages. */
  path: string;
  token: Address;
  kind: "usdc" | "native" | "token";
  request: TokenBudgetRequest;
};

/**
 * Finds the token that each budget request means on a chain.
 *
 * @throws {InvalidInput} UNKNOWN_TOKEN: a name that is not known, or USDC on a chain whose USDC is not.
 */
export function budgetTokens(budgets: BudgetRequests, chainId: number): BudgetToken[] {
  if (typeof budgets !== "object" || budgets === null)
    throw new InvalidInput({
      code: "INVALID_LIMIT",
      shortMessage: "budgets is missing.",
      metaMessages: [
        "Write at least one, for example budgets: { usdc: { perTransaction, perDay, recipients } }.",
      ],
    });
  const usdc = usdcAddress(chainId);
  return Object.entries<TokenBudgetRequest>(budgets).map(([name, request]): BudgetToken => {
    const path = `budgets.${name}`;
    if (typeof request !== "object" || request === null)
      throw new InvalidInput({
        code: "INVALID_LIMIT",
        shortMessage: `${path} is empty.`,
        metaMessages: ["Write its limits, or leave the whole budget out: then none of the token may move."],
      });
    if (name === "native") return { path, token: zeroAddress, kind: "native", request };
    if (name === "usdc") {
      const token = request.token === undefined ? usdc : parseAddress(request.token, `${path}.token`);
      if (usdc && token && !isAddressEqual(token, usdc))
        throw new InvalidInput({
          code: "UNKNOWN_TOKEN",
          shortMessage: `${path}.token is not the USDC of chain ${chainId}, which is ${usdc}.`,
          metaMessages: ["Leave token out. A budget of another token is named by its address."],
          details: { token, usdc },
        });
      if (token) return { path, token, kind: "usdc", request };
      throw new InvalidInput({
        code: "UNKNOWN_TOKEN",
        shortMessage: `The USDC of chain ${chainId} is not known.`,
        metaMessages: ["Give its address: budgets: { usdc: { token, perTransaction, … } }."],
        details: { chainId },
      });
    }
    if (!name.startsWith("0x"))
      throw new InvalidInput({
        code: "UNKNOWN_TOKEN",
        shortMessage: `${path} is no token that is known by name.`,
        metaMessages: [
          "Known are usdc and native; write any other token's address: budgets: { [address]: … }.",
        ],
      });
    const token = parseAddress(name as Address, path);
    if (isAddressEqual(token, zeroAddress))
      throw new InvalidInput({
        code: "UNKNOWN_TOKEN",
        shortMessage: `${path} is the zero address.`,
        metaMessages: ["For the chain's own coin write budgets: { native: … }."],
      });
    if (request.token !== undefined && !isAddressEqual(parseAddress(request.token, `${path}.token`), token))
      throw new InvalidInput({
        code: "UNKNOWN_TOKEN",
        shortMessage: `${path} names another token inside.`,
        metaMessages: ["Leave out token: the address before the budget names it."],
        details: { token, other: request.token },
      });
    return { path, token, kind: usdc && isAddressEqual(token, usdc) ? "usdc" : "token", request };
  });
}
