import type { SessionReview } from "@latchkey/sdk/review";
import type { Address } from "viem";
import { AddressText } from "../ui/AddressText.tsx";
import { Notice } from "../ui/Notice.tsx";
import { lookAlikes } from "./lookAlikes.ts";

/** Warns of look-alike addresses, among those in the review and the user's own accounts. */
export function LookAlikeNotice({
  review,
  account,
  others,
}: {
  review: SessionReview;
  account: Address | undefined;
  others: readonly Address[];
}) {
  const pairs = lookAlikes([
    ...(account ? [account] : []),
    ...others,
    review.key,
    ...review.budgets.flatMap(({ token, recipients }) => [
      token,
      ...(recipients === "anyone" ? [] : recipients),
    ]),
    ...review.actions.map(({ target }) => target),
  ]);
  if (pairs.length === 0) return null;
  return (
    <Notice tone="strong" title="Some addresses look alike but are different.">
      <p>One may be meant to be mistaken for the other. Compare every character:</p>
      <ul>
        {pairs.map(([one, other]) => (
          <li key={`${one}${other}`}>
            <AddressText address={one} />
            <br />
            <AddressText address={other} />
          </li>
        ))}
      </ul>
    </Notice>
  );
}
