import type { SpendControls } from "@x402/core/client";
import { paymentMethods } from "../../session/paymentMethods.ts";
import type { Session } from "../../session/Session.ts";

/**
 * The spend controls of an `x402Client` that match a session: each token that it may pay by signature, up to
 * its perTransaction, instead of x402's own cap of one dollar. Well-known tokens without a budget keep that cap, and
 * the scheme refuses them.
 */
export const budgetSpendControls = (session: Session, network: `eip155:${number}`): SpendControls => ({
  allowedAssets: session.budgets
    .filter((budget) => paymentMethods(budget).length > 0)
    .map((budget) => ({
      network,
      asset: budget.token,
      maxAmountPerPayment: budget.perTransaction.toString(),
    })),
});
