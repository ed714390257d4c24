import { ANYONE, type Session } from "@latchkey/sdk";
import type { SessionReview } from "@latchkey/sdk/review";
import type { ReactNode } from "react";
import { type Address, isAddressEqual } from "viem";
import { AddressText } from "../ui/AddressText.tsx";
import { Card } from "../ui/Card.tsx";
import { Moment } from "../ui/Moment.tsx";
import { Notice } from "../ui/Notice.tsx";
import { amountWords } from "./amountWords.ts";
import { periodWords } from "./periodWords.ts";
import type { Replaced } from "./readReplaced.ts";

/**
 * What becomes different if a permission replaces another: each changed value, old and new. The new one is shown in full
 * besides.
 *
 * @param props.session As it will be signed.
 * @param props.review Of that session.
 */
export function ReplacedCard({
  replaced: { old, standing },
  session,
  review,
}: {
  replaced: Replaced;
  session: Session;
  review: SessionReview;
}): ReactNode {
  if (standing === "over" || standing === "unknown")
    return (
      <Notice tone="warn" title="Its present limits cannot be compared.">
        <p>
          {standing === "over"
            ? "The permission that this would replace has already ended."
            : "The chain does not know the permission that this would replace."}{" "}
          Review this as a new permission.
        </p>
      </Notice>
    );
  const changes = changesOf(old.session, session, review);
  return (
    <Card title="What changes">
      <ul>
        {changes.map((change, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rendered from one session
          <li key={index}>{change}</li>
        ))}
        {standing === "paused" && <li>You have paused it. The new permission is not paused.</li>}
        <li>{changes.length > 0 ? "Everything else stays as it is." : "No limit changes."}</li>
      </ul>
      <p className="quiet small">
        The old permission ends in the same tap, and spending is counted from zero again. If the agent pays
        before that, nothing changes.
      </p>
    </Card>
  );
}

const Payee = ({ address }: { address: Address }) =>
  isAddressEqual(address, ANYONE) ? <strong>anyone</strong> : <AddressText address={address} />;

const includes = (list: readonly Address[], one: Address) => list.some((other) => isAddressEqual(other, one));
const isSame = (one: unknown, other: unknown) => text(one) === text(other);
const text = (value: unknown) =>
  JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${one}` : one));

function changesOf(present: Session, session: Session, review: SessionReview): ReactNode[] {
  const changes: ReactNode[] = [];
  const compare = (what: string, before: ReactNode, after: ReactNode) =>
    changes.push(
      <>
        {what} {before} → <strong>{after}</strong>
      </>,
    );
  for (const facts of review.budgets) {
    const budget = session.budgets.find(({ token }) => isAddressEqual(token, facts.token));
    const former = present.budgets.find(({ token }) => isAddressEqual(token, facts.token));
    const unit = <bdi>{facts.symbol}</bdi>;
    if (!budget) continue;
    if (!former) {
      changes.push(<>It may also spend {unit}.</>);
      continue;
    }
    const words = (amount: bigint) => amountWords(amount, facts).main;
    const perPeriod = ({ validAfter, validUntil }: Session, { perPeriod: amount, period }: typeof budget) =>
      `${words(amount)} ${periodWords(period, validUntil - validAfter).every}`;
    if (former.perTransaction !== budget.perTransaction)
      compare("Each payment:", words(former.perTransaction), words(budget.perTransaction));
    const periods = [perPeriod(present, former), perPeriod(session, budget)] as const;
    if (periods[0] !== periods[1]) compare("At most", ...periods);
    for (const one of budget.recipients)
      if (!includes(former.recipients, one))
        changes.push(
          <>
            Also to <Payee address={one} />
          </>,
        );
    for (const one of former.recipients)
      if (!includes(budget.recipients, one))
        changes.push(
          <>
            No longer to <Payee address={one} />
          </>,
        );
    if (
      former.signatures !== budget.signatures ||
      !isSame([former.initial, former.perSecond], [budget.initial, budget.perSecond])
    )
      changes.push(<>How it pays with {unit}.</>);
  }
  for (const { token } of present.budgets)
    if (!session.budgets.some((budget) => isAddressEqual(budget.token, token)))
      changes.push(
        <>
          No longer the token <AddressText address={token} />
        </>,
      );
  if (!isSame(present.actions, session.actions)) changes.push("Which calls it can make.");
  if (!isSame([present.gasAllowance, present.paymaster], [session.gasAllowance, session.paymaster]))
    changes.push("What it may spend on gas.");
  if (present.validUntil !== session.validUntil)
    compare("Ends", <Moment at={present.validUntil} />, <Moment at={session.validUntil} />);
  return changes;
}
