import { type Address, type Chain, type Client, isAddressEqual, type Transport } from "viem";
import { InvalidInput } from "../errors/InvalidInput.ts";
import { usdcAddress } from "../internal/usdcAddress.ts";
import type { SignedPaymentKind } from "../session/SignedPaymentKind.ts";
import { type BudgetToken, budgetTokens } from "./budgetTokens.ts";
import { eip3009Fault } from "./eip3009Fault.ts";
import { permit2Fault } from "./permit2Fault.ts";
import type { BudgetRequests } from "./SessionRequest.ts";

/**
 * How each token that is to be paid by signature is: as its request says, else by EIP-3009 where the token has it, else by
 * Permit2. A USDC that this SDK knows is not asked about EIP-3009.
 *
 * @returns By the token's address in lower case.
 * @throws {Refusal} INVALID_LIMIT: it cannot be paid so; NETWORK
 */
export async function signedPaymentKinds(
  client: Client<Transport, Chain | undefined>,
  parameters: { budgets: BudgetRequests; account: Address; module: Address; chainId: number },
): Promise<{ [token: string]: SignedPaymentKind }> {
  const { chainId } = parameters;
  const usdc = usdcAddress(chainId);
  const kinds = budgetTokens(parameters.budgets, chainId).map(async (budget) => {
    const { token, path } = budget;
    const wanted = wantedKind(budget);
    if (wanted === undefined) return [];
    const inAuthorizations =
      wanted === "permit2" || (usdc && isAddressEqual(token, usdc))
        ? undefined
        : await eip3009Fault(client, { token, chainId });
    if (wanted !== "permit2" && inAuthorizations === undefined) return [[token.toLowerCase(), "eip3009"]];
    const inPermit2 = wanted === "eip3009" ? undefined : await permit2Fault(client, { ...parameters, token });
    if (wanted !== "eip3009" && inPermit2 === undefined) return [[token.toLowerCase(), "permit2"]];
    throw new InvalidInput({
      code: "INVALID_LIMIT",
      shortMessage: `${path} (${token}) cannot be paid by signatures (x402): ${[inAuthorizations, inPermit2].filter((one) => one !== undefined).join(", and ")}.`,
      metaMessages: [
        "Set x402: false in this budget to pay with transactions.",
        wanted === "eip3009"
          ? "Set x402: \"permit2\" for payments by Permit2, which the account then has to approve, or use a token whose transferWithAuthorization accepts a contract's signature, such as Circle's USDC."
          : "For x402 use a token whose transferWithAuthorization accepts a contract's signature, such as Circle's USDC, or a chain that has Permit2 and x402's proxies.",
      ],
      details: { token },
    });
  });
  return Object.fromEntries((await Promise.all(kinds)).flat());
}

/** Undefined: not by signature, or the request is not valid, which `createSession` refuses. */
function wantedKind({ request, kind }: BudgetToken): SignedPaymentKind | "either" | undefined {
  const { x402 } = request;
  if (kind === "native" || request.stream) return undefined;
  if (x402 === undefined) return kind === "usdc" ? "eip3009" : undefined;
  const named = typeof x402 === "object" ? (x402?.by ?? true) : x402;
  if (named === true) return "either";
  return named === "eip3009" || named === "permit2" ? named : undefined;
}
