import type { ReactNode } from "react";
import { Mark } from "./Mark.tsx";
import { useReveal } from "./useReveal.ts";

/**
 * Something failed: said at once to screen readers, and brought into sight. What happened is the title; what to do stands below.
 *
 * @param props.title One sentence: what happened, and whether anything was changed by it.
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
