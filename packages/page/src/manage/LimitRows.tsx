import { ANYONE, type Session } from "@latchkey/sdk";
import { isPaidByPermit2, paymentMethods } from "@latchkey/sdk/encoding";
import type { TokenFacts } from "@latchkey/sdk/review";
import type { Address } from "viem";
import { isBeyondAll } from "../review/isBeyondAll.ts";
import { periodWords } from "../review/periodWords.ts";
import { AddressText } from "../ui/AddressText.tsx";
import { amountText } from "../ui/amountText.ts";
import { Row, Rows } from "../ui/Rows.tsx";

/** Everything a session allows, with every recipient and call in full. */
export function LimitRows({
  session,
  factsOf,
}: {
  session: Session;
  factsOf: (token: Address) => TokenFacts | undefined;
}) {
  return (
    <Rows>
      {session.budgets.map((budget) => {
        const { token, perTransaction, perPeriod, period, initial, perSecond, recipients } = budget;
        const methods = paymentMethods(budget);
        const facts = factsOf(token);
        const { every } = periodWords(period, session.validUntil - session.validAfter);
        return (
          <Row key={token} term={`Budget of ${facts?.symbol ?? "a token"}`}>
            {perSecond > 0n && isBeyondAll(perTransaction, facts?.decimals ?? 18) ? (
              <p>No limit but what is released.</p>
            ) : (
              <p>
                At most <span className="strong number">{amountText(perTransaction, facts)}</span> a payment
                and <span className="strong number">{amountText(perPeriod, facts)}</span> {every}.
              </p>
            )}
            {perSecond > 0n && (
              <p>
                Released gradually: {amountText(initial, facts)} at the start
                {every !== "in all" && " of each period"}, then {amountText(perSecond, facts)} per second.
              </p>
            )}
            {methods.length > 0 && (
              <p className="small quiet">
                A signed payment reserves a fixed part of the budget. Whatever it does not use stays reserved
                for further signed payments.
                {methods.includes("permit2-upto") &&
                  " A payment of “up to” an amount counts in full until the period ends."}
                {isPaidByPermit2(budget) && " Signed payments use the account's approval of Permit2."}
              </p>
            )}
            {recipients.includes(ANYONE) ? (
              <p>To anyone.</p>
            ) : (
              <>
                <p>Only to:</p>
                <ul>
                  {recipients.map((recipient) => (
                    <li key={recipient}>
                      <AddressText address={recipient} />
                    </li>
                  ))}
                </ul>
              </>
            )}
          </Row>
        );
      })}
      {session.actions.map(({ target, selector, rules }) => (
        <Row key={`${target} ${selector} ${JSON.stringify(rules)}`} term="Another call">
          <code>{selector}</code> of <AddressText address={target} />
          {rules.length > 0 && <span className="quiet"> under {rules.length} rule(s)</span>}
        </Row>
      ))}
      <Row term="Key">
        <AddressText address={session.key} />
      </Row>
    </Rows>
  );
}
