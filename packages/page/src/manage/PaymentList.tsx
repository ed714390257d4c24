import type { TokenFacts } from "@latchkey/sdk/review";
import type { Address } from "viem";
import type { AskedChain } from "../chain/PageChains.ts";
import { AddressText } from "../ui/AddressText.tsx";
import { amountText } from "../ui/amountText.ts";
import { Moment } from "../ui/Moment.tsx";
import { TransactionLink } from "../ui/TransactionLink.tsx";
import type { Payment } from "./Payment.ts";
import { useRecipients } from "./useRecipients.ts";

/** How many are shown. */
const SHOWN = 5;

/**
 * The latest payments: amount, recipient, time and transaction.
 *
 * @param props.payments Newest first; undefined until they are read.
 */
export function PaymentList({
  asked,
  account,
  payments,
  factsOf,
}: {
  asked: AskedChain;
  account: Address;
  payments: readonly Payment[] | undefined;
  factsOf: (token: Address) => TokenFacts | undefined;
}) {
  const shown = (payments ?? []).slice(0, SHOWN);
  const first = payments ? "No payments yet." : "Loading payments…";
  return (
    <div>
      <h4>Last payments</h4>
      <ol className="ledger">
        {shown.map((payment) => (
          <PaymentLine
            key={`${payment.transactionHash} ${payment.logIndex}`}
            asked={asked}
            account={account}
            payment={payment}
            facts={factsOf(payment.token)}
          />
        ))}
        {shown.length === 0 && <li className="quiet">{first}</li>}
      </ol>
    </div>
  );
}

function PaymentLine({
  asked,
  account,
  payment,
  facts,
}: {
  asked: AskedChain;
  account: Address;
  payment: Payment;
  facts: TokenFacts | undefined;
}) {
  const recipients = useRecipients(asked.client, account, payment);
  return (
    <li>
      <span className="ledger__amount">
        {payment.isAtMost && "at most "}
        {amountText(payment.amount, facts)}
        {payment.reserved !== undefined && (
          <span className="quiet"> of {amountText(payment.reserved, facts)} reserved</span>
        )}
      </span>
      <span className="ledger__when">
        <Moment at={payment.timestamp} short />
      </span>
      <span className="ledger__to">
        {recipients?.length ? (
          <>
            <span className="quiet">to </span>
            {recipients.map((one, place) => (
              <span key={one}>
                {place > 0 && <span className="quiet"> and </span>}
                <AddressText address={one} />
              </span>
            ))}{" "}
          </>
        ) : (
          <span className="quiet">
            {recipients ? "see the transaction for the recipients " : "loading recipients… "}
          </span>
        )}
        <TransactionLink hash={payment.transactionHash} explorer={asked.settings.explorer} />
      </span>
    </li>
  );
}
