import type { SpendControls } from "@x402/core/client";
import type { Session } from "../Session.ts";

/**
 * The spend controls of an `x402Client` that say what a session says: each token that it may pay by signature, up to
 * its perTransaction. x402's own default, one dollar a payment in well-known tokens, is switched off, as it would
 * refuse what the owner allowed. Tokens without a budget that x402 knows pass these controls; the scheme refuses them.
 */
export const budgetSpendControls = (session: Session, network: `eip155:${number}`): SpendControls => ({
  maxAmountPerPayment: false,
  allowedAssets: session.budgets
    .filter((budget) => budget.slotSizes > 0)
    .map((budget) => ({
      network,
      asset: budget.token,
      maxAmountPerPayment: budget.perTransaction.toString(),
    })),
});
