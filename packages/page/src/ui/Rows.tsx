import type { ReactNode } from "react";

/** A description list of {@link Row}s. */
export const Rows = ({ children }: { children: ReactNode }) => <dl className="rows">{children}</dl>;

/**
 * One of {@link Rows}, always fully visible.
 *
 * @param props.amount Emphasise its first line, an amount.
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
