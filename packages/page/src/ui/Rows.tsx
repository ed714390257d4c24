import type { ReactNode } from "react";

/** Terms and what they are: a list of {@link Row}s. */
export const Rows = ({ children }: { children: ReactNode }) => <dl className="rows">{children}</dl>;

/**
 * One of {@link Rows}: nothing of it is hidden behind a click.
 *
 * @param props.amount Its first line is an amount and stands out.
 */
export const Row = ({
  term,
  amount = false,
  children,
}: {
  term: ReactNode;
  amount?: boolean;
  children: ReactNode;
}) => (
  <div className={amount ? "row row--amount" : "row"}>
    <dt>{term}</dt>
    <dd>{children}</dd>
  </div>
);
