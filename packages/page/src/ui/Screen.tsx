import { type ReactNode, useEffect, useRef } from "react";

/**
 * One screen: its h1, which takes the focus when the screen opens or its `name` changes, so that a screen reader says where
 * it is, and the keyboard begins at the top.
 *
 * @param props.title What stands in the h1.
 * @param props.name The document's title, in plain text; also tells screens apart.
 * @param props.lead What stands right below the h1.
 */
export function Screen({
  title,
  name,
  lead,
  children,
}: {
  title: ReactNode;
  name: string;
  lead?: ReactNode;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.title;
    document.title = `${name} · Latchkey`;
    heading.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    // A screen that only stood before another one leaves that one's title.
    return () => {
      document.title = before;
    };
  }, [name]);
  return (
    <main className="screen">
      <div className="screen__head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {lead}
      </div>
      {children}
    </main>
  );
}
