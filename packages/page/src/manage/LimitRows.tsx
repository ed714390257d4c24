import { ANYONE, type Session } from "@latchkey/sdk";
import { isPaidByPermit2, paymentMethods } from "@latchkey/sdk/encoding";
import type { TokenFacts } from "@latchkey/sdk/review";
import type { Address } from "viem";
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
        const { token, perTransaction, perPeriod, period, recipients } = budget;
        const methods = paymentMethods(budget);
        return (
          <Row key={token} term={`Budget of ${factsOf(token)?.symbol ?? "a token"}`}>
            <p>
              At most <span className="strong number">{amountText(perTransaction, factsOf(token))}</span> a
              payment and <span className="strong number">{amountText(perPeriod, factsOf(token))}</span>{" "}
              {periodWords(period, session.validUntil - session.validAfter).every}.
            </p>
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
