import type { HandoffRequest } from "@latchkey/sdk/handoff";
import type { ReactNode } from "react";
import { isAddressEqual } from "viem";
import type { ReviewOutcome } from "../review/ReviewScreen.tsx";
import { AddressText } from "../ui/AddressText.tsx";
import { Card } from "../ui/Card.tsx";
import { ClaimedText } from "../ui/ClaimedText.tsx";
import { Moment } from "../ui/Moment.tsx";
import { momentText } from "../ui/momentText.ts";
import { Screen } from "../ui/Screen.tsx";
import { FailureNotice } from "../wording/FailureNotice.tsx";
import { answerText } from "./answerText.ts";
import { HandBack } from "./HandBack.tsx";

/** Shown after the tap: until when it is allowed, how the agent gets the response, and what to do next. */
export function DoneScreen({
  request,
  outcome,
  chain,
}: {
  request: HandoffRequest;
  outcome: Extract<ReviewOutcome, { status: "granted" }>;
  chain: string;
}): ReactNode {
  const { tapped, unsaved, isAgain } = outcome;
  const { account, validUntil } = tapped.grant.session;
  const [first] = tapped.transactions;
  const isStandard = request.answer === "erc7715";
  // A transaction to a contract other than the account is the one that creates it.
  const isNew = first !== undefined && !isAddressEqual(first.to, account);
  return (
    <Screen
      name={`Allowed until ${momentText(validUntil)}`}
      title={
        <>
          Allowed until <Moment at={validUntil} />
        </>
      }
      lead={
        <p>
          <ClaimedText text={request.name} /> may spend within the limits you reviewed.
        </p>
      }
    >
      {unsaved !== undefined && <FailureNotice error={unsaved} />}
      <HandBack text={answerText(request, tapped)} callback={request.callback} />
      <Card title={isNew && !isAgain ? "Your new account" : "Your account"}>
        <p>
          <AddressText address={account} /> on {chain}
        </p>
        {isNew && !isAgain && (
          <p className="quiet small">
            It holds no money yet. Send it the funds your agent may spend.
            {!isStandard && " Your agent creates the account with its first transaction."} The address is
            already yours.
          </p>
        )}
        {first && !isNew && !isAgain && !isStandard && (
          <p className="quiet small">
            Your agent sends the transaction you signed. It can spend once the transaction is mined.
          </p>
        )}
        {first && isStandard && (
          <p className="quiet small">
            Your agent can spend once the transactions in <code>dependencies</code> of the response are mined.
            Anyone can send them.
          </p>
        )}
      </Card>
      <p>
        <a href="#manage">See what it spends and stop it at any time</a>
      </p>
    </Screen>
  );
}
