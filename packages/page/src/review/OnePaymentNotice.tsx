import type { SessionReview } from "@latchkey/sdk/review";
import type { ReactNode } from "react";
import { AddressText } from "../ui/AddressText.tsx";
import { Notice } from "../ui/Notice.tsx";
import { amountWords } from "./amountWords.ts";

/** Says so if a session is for one payment only: its whole amount to one recipient. Otherwise nothing. */
export function OnePaymentNotice({ review: { budgets, actions } }: { review: SessionReview }): ReactNode {
  const [budget, ...others] = budgets;
  if (!budget || others.length > 0 || actions.length > 0) return null;
  const { perTransaction, perPeriod, periods, recipients } = budget;
  if (perTransaction !== perPeriod || periods !== 1n || recipients === "anyone" || recipients.length !== 1)
    return null;
  return (
    <Notice title={`One payment of ${amountWords(perPeriod, budget).main}, on top of your agent’s limits.`}>
      <p>
        To{" "}
        {recipients.map((recipient) => (
          <AddressText key={recipient} address={recipient} />
        ))}
      </p>
    </Notice>
  );
}
