import type { PaymentRequirements } from "@x402/core/types";
import type { Hex } from "viem";
import { Refusal } from "../../errors/Refusal.ts";
import type { LatchkeyScheme, OfferedPayment } from "./latchkeyScheme.ts";
import type { RedemptionPayload } from "./openPayment.ts";

/** What `x402Erc7710Client` of `@metamask/x402` takes as its `delegationProvider`. */
export type DelegationProvider = (
  paymentRequirements: OfferedPayment,
) => Promise<{ delegationManager: Hex; permissionContext: Hex; delegator: Hex }>;

/**
 * Provides the delegations with which `@metamask/x402`'s client pays offers by ERC-7710. Each is for exactly one payment: the
 * key signs the transfer that the offer asks for, and the facilitator redeems it, once. It counts against the same limits as
 * everything else.
 *
 * {@link payingFetch} needs none of this: it pays such offers itself, and never pays a purchase twice. MetaMask's client, like
 * x402's own, signs another payment whenever it is asked.
 *
 * @param scheme Pass it as `fallbackClient` too, for offers by EIP-3009 and Permit2: the two then share what is in flight.
 *
 * @example
 * const scheme = latchkeyScheme({ client, key, grant });
 * const metamask = new x402Erc7710Client({ delegationProvider: delegationProvider(scheme), fallbackClient: scheme });
 */
export function delegationProvider(scheme: LatchkeyScheme): DelegationProvider {
  return async (offered) => {
    const { method } = scheme.checkOffer(offered as PaymentRequirements).paidBy;
    if (method !== "erc7710")
      throw new Refusal({
        code: "NOT_OFFERED",
        shortMessage: "The merchant does not offer payment by ERC-7710.",
        metaMessages: ["Nothing was signed. Pay by the scheme itself, as the client's fallbackClient."],
        details: { method },
      });
    const { payload } = await scheme.createPaymentPayload(2, offered);
    return payload as RedemptionPayload;
  };
}
