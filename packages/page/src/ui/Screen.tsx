import { type ReactNode, useEffect, useRef } from "react";

/**
 * A screen. Its h1 takes the focus when the screen opens or its `name` changes, so that screen readers announce it and
 * keyboard navigation starts at the top.
 *
 * @param props.title Content of the h1.
 * @param props.name The document's title, in plain text; also identifies the screen.
 * @param props.lead Shown right below the h1.
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
    // A screen that only covered another one leaves that one's title.
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
