import type { SpendControls } from "@x402/core/client";
import { isAddressEqual, zeroAddress } from "viem";
import type { Session } from "../../session/Session.ts";

/**
 * The spend controls of an `x402Client` that match a session: each token that it has a budget for, up to the budget's
 * perTransaction, instead of x402's own cap of one dollar. Well-known tokens without a budget keep that cap, and
 * the scheme refuses them.
 */
export const budgetSpendControls = (session: Session, network: `eip155:${number}`): SpendControls => ({
  allowedAssets: session.budgets
    .filter(({ token }) => !isAddressEqual(token, zeroAddress))
    .map((budget) => ({
      network,
      asset: budget.token,
      maxAmountPerPayment: budget.perTransaction.toString(),
    })),
});
