import type { Permit2Plan } from "@latchkey/sdk";
import type { SessionReview, TokenFacts } from "@latchkey/sdk/review";
import { isAddressEqual } from "viem";
import { AddressText } from "../ui/AddressText.tsx";
import { Card } from "../ui/Card.tsx";
import { Moment } from "../ui/Moment.tsx";
import { Row, Rows } from "../ui/Rows.tsx";
import { TimeLeft } from "../ui/TimeLeft.tsx";
import { BudgetRows } from "./BudgetRows.tsx";
import { callWords } from "./callWords.ts";
import { unenforcedWords } from "./unenforcedWords.ts";

/**
 * Everything a session allows, what it cannot do, and what the chain does not limit.
 *
 * @param props.review Of the exact session that will be signed.
 * @param props.permit2 What becomes of the account's approvals, once that is known.
 * @param props.vouched Tokens the page knows, including those without a budget.
 * @param props.now This device's clock in milliseconds.
 */
export function ReviewRows({
  review,
  permit2,
  vouched,
  chain,
  now,
}: {
  review: SessionReview;
  permit2: Permit2Plan | undefined;
  vouched: readonly TokenFacts[];
  chain: string;
  now: number;
}) {
  const { budgets, actions, validAfter, validUntil, notEnforced } = review;
  return (
    <>
      <Card title="What you allow">
        {budgets.map((budget) => (
          <Rows key={budget.token}>
            <BudgetRows
              budget={budget}
              approved={permit2?.changes.find(({ token }) => isAddressEqual(token, budget.token))?.becomes}
              window={review}
              chain={chain}
              now={now / 1000}
            />
          </Rows>
        ))}
        <Rows>
          {actions.length > 0 && (
            <Row term="It can also call">
              <ul className="stack stack--tight">
                {actions.map((action, index) => {
                  const { target, selector, conditions, anyArguments } = action;
                  const facts = vouched.find(({ token }) => isAddressEqual(token, target));
                  const { signature } = callWords(action, facts);
                  return (
                    // Several actions may differ only in their conditions; their order never changes.
                    // biome-ignore lint/suspicious/noArrayIndexKey: see above
                    <li key={index}>
                      Function <code>{signature ?? selector}</code> of {facts && `${facts.symbol} `}
                      <AddressText address={target} />
                      {anyArguments && <strong> with any arguments</strong>}
                      {conditions.length > 0 && (
                        <>
                          {anyArguments && "; these conditions restrict nothing:"}
                          <ul>
                            {conditions.map((condition) => (
                              <li key={condition}>
                                only where <code>{condition}</code>
                              </li>
                            ))}
                          </ul>
                        </>
                      )}
                    </li>
                  );
                })}
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
          {actions.length === 0 ? (
            <>
              {budgets.every(({ recipients }) => recipients !== "anyone") && (
                <li>{budgets.length === 0 ? "pay anyone" : "pay anyone who is not listed"}</li>
              )}
              <li>move other tokens or NFTs</li>
              <li>approve anyone{budgets.some(({ approval }) => approval) && " else"} to pull money later</li>
              <li>call other contracts</li>
            </>
          ) : (
            <li>make calls that are not listed</li>
          )}
          <li>change these limits, the end, or who owns the account</li>
        </ul>
        <p className="quiet small">The chain enforces this. You can stop it at any time under Manage.</p>
      </Card>
      {notEnforced.length > 0 && (
        <Card title="Not limited by the chain">
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
