import type { ReactNode } from "react";
import { Mark } from "./Mark.tsx";
import { useReveal } from "./useReveal.ts";

/**
 * A failure: announced immediately to screen readers and scrolled into view. The title says what happened; what to do
 * is below.
 *
 * @param props.title One sentence: what happened, and whether anything changed.
 */
export function Alert({ title, children }: { title: string; children?: ReactNode }) {
  const shown = useReveal<HTMLDivElement>(title);
  return (
    <div className="alert" role="alert" ref={shown}>
      <Mark name="stop" className="alert__mark" />
      <div className="alert__body">
        <p className="alert__title">{title}</p>
        {children}
      </div>
    </div>
  );
}
