import { type ReactNode, useId } from "react";

/**
 * A group of related content, labelled by its heading.
 *
 * @param props.title The heading's content.
 * @param props.beside Shown on the heading's line, for example a state.
 * @param props.level 2 for a section of the screen, 3 within an h2.
 * @param props.plain Without background and shadow.
 */
export function Card({
  title,
  beside,
  level = 2,
  plain = false,
  children,
}: {
  title: ReactNode;
  beside?: ReactNode;
  level?: 2 | 3;
  plain?: boolean;
  children: ReactNode;
}) {
  const id = useId();
  const Heading = level === 2 ? "h2" : "h3";
  return (
    <section className={plain ? "card card--plain" : "card"} aria-labelledby={id}>
      <div className="card__head">
        <Heading id={id}>{title}</Heading>
        {beside}
      </div>
      {children}
    </section>
  );
}
