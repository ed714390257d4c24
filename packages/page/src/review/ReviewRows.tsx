import type { SessionReview } from "@latchkey/sdk";
import { AddressText } from "../ui/AddressText.tsx";
import { Card } from "../ui/Card.tsx";
import { Moment } from "../ui/Moment.tsx";
import { Row, Rows } from "../ui/Rows.tsx";
import { TimeLeft } from "../ui/TimeLeft.tsx";
import { BudgetRows } from "./BudgetRows.tsx";
import { unenforcedWords } from "./unenforcedWords.ts";

/**
 * All that a session allows, in rows, what it cannot do, and what the chain does not limit.
 *
 * @param props.review Of the very session that is to be signed.
 * @param props.now This device's clock in milliseconds.
 */
export function ReviewRows({ review, chain, now }: { review: SessionReview; chain: string; now: number }) {
  const { budgets, actions, validAfter, validUntil, notEnforced } = review;
  return (
    <>
      <Card title="What you allow">
        {budgets.map((budget) => (
          <Rows key={budget.token}>
            <BudgetRows budget={budget} window={review} chain={chain} now={now / 1000} />
          </Rows>
        ))}
        <Rows>
          {actions.length > 0 && (
            <Row term="It may also call">
              <ul className="stack stack--tight">
                {actions.map(({ target, selector, conditions }, index) => (
                  // Several actions may be alike but for their conditions; their order never changes.
                  // biome-ignore lint/suspicious/noArrayIndexKey: see above
                  <li key={index}>
                    Function <code>{selector}</code> of <AddressText address={target} />
                    {conditions.length === 0 ? (
                      <strong> in any way it likes</strong>
                    ) : (
                      <ul>
                        {conditions.map((condition) => (
                          <li key={condition}>
                            only where <code>{condition}</code>
                          </li>
                        ))}
                      </ul>
                    )}
                  </li>
                ))}
              </ul>
            </Row>
          )}
          {validAfter * 1000 > now + 60_000 && (
            <Row term="Begins">
              <Moment at={validAfter} />
            </Row>
          )}
          <Row term="Ends">
            <p>
              <Moment at={validUntil} />
            </p>
            <p className="quiet small">
              in <TimeLeft until={validUntil} now={now} />
            </p>
          </Row>
        </Rows>
      </Card>
      <Card title="It cannot">
        <ul>
          {budgets.length === 0 && <li>pay anyone</li>}
          {budgets.length > 0 && budgets.every(({ recipients }) => recipients !== "anyone") && (
            <li>pay anyone who is not listed</li>
          )}
          {actions.length === 0 ? (
            <>
              <li>move other tokens or collectibles</li>
              <li>leave anyone the right to pull money later</li>
              <li>call other contracts</li>
            </>
          ) : (
            <li>make other calls than those that are listed</li>
          )}
          <li>change these limits, the end, or who owns the account</li>
        </ul>
        <p className="quiet small">The chain enforces this. You can stop it at any time under Manage.</p>
      </Card>
      {notEnforced.length > 0 && (
        <Card title="The chain does not limit">
          <ul>
            {notEnforced.map(({ code }) => (
              <li key={code}>{unenforcedWords[code]}</li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}
